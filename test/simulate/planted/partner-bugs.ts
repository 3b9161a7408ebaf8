import type { PlantedBug } from '../../planted/bugs.ts'
import { bug } from './bug.ts'

/** Bugs of what is asked of the warehouse, and of what the shops are told. */
export const partnerBugs: readonly PlantedBug[] = [
  bug('final-believed-at-once', 'nothing more comes after a final row', [
    [
      'src/fulfillment/plan-facts.ts',
      'let left = short - lines.reduce((sum, line) => sum + line.rejected, 0)',
      'let left = short',
    ],
    [
      'src/fulfillment/plan-facts.ts',
      '  if (short === null) {\n    const open',
      '  if (short === null) {\n    const all = lines.reduce((sum, line) => sum + openOf(line), 0)\n    if (all > 0) return settleFinal(draft, { request, sku, short: all, shippedAt })\n    const open',
    ],
  ]),
  bug('parcel-consumed-twice', 'a partner reports each parcel once', [
    ['src/fulfillment/plan-facts.ts', 'if (fact.quantity === 0 || known) return', 'if (fact.quantity === 0) return'],
    ['src/fulfillment/record-shipments.ts', 'isFresh.has(', 'isFresh.size >= 0 || isFresh.has('],
  ]),
  bug('asked-again-while-asked', 'what is reserved and not shipped must be asked for', [
    ['src/fulfillment/open-requests.ts', "'qty', r.reserved - r.handed - coalesce(h.asked, 0))", "'qty', r.reserved)"],
    ['src/fulfillment/open-requests.ts', 'and r.reserved > r.handed offset 0', 'and r.reserved > 0 offset 0'],
    ['src/fulfillment/open-requests.ts', 'and r.reserved - r.handed > coalesce(h.asked, 0)', 'and r.reserved > 0'],
  ]),
  bug('old-request-not-withdrawn', 'a changed order is asked for anew', [
    [
      'src/fulfillment/open-requests.ts',
      'known.length === 0 ? [] : await withdrawUnsent(tx, known)',
      'known.length < 99 ? [] : await withdrawUnsent(tx, known)',
    ],
  ]),
  bug('cancel-overtakes-request', 'files are read in the order in which they were meant', [
    ['src/lanes/request-lane.ts', 'underWay.has(e.subjectId)', 'underWay.has(e.kind)'],
  ]),
  bug('timeout-is-done', 'a file that was not refused has arrived', [
    [
      'src/lanes/request-lane.ts',
      "const state = over ? (unknown ? 'unverifiable' : 'dead') : unknown ? 'unknown' : 'pending'",
      "const state = over ? (unknown ? 'unverifiable' : 'dead') : unknown ? 'confirmed' : 'pending'",
    ],
  ]),
  bug('told-without-looking', 'what was not answered was not done', [
    [
      'src/lanes/effect-lane.ts',
      "if (effect.state === 'accepted' || effect.state === 'unknown' || effect.attempts > 1) {",
      "if (effect.state === 'accepted') {",
    ],
  ]),
  bug('told-is-settled-on-timeout', 'a call that was sent was carried out', [
    [
      'src/lanes/effect-lane.ts',
      "if (error.kind === 'outcome_unknown') return { effectId, state: 'unknown', reason, dueInMs: confirmTriesMs }",
      "if (error.kind === 'outcome_unknown') return { effectId, state: 'confirmed', reason }",
    ],
  ]),
  bug('sending-is-not-sent', 'a call under way when its process died was never made', [
    [
      'src/effects/effects.ts',
      "when 'pending' then 'sending' when 'sending' then 'unknown' else e.state end",
      "when 'pending' then 'sending' else e.state end",
    ],
  ]),
  bug('told-the-sum', 'each parcel tells what has left so far', [
    ['src/fulfillment/record-shipments.ts', 'quantity: unitsOf(id) - (before.get(id) ?? 0),', 'quantity: unitsOf(id),'],
  ]),
  bug('told-the-first-parcel-only', 'one shipment for an order', [
    ['src/flows-partner.ts', 's.shipmentId}.1.', 's.fulfillmentOrderId}.1.'],
  ]),
  bug('sent-after-cancel', 'what is due is sent', [
    [
      'src/fulfillment/submit-requests.ts',
      'and o.cancelled_at is null order by o.external_id',
      'order by o.external_id',
    ],
    ['src/flows.ts', "  await withdraw(tx, 'request', withdrawn, 'the order changed before it was sent')\n", ''],
    [
      'src/fulfillment/submit-requests.ts',
      "and f.request_status = 'unsubmitted' and f.status = 'open'\n       and f.order_id in",
      "and f.request_status = 'unsubmitted'\n       and f.order_id in",
    ],
  ]),
  bug('refusal-unnoticed', 'what was asked for will be shipped', [
    [
      'src/fulfillment/plan-facts.ts',
      "status: stopped ? 'cancelled' : 'incomplete',",
      "status: stopped ? 'cancelled' : 'closed',",
    ],
  ]),
  bug('told-in-one-shop', 'the shop that is open now sold it', [
    [
      'src/flows-partner.ts',
      'if (!origin || !lines || lines.lines.length === 0) return []',
      "if (!origin || !lines || lines.lines.length === 0 || s.tracking?.endsWith('-2')) return []",
    ],
  ]),
  bug('asked-again-in-silence', 'whoever asks again sees what comes of it', [
    [
      'src/flows.ts',
      'await noteFit(tx, fit, cause, none)\n  await askPartners(tx, ids, fit, { cause, cancelled: none })\n  return true',
      'await askPartners(tx, ids, fit, { cause, cancelled: none })\n  return true',
    ],
  ]),
]
