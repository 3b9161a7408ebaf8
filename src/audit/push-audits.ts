import { changesKept } from '../inventory/read.ts'
import { type Audit, each, isTold } from './audit.ts'

const listings = `from unnest($2::uuid[]) as d(listing_id) ${each('listing', 'g', 'listing_id = d.listing_id')}`
const push = each('listing_push', 'p', 'connection_id = g.connection_id and listing_id = g.listing_id')
const clock = 'coalesce((select k.version from stock_clock k where k.merchant_id = $1), 0)'
const caughtUp = `exists (select 1 from push_cursor x where x.merchant_id = $1 and x.connection_id = g.connection_id and x.seen_version >= ${clock})`
const quantity = `cross join lateral (select min(floor(coalesce(a.available, 0) / k.qty_per)) as qty from listing_component k
  left join lateral (select sum(l.on_hand - l.reserved - l.unavailable - l.denied)::numeric as available from inventory_level l where l.merchant_id = $1 and l.item_id = k.item_id) a on true
  where k.merchant_id = $1 and k.listing_id = g.listing_id) s`
/** What a channel takes at most is in its manifest, and never less. */
const judgedUpTo = 999

/** Nothing is on its way to the shop, and no look at it is due: what the shop was seen to show stays. */
const isQuiet = `coalesce(greatest(p.sending_version, p.pushed_version), 0) <= p.confirmed_version and (p.recheck_at is null or p.recheck_at > now() + interval '1 minute')`

/** Numbers in shops, and shortages that people see: both follow the ledger. */
export const pushAudits: readonly Audit[] = [
  {
    id: 'I7',
    name: 'change_unlogged',
    means: 'Stock moved without a note in the log of changes, so no shop will hear of it.',
    mend: 'Count the item again: that writes the note.',
    over: 'rows',
    sql: `select distinct m.item_id from inventory_movement m where m.merchant_id = $1 and m.version > ${clock} - ${changesKept}
      and not exists (select 1 from stock_change s where s.merchant_id = $1 and s.version = m.version and m.item_id = any(s.item_ids))`,
  },
  {
    id: 'I7',
    name: 'listing_number',
    means: 'A shop was last seen to show another number than the ledger has, and nothing is going to change it.',
    mend: 'Count the item again: that has its listings written.',
    over: 'listings',
    sql: `select g.listing_id ${listings} ${push} ${quantity}
      where g.tracked and g.publish_target is not null and p.desired_version <= p.confirmed_version and p.confirmed_version > 0 and ${caughtUp}
        and ${isQuiet} and s.qty is not null and least(p.confirmed_qty, ${judgedUpTo}) <> least(greatest(s.qty - p.unseen, 0), ${judgedUpTo})`,
  },
  {
    id: 'I7',
    name: 'listing_unfollowed',
    means: 'A listing takes stock, and its shop is never told how much there is.',
    mend: 'Map the listing again.',
    over: 'listings',
    sql: `select g.listing_id ${listings} where g.tracked and g.publish_target is not null and ${caughtUp}
      and exists (select 1 from listing_component k where k.merchant_id = $1 and k.listing_id = g.listing_id)
      and not exists (select 1 from listing_push p where p.merchant_id = $1 and p.connection_id = g.connection_id and p.listing_id = g.listing_id)`,
  },
  {
    id: 'I7',
    name: 'listing_versions',
    means: 'A shop was told a version of the ledger that does not exist, or one was confirmed before it was sent.',
    mend: 'Count the item again.',
    over: 'listings',
    sql: `select g.listing_id ${listings} ${push} where greatest(p.desired_version, p.sending_version, p.pushed_version, p.confirmed_version) > ${clock}
      or p.confirmed_version > p.pushed_version or p.pushed_version > coalesce(p.sending_version, 0)`,
  },
  {
    id: 'I6',
    name: 'short_untold',
    means: 'An order is short, and nobody was told.',
    mend: 'Count the item again, or read the order.',
    over: 'rows',
    sql: `select distinct c.order_id from order_line_component c where c.merchant_id = $1 and c.short > 0 and not ${isTold('short', 'c.order_id')}`,
  },
  {
    id: 'I6',
    name: 'short_told_wrongly',
    means: 'People are told of a shortage that is over.',
    mend: 'Resolve the exception.',
    over: 'rows',
    sql: `select e.exception_id from exception e where e.merchant_id = $1 and e.kind = 'short' and e.resolved_at is null
      and not exists (select 1 from order_line_component c where c.merchant_id = $1 and c.order_id = e.subject_id and c.short > 0)`,
  },
]
