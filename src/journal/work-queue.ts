import { idBefore } from '../platform/db/purge.ts'
import type { Tx } from '../platform/db/tx.ts'

/** Several exceptions, or held orders, with one cause: what is mended once for all of them. */
export interface WorkGroup {
  /** An exception's kind, or `held_here` and `held_by_channel` for orders that wait for a person's word. */
  readonly kind: string
  readonly cause: WorkCause | null
  /** How many things wait: exceptions, or held orders. */
  readonly things: number
  readonly orders: number
  /** Of the orders that wait, each order once. */
  readonly money: readonly { readonly currency: string; readonly minor: bigint }[]
  readonly oldestAt: Date
  /** The first instant by which it must be done, where one is known. */
  readonly dueAt: string | null
  /** The newest one, for the words. */
  readonly sample: {
    readonly detail: Readonly<Record<string, unknown>>
    readonly orderId: string | null
    readonly orderNumber: string | null
  }
}
export interface WorkCause {
  readonly kind: 'listing' | 'item' | 'connection' | 'hold'
  /** Null: it has no row of its own, as a SKU that no item has. */
  readonly id: string | null
  readonly name: string | null
}
interface WorkRow {
  readonly kind: string
  readonly detail: Readonly<Record<string, unknown>>
  readonly at: Date
  readonly orderId: string | null
  readonly orderNumber: string | null
  readonly currency: string | null
  readonly minor: bigint | null
  readonly causeKind: WorkCause['kind'] | null
  readonly causeId: string | null
  readonly causeName: string | null
}

/** So many open things are looked at; a merchant with more has one cause for most of them. */
const looksMax = 1_000
/** Among so many of the newest orders those are looked for that their channel holds. */
const heldLooksMax = 2_000

/** What stands behind one exception: the SKU that is sold and not mapped, the item that lacks, the far side that answered. */
const causes = `cross join lateral (
    select 1 as place, 'listing' as kind, null::uuid as id, coalesce(e.detail -> 'lines' -> 0 ->> 'sku', e.detail -> 'lines' -> 0 ->> 'title') as name
      where e.kind = 'unmapped_sku'
    union all
    (select 2, 'item', i.item_id, i.sku from order_line_component c join item i on i.merchant_id = c.merchant_id and i.item_id = c.item_id
      where e.kind = 'short' and c.merchant_id = $1 and c.order_id = e.subject_id and c.short > 0 order by c.short desc, i.sku limit 1)
    union all
    select 3, 'item', i.item_id, i.sku from item i where e.subject_kind = 'level' and i.merchant_id = $1 and i.item_id = e.subject_id
    union all
    select 4, 'connection', c.connection_id, c.label from connection c
      where e.kind not in ('unmapped_sku', 'short', 'money_mismatch') and c.merchant_id = $1 and c.connection_id = case e.subject_kind
        when 'connection' then e.subject_id
        when 'file' then (select f.connection_id from partner_file f where f.merchant_id = $1 and f.file_id = e.subject_id)
        when 'message' then (select m.connection_id from inbox_message m where m.merchant_id = $1 and m.message_id = e.subject_id)
        when 'order' then coalesce(
          (select f.connection_id from fulfillment_order f where f.merchant_id = $1 and f.request_number = e.detail ->> 'request'), o.connection_id) end
    union all select 5, null, null, null
    order by 1 limit 1) k`

const openExceptions = `select e.kind, e.detail, e.raised_at as at, o.order_id as "orderId", o.external_number as "orderNumber", o.currency, o.total_minor as minor,
    k.kind as "causeKind", k.id as "causeId", k.name as "causeName"
  from (select * from exception where merchant_id = $1 and resolved_at is null limit ${looksMax + 1}) e
  left join lateral (select * from orders o where e.subject_kind = 'order' and o.merchant_id = $1 and o.order_id = e.subject_id offset 0) o on true
  ${causes}`

/** Held orders that no exception speaks for. Their reason is the cause: ours in words, the channel's by its name. */
const heldOrders = `select h.kind, '{}'::jsonb as detail, h.at, o.order_id as "orderId", o.external_number as "orderNumber", o.currency, o.total_minor as minor,
    'hold' as "causeKind", null::uuid as "causeId", h.reason as "causeName"
  from (
    (select 'held_here' as kind, order_id, held_at as at, held_reason as reason from order_halt
      where merchant_id = $1 and held_at is not null and held_until is null limit ${looksMax})
    union all
    select 'held_by_channel', t.order_id, t.changed_at, t.hold from (
      select * from orders where merchant_id = $1 order by placed_at desc nulls last, order_id desc nulls last limit ${heldLooksMax}) t
    where t.hold in ('on_hold', 'fraud_review') and t.cancelled_at is null) h
  cross join lateral (select * from orders o where o.merchant_id = $1 and o.order_id = h.order_id and o.cancelled_at is null offset 0) o
  cross join lateral (select stage from order_stage s where s.merchant_id = $1 and s.order_id = h.order_id offset 0) s
  cross join lateral (select count(*) as n from exception x where x.merchant_id = $1 and x.subject_id = h.order_id and x.resolved_at is null) x
  where s.stage = 'on_hold' and x.n = 0`

export interface WorkQueue {
  readonly groups: readonly WorkGroup[]
  /** More is open than was looked at. */
  readonly more: boolean
}

/** What waits for a person, one entry for each cause: what is due first, then what most orders wait for. */
export async function readWorkQueue(tx: Tx): Promise<WorkQueue> {
  const open = await tx.rows<WorkRow & object>(openExceptions, [tx.merchantId])
  const held = await tx.rows<WorkRow & object>(heldOrders, [tx.merchantId])
  const rows = [...open.slice(0, looksMax), ...held]
  const groups = [
    ...Map.groupBy(rows, (row) => JSON.stringify([row.kind, row.causeKind, row.causeId ?? row.causeName])),
  ]
  return { groups: groups.map(([, some]) => groupOf(some)).sort(firstFirst), more: open.length > looksMax }
}

const dueOf = (row: WorkRow) => (typeof row.detail.dueAt === 'string' ? [row.detail.dueAt] : [])

function groupOf(some: readonly WorkRow[]): WorkGroup {
  const rows = [...some].sort((a, b) => b.at.getTime() - a.at.getTime())
  const [newest] = rows
  const orders = new Map(rows.flatMap((row) => (row.orderId === null ? [] : [[row.orderId, row] as const])))
  const money = new Map<string, bigint>()
  for (const { currency, minor } of orders.values())
    if (currency !== null && minor !== null) money.set(currency, (money.get(currency) ?? 0n) + minor)
  return {
    kind: newest?.kind ?? '',
    cause: newest?.causeKind ? { kind: newest.causeKind, id: newest.causeId, name: newest.causeName } : null,
    things: rows.length,
    orders: orders.size,
    money: [...money].map(([currency, minor]) => ({ currency, minor })),
    oldestAt: rows.at(-1)?.at ?? new Date(0),
    dueAt: rows.flatMap(dueOf).sort()[0] ?? null,
    sample: {
      detail: newest?.detail ?? {},
      orderId: newest?.orderId ?? null,
      orderNumber: newest?.orderNumber ?? null,
    },
  }
}

/** Without a deadline comes after every deadline. */
const firstFirst = (a: WorkGroup, b: WorkGroup): number =>
  (a.dueAt ?? '9999').localeCompare(b.dueAt ?? '9999') ||
  b.orders - a.orders ||
  a.oldestAt.getTime() - b.oldestAt.getTime()

export interface ConfirmedToday {
  readonly count: number
  readonly lastAt: Date | null
  /** There may be more: only so many of the newest were looked at. */
  readonly more: boolean
  /** When the merchant's day began. */
  readonly dayStart: Date
}

const confirmedLooksMax = 5_000

/** How many parcels their channels have shown as shipped since the merchant's day began. */
export async function confirmedToday(tx: Tx): Promise<ConfirmedToday> {
  const [row] = await tx.rows<ConfirmedToday & object>(
    `with day as materialized (
       select date_trunc('day', now() at time zone m.time_zone) at time zone m.time_zone as start from merchant m where m.merchant_id = $1
     ), newest as materialized (
       select kind, state, settled_at from effect where merchant_id = $1 and effect_id >= ${idBefore('7')}
       order by effect_id desc limit ${confirmedLooksMax}
     )
     select count(n.settled_at)::int as count, max(n.settled_at) as "lastAt", day.start as "dayStart", (select count(*) = ${confirmedLooksMax} from newest) as more
     from day left join newest n on n.kind = 'shipped' and n.state = 'confirmed' and n.settled_at >= day.start group by day.start`,
    [tx.merchantId],
  )
  return row ?? { count: 0, lastAt: null, more: false, dayStart: new Date(0) }
}
