import type { PlantedBug } from '../../planted/bugs.ts'
import { bugNamed } from '../../planted/plant.ts'
import { bug } from './bug.ts'

/** Bugs of the ledger, the promises made from it, and what the shops are shown. */
export const stockBugs: readonly PlantedBug[] = [
  bugNamed('no-stock-clock'),
  bugNamed('retry-with-new-compare'),
  bugNamed('release-at-cancel'),
  bug('each-line-alone', 'lines are checked one by one, as they come', [
    [
      'src/inventory/reserve-stock.ts',
      'select *, sum(qty) over w - qty as lo, sum(qty) over w as hi from lack\n       window w as (partition by item_id order by placed_at, order_id, line_id)',
      'select *, 0::bigint as lo, qty::bigint as hi from lack',
    ],
  ]),
  bug('count-older-than-count', 'the file that comes last is the newest', [
    ['src/inventory/count-stock.ts', 'where d."asOf" < l.counted_at', 'where false and d."asOf" < l.counted_at'],
  ]),
  bug('count-forgets-departures', 'a count is what is there', [
    ['src/flows-partner.ts', 'onHand: Math.max(0, c.onHand - (left.get(c.itemId) ?? 0))', 'onHand: c.onHand'],
  ]),
  bug('departure-counted-twice', 'whatever is reported shipped was still on the shelf', [
    [
      'src/inventory/hand-off.ts',
      'sum(case when k.shipped_at <= l.counted_at then k.own else 0 end)::int as seen',
      '0 as seen',
    ],
  ]),
  bug('raise-heals-nobody', 'more stock is for the next order', [
    [
      'src/flows.ts',
      'fitStock(tx, version, outcome.unreservedOrderIds, outcome.raisedItemIds)',
      'fitStock(tx, version, outcome.unreservedOrderIds)',
    ],
  ]),
  bug('edit-releases-nothing', 'what is reserved stays until it ships', [
    [
      'src/inventory/fit-stock.ts',
      'known.length === 0 ? [] : await releaseStock(tx, known, version)',
      'known.length < 99 ? [] : await releaseStock(tx, known, version)',
    ],
  ]),
  bug('mapping-forgets-waiting-lines', 'lines are mapped when they come in', [
    ['src/flows.ts', '  await setNeeds(tx, waiting)\n', ''],
  ]),
  bug('need-below-what-left', 'a cancelled line needs nothing', [
    [
      'src/inventory/set-needs.ts',
      'greatest(d.open * x.qty_per - greatest(d."channelShipped" * x.qty_per - coalesce(h.consumed, 0), 0), coalesce(h.consumed, 0))',
      'd.open * x.qty_per',
    ],
  ]),
  bug('stop-frees-nothing', 'when the partner agrees to stop, all is said', [
    [
      'src/fulfillment/plan-facts.ts',
      "  refuseRest(draft, request, stopped ? 'cancelled' : 'rejected')\n",
      "  if (!stopped) refuseRest(draft, request, 'rejected')\n",
    ],
  ]),
  bug('refused-stays-handed', 'what was handed over stays handed over', [
    ['src/flows-partner.ts', '  await markHanded(tx, plan.refused, -1)\n', ''],
  ]),
  bug('any-poll-explains', 'once a poll has passed, nothing can be under way', [
    [
      'src/inventory/push-rows.ts',
      `not poll.waiting and poll.completed_from > p.unseen_since + $4::int * interval '1 second' as "pollHasPassed"`,
      `poll.completed_from is not null and $4::int >= 0 as "pollHasPassed"`,
    ],
  ]),
  bug('poll-before-its-index', 'what a poll does not list does not exist', [
    [
      'src/inventory/push-rows.ts',
      "p.unseen_since + $4::int * interval '1 second'",
      "p.unseen_since + $4::int * interval '0 seconds'",
    ],
  ]),
  bug('own-sales-unknown', 'the shop and the ledger sell from one number', [
    [
      'src/flows.ts',
      'l.listingId === null ? [] : [{ listingId: l.listingId, qty: l.tookDelta }]',
      'l.listingId === null ? [] : [{ listingId: l.listingId, qty: 0 }]',
    ],
  ]),
  bug('late-writes-forgotten', 'a write that was not answered was not made', [
    ['src/lanes/push-lane.ts', 'view.inFlightQty === null', 'view.inFlightQty !== undefined'],
    ['src/lanes/push-lane.ts', '{ lateMs: shift.lease.lengthMs }', '{ lateMs: 0 }'],
  ]),
  bug('takeover-rechecks-nothing', 'what the last holder sent has arrived', [
    [
      'src/lanes/push-lane.ts',
      '    if (shift.lease.tookOver) await recheckInFlight(tx, shift.lease.connectionId, shift.lease.lengthMs)\n',
      '',
    ],
  ]),
  bug('answered-is-shown', 'a listing that was claimed will be pushed', [
    [
      'src/lanes/push-lane.ts',
      "if (result.outcome !== 'failed') return []",
      "if (result.outcome !== 'failed' || result.error.kind === 'conflict') return [{ listingId, dueInMs: 3_600_000, error: null }]",
    ],
  ]),
  bug('clock-skips-unread', 'a cursor at the newest change has passed them all', [
    ['src/inventory/push-rows.ts', 'order by version limit $3', 'order by version desc limit 1'],
  ]),
]
