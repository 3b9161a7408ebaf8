import { type Audit, each, page, theComponents } from './audit.ts'

const levels = `from unnest($2::uuid[]) as d(item_id) ${each('inventory_level', 'l', 'item_id = d.item_id')}`
const theReservations = each('reservation', 'r', 'order_id = d.order_id')
const held = `cross join lateral (select coalesce(sum(r.reserved + r.consumed), 0) as held from reservation r where r.merchant_id = $1
  and r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id) h`
const recount = 'Count the item again; if it comes back, report the rows with the log of their time.'

/** Stock: nothing is promised twice, and every number is the sum of what moved it. */
export const stockAudits: readonly Audit[] = [
  {
    id: 'I6',
    name: 'level_law',
    means: 'More is promised or set aside at a place than lies there.',
    mend: recount,
    over: 'items',
    sql: `select l.item_id, l.location_id ${levels}
      where l.reserved < 0 or l.unavailable < 0 or l.denied < 0 or l.reserved + l.unavailable > l.on_hand`,
  },
  {
    id: 'I6',
    name: 'level_reservations',
    means: 'The units reserved at a place are not those that orders hold there.',
    mend: recount,
    over: 'items',
    sql: `select l.item_id, l.location_id ${levels} where l.reserved <> (select coalesce(sum(r.reserved), 0) from reservation r
      where r.merchant_id = $1 and r.item_id = l.item_id and r.location_id = l.location_id and r.reserved > 0)`,
  },
  {
    id: 'I6',
    name: 'level_movements',
    means: 'A level is not the sum of its movements: something changed it past the ledger.',
    mend: recount,
    over: 'items',
    whole: true,
    sql: `select item_id, location_id from (
        select l.item_id, l.location_id, l.on_hand, l.reserved ${levels}
        union all
        select d.item_id, m.location_id, -sum(m.on_hand_delta), -sum(m.reserved_delta) from unnest($2::uuid[]) as d(item_id)
        ${each('inventory_movement', 'm', 'item_id = d.item_id')} group by 1, 2) x
      group by 1, 2 having sum(on_hand) <> 0 or sum(reserved) <> 0`,
  },
  {
    id: 'I6',
    name: 'denied_untold',
    means: 'A count denies units that a partner was promised, and nobody was told.',
    mend: 'Ask the partner what became of them, then count again.',
    over: 'items',
    sql: `select l.item_id, l.location_id ${levels} where l.denied > 0 and not exists (select 1 from exception e
      where e.merchant_id = $1 and e.subject_id = l.item_id and e.dedupe_key = 'count.' || l.item_id || '.' || l.location_id)`,
  },
  {
    id: 'I6',
    name: 'component_law',
    means:
      'What a line needs is not what it holds, has shipped and lacks: need + excess <> short + reserved + consumed.',
    mend: 'Have the order imported again (poll its shop); then see which request or file touched it last.',
    over: 'orders',
    sql: `select c.order_id, c.line_id, c.item_id ${page} ${theComponents} ${held}
      where c.need + c.excess <> c.short + h.held or c.need < 0 or c.short < 0 or c.excess < 0`,
  },
  {
    id: 'I6',
    name: 'reservation_law',
    means: 'An order holds fewer units than a partner was told to ship, or less than nothing.',
    mend: 'Compare the request with the partner, then have the order imported again.',
    over: 'orders',
    sql: `select r.order_id, r.line_id, r.item_id, r.location_id ${page} ${theReservations}
      where r.reserved < 0 or r.consumed < 0 or r.handed < 0 or r.handed > r.reserved`,
  },
  {
    id: 'I6',
    name: 'reservation_unneeded',
    means: 'Units are held for a line that does not need this item.',
    mend: 'Count the item again, which takes back what is held for nothing.',
    over: 'orders',
    sql: `select r.order_id, r.line_id, r.item_id, r.location_id ${page} ${theReservations}
      where not exists (select 1 from order_line_component c where c.merchant_id = $1 and c.order_id = r.order_id and c.line_id = r.line_id and c.item_id = r.item_id)
         or (r.reserved > 0 and not exists (select 1 from inventory_level l where l.merchant_id = $1 and l.item_id = r.item_id and l.location_id = r.location_id))`,
  },
  {
    id: 'I6',
    name: 'short_although_free',
    means: 'A line waits for units although some are free.',
    mend: 'Count the item again: every rise fills the oldest shorts.',
    over: 'rows',
    sql: `select c.order_id, c.line_id, c.item_id from order_line_component c where c.merchant_id = $1 and c.short > 0
      and exists (select 1 from inventory_level l where l.merchant_id = $1 and l.item_id = c.item_id and l.on_hand > l.reserved + l.unavailable + l.denied)`,
  },
]
