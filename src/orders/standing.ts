import { conditions } from '../api/page.ts'
import type { Tx } from '../platform/db/tx.ts'

/** Where an order stands for the person who looks after it: exactly one of these, the first that fits. */
export const standings = [
  'cancelled',
  'needs_you',
  'waiting',
  'to_send',
  'at_warehouse',
  'part_shipped',
  'confirming',
  'done',
] as const
export type Standing = (typeof standings)[number]

/** Holds that end by themselves, or are not ours to end. */
const waits = `'awaiting_payment', 'channel_fulfilled'`

/**
 * Of an order `t` with its stage `s`: its newest open exception `x`, what a person wants of it `z`, and where it stands,
 * `w`. The one place that decides.
 */
export const standingJoins = `left join lateral (
    select kind, detail from exception x where x.merchant_id = $1 and x.subject_id = t.order_id and x.resolved_at is null
    order by x.raised_at desc, x.exception_id limit 1) x on true
  left join lateral (select *, z.held_until is not null or coalesce(z.cancel_state, '') in ('asked', 'telling') as waits
    from order_halt z where z.merchant_id = $1 and z.order_id = t.order_id offset 0) z on true
  cross join lateral (select case
    when s.stage = 'cancelled' then 'cancelled'
    when x.kind is not null or s.stage = 'unmapped' or (s.stage = 'on_hold' and case
      when t.hold is null then not coalesce(z.waits, false) else t.hold not in (${waits}) end) then 'needs_you'
    when s.stage in ('received', 'on_hold', 'short') then 'waiting'
    when t.watched and s.stage in ('ready', 'partially_shipped') then 'waiting'
    when s.stage = 'ready' then 'to_send'
    when s.stage = 'in_fulfillment' then 'at_warehouse'
    when s.stage = 'partially_shipped' then 'part_shipped'
    when exists (
      select 1 from shipment p
      cross join lateral (select 1 from effect e where e.merchant_id = $1 and e.subject_id = p.shipment_id and e.kind = 'shipped'
        and e.state in ('pending', 'sending', 'unknown', 'accepted') offset 0) e
      where p.merchant_id = $1 and p.order_id = t.order_id) then 'confirming'
    else 'done' end as standing) w`

export interface StandingsAsked {
  readonly connection?: string | undefined
  readonly placedFrom?: string | undefined
  readonly placedBefore?: string | undefined
}
export interface StandingCounts {
  /** How many orders were looked at: the newest of those asked for. */
  readonly looked: number
  /** Older orders are there that were not looked at. */
  readonly more: boolean
  readonly counts: Readonly<Record<Standing, number>>
}

/** A standing is worked out for each order, some 100 µs: so many of the newest are counted, and the answer says so. */
const looksMax = 2_000

/** How many orders stand where. Each order counts once, so the counts add up to those that were looked at. */
export async function countStandings(tx: Tx, asked: StandingsAsked): Promise<StandingCounts> {
  const where = conditions(tx.merchantId)
  where.narrow('t.placed_at >= ?::timestamptz', asked.placedFrom)
  where.narrow('t.placed_at < ?::timestamptz', asked.placedBefore)
  where.narrow(
    't.account_id = (select c.account_id from connection c where c.merchant_id = $1 and c.connection_id = ?)',
    asked.connection,
  )
  const newest = ['t.merchant_id = $1', ...where.where].join(' and ')
  const rows = await tx.rows<{ standing: Standing; n: number; beyond: boolean }>(
    `with newest as materialized (
       select t.*, row_number() over (order by t.placed_at desc nulls last, t.order_id desc nulls last) as place from orders t
       where ${newest} order by t.placed_at desc nulls last, t.order_id desc nulls last limit ${looksMax + 1})
     select w.standing, count(*)::int as n, (select count(*) > ${looksMax} from newest) as beyond
     from (select * from newest where place <= ${looksMax}) t
     cross join lateral (select * from order_stage s where s.merchant_id = $1 and s.order_id = t.order_id offset 0) s
     ${standingJoins} group by w.standing`,
    where.params,
  )
  const found = new Map(rows.map(({ standing, n }) => [standing, n]))
  const of = (standing: Standing) => found.get(standing) ?? 0
  return {
    looked: rows.reduce((sum, { n }) => sum + n, 0),
    more: rows[0]?.beyond ?? false,
    counts: {
      cancelled: of('cancelled'),
      needs_you: of('needs_you'),
      waiting: of('waiting'),
      to_send: of('to_send'),
      at_warehouse: of('at_warehouse'),
      part_shipped: of('part_shipped'),
      confirming: of('confirming'),
      done: of('done'),
    },
  }
}
