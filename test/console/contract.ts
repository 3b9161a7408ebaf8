/** The console's own types against the routes' schemas: a field that one of them does not know fails `tsc`. */
import type { z } from 'zod'
import type { shownItem, shownListing } from '../../src/catalog/shown.ts'
import type { shownConnection } from '../../src/connections/shown.ts'
import type { Channel } from '../../src/console/api/channel-types.ts'
import type * as seen from '../../src/console/api/types.ts'
import type { shownRequest, shownShipment } from '../../src/fulfillment/read.ts'
import type { shownLevel } from '../../src/inventory/read.ts'
import type { shownEvent, shownException } from '../../src/journal/read.ts'
import type { shownGroup } from '../../src/journal/today-route.ts'
import type { shownLine, shownOrder, shownPerson } from '../../src/orders/shown.ts'

type Answers<Schema extends z.ZodType, Seen> = z.output<Schema> extends Seen ? true : false

export const contract: {
  readonly order: Answers<typeof shownOrder, seen.Order>
  readonly line: Answers<typeof shownLine, seen.OrderLine>
  readonly person: Answers<typeof shownPerson, seen.Person>
  readonly request: Answers<typeof shownRequest, seen.FulfillmentOrder>
  readonly shipment: Answers<typeof shownShipment, seen.Shipment>
  readonly exception: Answers<typeof shownException, seen.Exception>
  readonly group: Answers<typeof shownGroup, seen.WorkGroup>
  readonly event: Answers<typeof shownEvent, seen.TimelineEvent>
  readonly item: Answers<typeof shownItem, seen.Item>
  readonly listing: Answers<typeof shownListing, seen.Listing>
  readonly level: Answers<typeof shownLevel, seen.Level>
  readonly channel: Answers<typeof shownConnection, Channel>
} = {
  ...{ order: true, line: true, person: true, request: true, shipment: true },
  ...{ exception: true, group: true, event: true, item: true, listing: true, level: true, channel: true },
}
