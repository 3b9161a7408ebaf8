import { z } from 'zod'
import { shownId, shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import { publicId } from '../model/id.ts'
import type { ItemRow, ListingRow } from './read.ts'

export const shownItem = z.object({ id: shownId, sku: z.string(), title: z.string(), createdAt: shownTime })

export const showItem = (row: ItemRow): z.infer<typeof shownItem> => ({
  id: publicId('item', row.itemId),
  sku: row.sku,
  title: row.title,
  createdAt: showTime(row.createdAt),
})

export const shownListing = z.object({
  id: shownId,
  connection: shownId,
  externalId: z.string(),
  sku: z.string().nullable(),
  title: z.string(),
  /** False until the shop's own listing was read: nothing can be pushed to it. */
  known: z.boolean(),
  tracked: z.boolean(),
  components: z.array(z.object({ item: shownId, sku: z.string(), quantity: z.int(), source: z.string() })),
  push: z
    .object({
      behind: z.boolean(),
      shows: z.int().nullable(),
      confirmedAt: shownTime.nullable(),
      error: z.string().nullable(),
    })
    .nullable(),
})

export const showListing = (row: ListingRow): z.infer<typeof shownListing> => ({
  id: publicId('listing', row.listingId),
  connection: publicId('connection', row.connectionId),
  externalId: row.externalId,
  sku: row.channelSku,
  title: row.title,
  known: row.publishTarget !== null,
  tracked: row.tracked,
  components: (row.components ?? []).map((part) => ({
    item: publicId('item', part.itemId),
    sku: part.sku,
    quantity: part.qtyPer,
    source: part.source,
  })),
  push:
    row.desiredVersion === null || row.confirmedVersion === null
      ? null
      : {
          behind: row.desiredVersion > row.confirmedVersion,
          shows: row.confirmedQty,
          confirmedAt: showTimeOrNull(row.confirmedAt),
          error: row.error,
        },
})
