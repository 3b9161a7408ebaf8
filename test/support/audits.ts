import type { Tx } from '../../src/platform/db/tx.ts'

/** Each counts the rows that break a promise; all must be 0 at any commit. */
const audits = {
  levelIsNotSumOfReservations: `select count(*)::int as n from inventory_level l where l.reserved <>
    coalesce((select sum(r.reserved) from reservation r where r.item_id = l.item_id and r.location_id = l.location_id), 0)`,
  levelIsNotSumOfMovements: `select count(*)::int as n from inventory_level l
    cross join lateral (select coalesce(sum(on_hand_delta), 0) as on_hand, coalesce(sum(reserved_delta), 0) as reserved
      from inventory_movement m where m.item_id = l.item_id and m.location_id = l.location_id) m
    where l.on_hand <> m.on_hand or l.reserved <> m.reserved`,
  lawOfQuantitiesBroken: `select count(*)::int as n from order_line_component c where c.need + c.excess <> c.short +
    coalesce((select sum(r.reserved + r.consumed) from reservation r where r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id), 0)`,
  shortAlthoughFree: `select count(*)::int as n from order_line_component c where c.short > 0 and exists (
    select 1 from inventory_level l where l.item_id = c.item_id and l.on_hand > l.reserved + l.unavailable + l.denied)`,
  handedIsNotWhatRequestsHold: `select count(*)::int as n from (
    select r.order_id, r.line_id, r.item_id, r.location_id, r.handed from reservation r
    left join lateral (select coalesce(sum(greatest(x.requested - x.rejected - x.cancelled - x.shipped, 0)), 0)::int as open
      from fulfillment_order f join fulfillment_order_line x using (merchant_id, fulfillment_order_id)
      where f.order_id = r.order_id and f.location_id = r.location_id and x.line_id = r.line_id and x.item_id = r.item_id
        and f.request_status <> 'unsubmitted') h on true where r.handed <> h.open) d`,
  shortWithoutException: `select count(*)::int as n from (select order_id from order_line_component group by 1 having sum(short) > 0) c
    where not exists (select 1 from exception e where e.kind = 'short' and e.subject_id = c.order_id and e.resolved_at is null)`,
  exceptionWithoutShort: `select count(*)::int as n from exception e where e.kind = 'short' and e.resolved_at is null and
    not exists (select 1 from order_line_component c where c.order_id = e.subject_id and c.short > 0)`,
  changeNotLogged: `select count(*)::int as n from (select distinct version, item_id from inventory_movement) m
    where not exists (select 1 from stock_change s where s.version = m.version and m.item_id = any(s.item_ids))`,
  requestWithoutEffect: `select count(*)::int as n from fulfillment_order f where f.connection_id is not null and f.status <> 'cancelled'
    and not exists (select 1 from effect e where e.kind = 'request' and e.subject_id = f.fulfillment_order_id)`,
} as const

/** Names of the broken promises with their counts; empty when all hold. */
export async function brokenPromises(tx: Tx): Promise<Record<string, number>> {
  const broken: Record<string, number> = {}
  for (const [name, sql] of Object.entries(audits)) {
    const [row] = await tx.rows<{ n: number }>(sql)
    if (row && row.n !== 0) broken[name] = row.n
  }
  return broken
}
