import { z } from 'zod'
import { showMoney, shownId, shownMoney, shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import { publicId } from '../model/id.ts'
import { cancelReasons, cancelTells } from './order-halts.ts'
import type { OrderLineRow, OrderRow, PersonRow } from './read.ts'
import { standings } from './standing.ts'

const units = z.object({
  wanted: z.int(),
  unmapped: z.int(),
  short: z.int(),
  reserved: z.int(),
  handedOff: z.int(),
  shipped: z.int(),
})

export const shownOrder = z.object({
  id: shownId,
  number: z.string(),
  externalId: z.string(),
  connection: shownId,
  platform: z.string().nullable(),
  account: z.string().nullable(),
  stage: z.string(),
  standing: z.enum(standings).describe('Where it stands for a person: one of eight, the first that fits.'),
  problem: z
    .object({ kind: z.string(), detail: z.record(z.string(), z.unknown()) })
    .nullable()
    .describe('Its newest open exception.'),
  placedAt: shownTime,
  importedAt: shownTime,
  changedAt: shownTime,
  cancelledAt: shownTime.nullable(),
  total: shownMoney,
  shopTotal: shownMoney,
  refunded: shownMoney,
  moneyDelta: shownMoney.describe('Total minus the sum of its parts. Not zero: flagged, never mended.'),
  isTest: z.boolean(),
  hold: z.string().nullable().describe('Why its channel holds it.'),
  held: z
    .object({
      reason: z.string(),
      since: shownTime,
      until: shownTime.nullable().describe('Null: until a person lets it go.'),
    })
    .nullable()
    .describe('Held here by a person.'),
  cancel: z
    .object({
      state: z
        .enum(['asked', 'telling', 'too_late', 'refused'])
        .describe('asked: a partner has it. telling: the channel is told. It is cancelled when cancelledAt says so.'),
      reason: z.enum(cancelReasons).nullable(),
      tell: z.enum(cancelTells).nullable(),
      askedAt: shownTime.nullable(),
      answeredAt: shownTime.nullable().describe('When this state was reached, if a far side answered.'),
    })
    .nullable()
    .describe('A person wants it cancelled.'),
  remoteStatus: z.string(),
  shippingService: z.string().nullable(),
  units: units.describe("wanted and unmapped count lines' units, the others count stock units"),
})

export const showOrder = (row: OrderRow): z.infer<typeof shownOrder> => ({
  id: publicId('order', row.orderId),
  number: row.number,
  externalId: row.externalId,
  connection: publicId('connection', row.connectionId),
  platform: row.platform,
  account: row.accountName,
  stage: row.stage,
  standing: row.standing,
  problem: row.problemKind === null ? null : { kind: row.problemKind, detail: { ...row.problemDetail } },
  placedAt: showTime(row.placedAt),
  importedAt: showTime(row.importedAt),
  changedAt: showTime(row.changedAt),
  cancelledAt: showTimeOrNull(row.cancelledAt),
  total: showMoney(row.totalMinor, row.currency),
  shopTotal: showMoney(row.shopTotalMinor, row.shopCurrency),
  refunded: showMoney(row.refundedMinor, row.currency),
  moneyDelta: showMoney(row.moneyDeltaMinor, row.currency),
  isTest: row.isTest,
  hold: row.hold,
  held:
    row.heldAt === null
      ? null
      : { reason: row.heldReason ?? '', since: showTime(row.heldAt), until: showTimeOrNull(row.heldUntil) },
  cancel:
    row.cancelState === null
      ? null
      : {
          state: row.cancelState,
          reason: row.cancelReason,
          tell: row.cancelTell,
          askedAt: showTimeOrNull(row.cancelAskedAt),
          answeredAt: showTimeOrNull(row.cancelAnsweredAt),
        },
  remoteStatus: row.remoteStatus,
  shippingService: row.shippingService,
  units: {
    wanted: row.wanted,
    unmapped: row.unmapped,
    short: row.short,
    reserved: row.reserved,
    handedOff: row.handed,
    shipped: row.shipped,
  },
})

export const shownLine = z.object({
  ref: z.string(),
  listing: shownId.nullable(),
  sku: z.string().nullable(),
  title: z.string(),
  ordered: z.int(),
  cancelled: z.int(),
  physical: z.boolean(),
  total: shownMoney,
  unitPrice: z.string().nullable(),
  components: z.array(
    z.object({
      item: shownId,
      sku: z.string(),
      need: z.int(),
      short: z.int(),
      excess: z.int(),
      reserved: z.int(),
      handedOff: z.int(),
      shipped: z.int(),
    }),
  ),
})

export const showLine =
  (currency: string) =>
  (row: OrderLineRow): z.infer<typeof shownLine> => ({
    ref: row.ref,
    listing: row.listingId === null ? null : publicId('listing', row.listingId),
    sku: row.sku,
    title: row.title,
    ordered: row.ordered,
    cancelled: row.cancelled,
    physical: row.physical,
    total: showMoney(row.totalMinor, currency),
    unitPrice: row.unitPrice,
    components: (row.components ?? []).map(({ itemId, handed, ...part }) => ({
      ...part,
      item: publicId('item', itemId),
      handedOff: handed,
    })),
  })

export const shownPerson = z.object({
  role: z.string(),
  data: z.record(z.string(), z.unknown()).nullable(),
  erasedAt: shownTime.nullable(),
})
export const showPerson = (row: PersonRow): z.infer<typeof shownPerson> => ({
  role: row.role,
  data: row.data === null ? null : { ...row.data },
  erasedAt: showTimeOrNull(row.erasedAt),
})
