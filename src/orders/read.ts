import type { Tx } from '../platform/db/tx.ts'
import type { CancelReason, CancelTell } from './order-halts.ts'
import { type Standing, standingJoins } from './standing.ts'

export const stages = [
  'received',
  'on_hold',
  'unmapped',
  'short',
  'ready',
  'in_fulfillment',
  'partially_shipped',
  'shipped',
  'cancelled',
] as const

/** SQL: nothing more is to happen to this order, and no partner has anything of it in hand. `$1` is the merchant. */
export const isOver = (order: string): string =>
  `(select stands.stage in ('shipped', 'cancelled') from order_stage stands where stands.merchant_id = $1 and stands.order_id = ${order})
   and not exists (select 1 from fulfillment_order asked where asked.merchant_id = $1 and asked.order_id = ${order}
     and (asked.status in ('open', 'in_progress') or asked.request_status = 'cancellation_requested'))`

export interface OrderRow {
  readonly orderId: string
  readonly connectionId: string
  readonly platform: string
  readonly accountName: string
  readonly externalId: string
  readonly number: string
  readonly placedAt: Date
  readonly importedAt: Date
  readonly changedAt: Date
  readonly cancelledAt: Date | null
  readonly currency: string
  readonly totalMinor: bigint
  readonly shopCurrency: string
  readonly shopTotalMinor: bigint
  readonly refundedMinor: bigint
  readonly moneyDeltaMinor: bigint
  readonly isTest: boolean
  readonly hold: string | null
  readonly remoteStatus: string
  readonly shippingService: string | null
  /** Held by a person here, whatever the channel says. */
  readonly heldAt: Date | null
  readonly heldReason: string | null
  readonly heldUntil: Date | null
  readonly cancelState: 'asked' | 'telling' | 'too_late' | 'refused' | null
  readonly cancelReason: CancelReason | null
  readonly cancelTell: CancelTell | null
  readonly cancelAskedAt: Date | null
  readonly cancelAnsweredAt: Date | null
  readonly stage: string
  readonly standing: Standing
  /** Its newest open exception. */
  readonly problemKind: string | null
  readonly problemDetail: Readonly<Record<string, unknown>> | null
  readonly wanted: number
  readonly unmapped: number
  readonly short: number
  readonly reserved: number
  readonly handed: number
  readonly shipped: number
}

/** An order `t` with its account `a`, its stage `s`, which the view order_stage alone decides, and where it stands. */
export const orderColumns = `t.order_id as "orderId", t.connection_id as "connectionId", a.platform, a.name as "accountName", t.external_id as "externalId",
  t.external_number as number, t.placed_at as "placedAt", t.imported_at as "importedAt", t.changed_at as "changedAt", t.cancelled_at as "cancelledAt",
  t.currency, t.total_minor as "totalMinor", t.shop_currency as "shopCurrency", t.shop_total_minor as "shopTotalMinor", t.refunded_minor as "refundedMinor",
  t.money_delta_minor as "moneyDeltaMinor", t.is_test as "isTest", t.hold, t.remote_status as "remoteStatus", t.shipping_service as "shippingService",
  z.held_at as "heldAt", z.held_reason as "heldReason", z.held_until as "heldUntil", z.cancel_state as "cancelState", z.cancel_reason as "cancelReason",
  z.cancel_tell as "cancelTell", z.cancel_asked_at as "cancelAskedAt", z.cancel_answered_at as "cancelAnsweredAt",
  s.stage, w.standing, x.kind as "problemKind", x.detail as "problemDetail", s.wanted, s.unmapped, s.short, s.reserved, s.handed, s.shipped`
export const orderJoins = `left join lateral (select platform, name from channel_account a where a.merchant_id = $1 and a.account_id = t.account_id offset 0) a on true
  cross join lateral (select * from order_stage s where s.merchant_id = $1 and s.order_id = t.order_id offset 0) s
  ${standingJoins}`

export async function readOrder(tx: Tx, orderId: string): Promise<OrderRow | null> {
  const [row] = await tx.rows<OrderRow & object>(
    `select ${orderColumns} from (select * from orders where merchant_id = $1 and order_id = $2) t ${orderJoins}`,
    [tx.merchantId, orderId],
  )
  return row ?? null
}

/** Hash of what was taken in of it. */
export async function readHash(tx: Tx, orderId: string): Promise<string> {
  const [row] = await tx.rows<{ hash: string }>(
    `select encode(content_sha256, 'hex') as hash from orders where merchant_id = $1 and order_id = $2`,
    [tx.merchantId, orderId],
  )
  return row?.hash ?? ''
}

export interface OrderLineRow {
  readonly ref: string
  readonly listingId: string | null
  readonly sku: string | null
  readonly title: string
  readonly ordered: number
  readonly cancelled: number
  readonly physical: boolean
  readonly totalMinor: bigint
  readonly unitPrice: string | null
  readonly components:
    | readonly {
        itemId: string
        sku: string
        need: number
        short: number
        excess: number
        reserved: number
        handed: number
        shipped: number
      }[]
    | null
}

const linesMax = 1_000

/** Lines with what each takes from stock and what became of it. */
export function readLines(tx: Tx, orderId: string): Promise<OrderLineRow[]> {
  return tx.rows<OrderLineRow & object>(
    `select l.external_line_id as ref, l.listing_id as "listingId", l.sku_sold as sku, l.title, l.qty_ordered as ordered, l.qty_cancelled as cancelled,
       l.physical, l.total_minor as "totalMinor", l.unit_price as "unitPrice", c.components
     from order_line l cross join lateral (
       select json_agg(json_build_object('itemId', c.item_id, 'sku', i.sku, 'need', c.need, 'short', c.short, 'excess', c.excess,
         'reserved', r.reserved, 'handed', r.handed, 'shipped', r.consumed) order by i.sku) as components
       from order_line_component c
       join item i on i.merchant_id = c.merchant_id and i.item_id = c.item_id
       cross join lateral (select coalesce(sum(r.reserved), 0) as reserved, coalesce(sum(r.handed), 0) as handed, coalesce(sum(r.consumed), 0) as consumed
         from reservation r where r.merchant_id = $1 and r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id) r
       where c.merchant_id = $1 and c.order_id = l.order_id and c.line_id = l.line_id) c
     where l.merchant_id = $1 and l.order_id = $2 order by l.line_id limit ${linesMax}`,
    [tx.merchantId, orderId],
  )
}

export interface PersonRow {
  readonly role: 'ship_to' | 'bill_to' | 'buyer' | 'note'
  readonly data: Readonly<Record<string, unknown>> | null
  readonly erasedAt: Date | null
}

/** Names and addresses. Only for callers that may see persons. */
export function readPersons(tx: Tx, orderId: string): Promise<PersonRow[]> {
  return tx.rows<PersonRow & object>(
    `select role, data, erased_at as "erasedAt" from order_person where merchant_id = $1 and order_id = $2 order by role`,
    [tx.merchantId, orderId],
  )
}

export interface PersonsOfOrder {
  readonly externalId: string
  readonly number: string
  readonly placedAt: Date
  readonly persons: { readonly role: string; readonly data: Record<string, unknown> }[]
}

/** What is kept of the persons of these orders, by the channel's ids. */
export function personsOfOrders(tx: Tx, accountId: string, refs: readonly string[]): Promise<PersonsOfOrder[]> {
  return tx.rows<PersonsOfOrder & object>(
    `select o.external_id as "externalId", o.external_number as number, o.placed_at as "placedAt", p.persons from unnest($3::text[]) as d(ref)
     cross join lateral (select * from orders o where o.merchant_id = $1 and o.account_id = $2 and o.external_id = d.ref offset 0) o
     cross join lateral (select coalesce(json_agg(json_build_object('role', p.role, 'data', p.data) order by p.role) filter (where p.data is not null), '[]') as persons
       from order_person p where p.merchant_id = $1 and p.order_id = o.order_id) p order by o.placed_at`,
    [tx.merchantId, accountId, refs],
  )
}
