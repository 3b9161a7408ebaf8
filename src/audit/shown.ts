import { type Noun, publicId } from '../model/id.ts'
import type { Found } from './run-audits.ts'

const nouns: Readonly<Record<string, Noun>> = {
  order_id: 'order',
  item_id: 'item',
  listing_id: 'listing',
  location_id: 'location',
  connection_id: 'connection',
  fulfillment_order_id: 'fulfillmentOrder',
  shipment_id: 'shipment',
  message_id: 'message',
  effect_id: 'effect',
  exception_id: 'exception',
  file_id: 'file',
  entry_id: 'auditEntry',
}

/** Ids as people know them. */
export const showRow = (row: Found): Record<string, string> =>
  Object.fromEntries(
    Object.entries(row).map(([column, id]) => {
      const noun = nouns[column]
      return [column, noun === undefined ? id : publicId(noun, id)]
    }),
  )
