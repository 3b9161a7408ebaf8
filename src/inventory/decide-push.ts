/** What is known of a listing at the moment of deciding: the channel's number and the ledger's, read after it. */
export interface PushView {
  /** What the channel shows. Null: it does not stock it. */
  readonly shown: number | null
  /** What the ledger would show, at `version`. */
  readonly quantity: number
  readonly version: bigint
  /** Nothing was ever written or confirmed: what the shop sold before our first look may still be on its way to the ledger. */
  readonly first: boolean
  /** Confirmed number + unseen sales, at `baseVersion`; before the first write what the first look showed; null before it. */
  readonly baseQty: number | null
  /** Units that the channel sold by itself and that reached the ledger since `baseVersion`. */
  readonly salesSinceBase: number
  /** A write whose answer we do not know. */
  readonly inFlight: { readonly quantity: number; readonly unseen: number; readonly salesSince: number } | null
  /** Units that were missing when we last looked, and the channel's own sales that reached the ledger since. */
  readonly unseen: number
  readonly salesSinceLook: number
  /** A poll of the shop's orders began after the units went missing and is wholly imported: nothing can still be under way. */
  readonly pollHasPassed: boolean
}

export type PushDecision =
  | {
      readonly kind: 'write'
      readonly target: number
      readonly changeFrom: number
      readonly unseen: number
      readonly drift: number
      readonly newlyMissing: boolean
      readonly believed: number
    }
  /** The channel shows what it should. */
  | {
      readonly kind: 'settled'
      readonly shown: number
      readonly unseen: number
      readonly drift: number
      readonly newlyMissing: boolean
    }
  | { readonly kind: 'not_stocked' }
  /** The first look: what is shown is to be kept as the base, and the shop to be polled. */
  | { readonly kind: 'look' }
  /** No poll that began after the first look has passed. */
  | { readonly kind: 'wait' }

/**
 * The rule against resurrection. The channel should show `expected`: what it last confirmed, minus its own sales which
 * have reached us since. Less than that means sales that have not: they are kept off sale (subtracted), and the shop is
 * polled. Only when a whole poll brought nothing is the gap drift, which our number overwrites. More than expected is
 * drift at once, since no sale hides in it. A write of unknown fate may have landed and sold since, or never arrived while
 * as much was sold: the higher of the two expectations counts, even where the channel shows just what was written. Units
 * that went missing after the poll began are not explained by it, whatever was missing before.
 */
export function decidePush(view: PushView): PushDecision {
  const { shown } = view
  if (shown === null) return { kind: 'not_stocked' }
  if (view.first) return firstNumber(view, shown)
  const expected = expectedOf(view, shown)
  const gap = expected - shown
  const newlyMissing = gap > Math.max(0, view.unseen - Math.abs(view.salesSinceLook))
  const unseen = gap > 0 && (newlyMissing || !view.pollHasPassed) ? gap : 0
  const drift = shown - (expected - unseen)
  const target = Math.max(0, view.quantity - unseen)
  if (shown === target) return { kind: 'settled', shown, unseen, drift, newlyMissing }
  const believed = gap > 0 ? shown + unseen : expected
  return { kind: 'write', target, changeFrom: shown, unseen, drift, newlyMissing, believed }
}

/**
 * A listing that was linked just now. What its shop sold before the first look is in no number that we could compare, so
 * nothing is written until a poll that began after that look has brought it. What went missing since the look is kept off
 * sale whole: sales that have reached the ledger meanwhile may be those of before. At worst a little less is shown until the next poll.
 */
function firstNumber(view: PushView, shown: number): PushDecision {
  if (view.baseQty === null) return { kind: 'look' }
  if (!view.pollHasPassed) return { kind: 'wait' }
  const unseen = Math.max(0, view.baseQty - shown)
  const target = Math.max(0, view.quantity - unseen)
  const newlyMissing = unseen > 0
  if (shown === target) return { kind: 'settled', shown, unseen, drift: 0, newlyMissing }
  return { kind: 'write', target, changeFrom: shown, unseen, drift: 0, newlyMissing, believed: shown + unseen }
}

function expectedOf(view: PushView, shown: number): number {
  const fromBase = view.baseQty === null ? shown : view.baseQty - view.salesSinceBase
  if (view.inFlight === null) return fromBase
  return Math.max(fromBase, view.inFlight.quantity + view.inFlight.unseen - view.inFlight.salesSince)
}
