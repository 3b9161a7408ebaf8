import { type Audit, each, isTold, page, theComponents, theLines, theOrder, theRequests, wasRaised } from './audit.ts'

const alive = `o.cancelled_at is null and not o.is_test and o.hold is distinct from 'channel_fulfilled'`
const gone = (
  by: string,
) => `cross join lateral (select coalesce(sum(r.consumed), 0) as gone from reservation r where r.merchant_id = $1
  and r.order_id = ${by}.order_id and r.line_id = ${by}.line_id and r.item_id = ${by}.item_id) g`
/** Which version of the order its own history says was applied. A clock of ours says nothing here, only the channel's. */
const newestApplied = `cross join lateral (select max(date_trunc('milliseconds', (t.data ->> 'changedAt')::timestamptz)) as at from timeline_event t
  where t.merchant_id = $1 and t.order_id = d.order_id and t.kind in ('order.imported', 'order.updated', 'order.cancelled')
    and t.data ->> 'changedAt' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$') n`

/** Orders: one each, never older than what was seen, every unit and cent accounted for. */
export const orderAudits: readonly Audit[] = [
  {
    id: 'I2',
    name: 'order_twice',
    means: 'One order of a shop is two orders here.',
    mend: 'Cancel what is asked for the later one, and report both.',
    over: 'orders',
    sql: `select d.order_id, x.order_id as other_id ${page} ${theOrder}
      ${each('orders', 'x', 'account_id = o.account_id and external_id = o.external_id and order_id <> o.order_id')}`,
  },
  {
    id: 'I2',
    name: 'account_twice',
    means: 'One shop account is known twice, so its orders could come twice.',
    mend: 'Disconnect one of the connections.',
    over: 'rows',
    sql: `select min(a.account_id::text)::uuid as account_id from channel_account a where a.merchant_id = $1
      group by a.platform, a.external_account_id having count(*) > 1`,
  },
  {
    id: 'I4',
    name: 'order_went_back',
    means: 'An order stands at an older version than one that was applied to it.',
    mend: 'Have its shop polled: the newest version wins.',
    over: 'orders',
    sql: `select d.order_id ${page} ${theOrder} ${newestApplied} where n.at > o.changed_at`,
  },
  {
    id: 'I8',
    name: 'money_untold',
    means: 'The money of an order does not add up, and nobody was told.',
    mend: 'Compare the order with its shop; the hub never mends money.',
    over: 'orders',
    sql: `select d.order_id ${page} ${theOrder} where o.money_delta_minor <> 0 and not ${isTold('money_mismatch', 'd.order_id')}`,
  },
  {
    id: 'I9',
    name: 'need_of_line',
    means: 'A line takes more or less from stock than is still wanted of it.',
    mend: 'Have its shop polled; if it stays, report the order.',
    over: 'orders',
    sql: `select c.order_id, c.line_id, c.item_id ${page} ${theOrder} ${theComponents}
      ${each('order_line', 'l', 'order_id = c.order_id and line_id = c.line_id')} ${gone('c')}
      cross join lateral (select case when ${alive} then l.qty_ordered - l.qty_cancelled else 0 end * c.qty_per as wanted) w
      where l.physical and (c.need > greatest(w.wanted, g.gone) or (l.channel_shipped = 0 and c.need < w.wanted))`,
  },
  {
    id: 'I9',
    name: 'line_unmapped_untold',
    means: 'A wanted line takes nothing from stock, and nobody was told that it is not mapped.',
    mend: 'Map its listing, or create the item of its SKU.',
    over: 'orders',
    sql: `select l.order_id, l.line_id ${page} ${theOrder} ${theLines}
      where o.cancelled_at is null and not o.is_test and l.physical and l.qty_ordered > l.qty_cancelled
        and (select count(*) from order_line_component c where c.merchant_id = $1 and c.order_id = l.order_id and c.line_id = l.line_id) = 0
        and not ${isTold('unmapped_sku', 'd.order_id')}`,
  },
  {
    id: 'I9',
    name: 'consumed_unshipped',
    means: 'Units left the ledger without a parcel, or a parcel left without the ledger knowing.',
    mend: 'Compare the parcels of the order with the partner, then count the item.',
    over: 'orders',
    sql: `select d.order_id, x.line_id, x.item_id ${page}
      cross join lateral (
        select line_id, item_id, sum(n) as n from (
          select r.line_id, r.item_id, r.consumed as n from reservation r where r.merchant_id = $1 and r.order_id = d.order_id
          union all
          select y.line_id, y.item_id, -y.qty from shipment s join shipment_line y on y.merchant_id = s.merchant_id and y.shipment_id = s.shipment_id
          where s.merchant_id = $1 and s.order_id = d.order_id) both_sides
        group by 1, 2 offset 0) x
      where x.n <> 0`,
  },
  {
    id: 'I9',
    name: 'request_unlike_parcels',
    means: 'A request says another number of shipped units than its parcels hold.',
    mend: 'Compare the parcels of the request with the partner.',
    over: 'orders',
    sql: `select f.fulfillment_order_id, x.line_id, x.item_id ${page} ${theRequests}
      ${each('fulfillment_order_line', 'x', 'fulfillment_order_id = f.fulfillment_order_id')}
      where x.shipped <> (select coalesce(sum(y.qty), 0) from shipment s join shipment_line y on y.merchant_id = s.merchant_id and y.shipment_id = s.shipment_id
        where s.merchant_id = $1 and s.order_id = d.order_id and s.fulfillment_order_id = f.fulfillment_order_id and y.line_id = x.line_id and y.item_id = x.item_id)`,
  },
  {
    id: 'I9',
    name: 'over_shipped_untold',
    means: 'A partner shipped, refused or dropped more than it was asked for, and nobody was told.',
    mend: 'Compare the request with the partner.',
    over: 'orders',
    sql: `select f.fulfillment_order_id, x.line_id, x.item_id ${page} ${theRequests}
      ${each('fulfillment_order_line', 'x', 'fulfillment_order_id = f.fulfillment_order_id')}
      where x.rejected + x.cancelled + x.shipped > x.requested and not ${wasRaised('over_shipped', 'd.order_id')}`,
  },
]
