import { decidePush, type PushDecision } from '../../src/inventory/decide-push.ts'

/** One thing that happens to one listing. `pass` reads, decides and writes, with things happening in between. */
export type Step =
  | { readonly kind: 'sell' | 'other' | 'receive'; readonly units: number }
  | { readonly kind: 'import'; readonly pick: number }
  | { readonly kind: 'edit'; readonly units: number }
  | { readonly kind: 'pollStart' | 'pollEnd' }
  | Pass
interface Pass {
  readonly kind: 'pass'
  readonly afterRead: readonly Step[]
  readonly afterView: readonly Step[]
  readonly fate: Fate
}
/** Of a write: answered; done, its answer lost; neither done nor answered; refused for sure. */
export type Fate = 'answered' | 'answer_lost' | 'never_arrived' | 'refused'

/** What a write did, with the ledger it came from and the units that the read had missed and the ledger not yet known. */
interface Written {
  readonly shown: number
  readonly ledger: number
  readonly unknown: number
}
interface Sale {
  readonly units: number
}
interface Versioned {
  readonly quantity: number
  readonly version: number
}

/** A channel, a ledger and the row between them, in memory. */
export interface Listing {
  /** The channel refuses a write that names another number than it shows. */
  readonly compareAndSet: boolean
  readonly writes: Written[]
  now: number
  version: number
  shown: number
  ledger: number
  unimported: readonly Sale[]
  imported: readonly { readonly version: number; readonly units: number }[]
  /** Null: never looked at. */
  base: Versioned | null
  /** Null: nothing was ever written or confirmed. */
  sending: Versioned | null
  pushed: Versioned
  unseen: number
  unseenSince: number | null
  poll: { readonly startedAt: number; readonly seen: readonly Sale[] } | null
  completedFrom: number
}

export function newListing(stock: number, compareAndSet: boolean): Listing {
  const confirmed = { quantity: stock, version: 1 }
  const row = { base: confirmed, sending: confirmed, pushed: confirmed, unseen: 0, unseenSince: null }
  const world = { now: 1, version: 1, shown: stock, ledger: stock, unimported: [], imported: [] }
  return { compareAndSet, writes: [], ...world, ...row, poll: null, completedFrom: 0 }
}

/** Linked just now: the channel has sold `sold` of its stock by itself, and the hub knows of none of it. */
export function newlyLinked(stock: number, sold: readonly number[], compareAndSet: boolean): Listing {
  const listing = newListing(stock, compareAndSet)
  const row = { base: null, sending: null, pushed: { quantity: 0, version: 0 } }
  const unimported = sold.map((units) => ({ units }))
  return { ...listing, ...row, shown: Math.max(0, stock - sum(unimported)), unimported }
}

const sum = (sales: readonly Sale[]) => sales.reduce((units, sale) => units + sale.units, 0)
const salesAfter = (it: Listing, version: number) => sum(it.imported.filter((sale) => sale.version > version))

function move(it: Listing, units: number): void {
  it.version += 1
  it.ledger += units
}

function importSale(it: Listing, sale: Sale | undefined): void {
  if (!sale || !it.unimported.includes(sale)) return
  it.unimported = it.unimported.filter((other) => other !== sale)
  move(it, -Math.min(sale.units, it.ledger))
  it.imported = [...it.imported, { version: it.version, units: sale.units }]
}

function sell(it: Listing, units: number): void {
  if (it.shown < units) return
  it.shown -= units
  it.unimported = [...it.unimported, { units }]
}

function endPoll(it: Listing): void {
  if (!it.poll) return
  for (const sale of it.poll.seen) importSale(it, sale)
  it.completedFrom = it.poll.startedAt
  it.poll = null
}

/** Lets one thing happen. */
export function take(it: Listing, step: Step): void {
  it.now += 1
  if (step.kind === 'pass') runPass(it, step)
  else if (step.kind === 'sell') sell(it, step.units)
  else if (step.kind === 'edit') it.shown = Math.max(0, it.shown + step.units)
  else if (step.kind === 'other') move(it, -Math.min(step.units, it.ledger))
  else if (step.kind === 'receive') move(it, step.units)
  else if (step.kind === 'import') importSale(it, it.unimported[step.pick % Math.max(1, it.unimported.length)])
  else if (step.kind === 'pollStart') it.poll = { startedAt: it.now, seen: it.unimported }
  else endPoll(it)
}

function decide(it: Listing, read: number): PushDecision {
  const salesSinceLook = it.sending === null ? 0 : salesAfter(it, it.sending.version)
  const inFlight = it.sending !== null && it.sending.version > it.pushed.version ? it.sending : null
  return decidePush({
    shown: read,
    quantity: it.ledger,
    version: BigInt(it.version),
    first: it.sending === null,
    baseQty: it.base === null ? null : it.base.quantity,
    salesSinceBase: it.base === null ? 0 : salesAfter(it, it.base.version),
    inFlight: inFlight === null ? null : { quantity: inFlight.quantity, unseen: it.unseen, salesSince: salesSinceLook },
    unseen: it.unseen,
    salesSinceLook,
    pollHasPassed: it.unseenSince !== null && it.completedFrom > it.unseenSince,
  })
}

/** As push-lane.ts goes about it: read the channel, view the ledger, decide, note it, write. */
function runPass(it: Listing, pass: Pass): void {
  const read = it.shown
  const soldByThen = it.unimported
  for (const step of pass.afterRead) take(it, step)
  const unknown = sum(soldByThen.filter((sale) => it.unimported.includes(sale)))
  const { ledger, version } = it
  const mayHaveMoved = it.sending === null || it.sending.version > it.pushed.version
  const decision = decide(it, read)
  if (decision.kind === 'not_stocked' || decision.kind === 'wait') return
  if (decision.kind === 'look') {
    it.base = { quantity: read, version }
    it.unseenSince = it.now
    return
  }
  it.unseen = decision.unseen
  it.unseenSince = decision.unseen === 0 ? null : decision.newlyMissing ? it.now : (it.unseenSince ?? it.now)
  if (decision.kind === 'settled') {
    it.sending = { quantity: read, version }
    it.pushed = it.sending
    it.base = { quantity: read + decision.unseen, version }
    it.imported = it.imported.filter((sale) => sale.version > version)
    return
  }
  it.sending = { quantity: decision.target, version }
  if (mayHaveMoved) it.base = { quantity: decision.believed, version }
  for (const step of pass.afterView) take(it, step)
  const conflict = it.compareAndSet && it.shown !== decision.changeFrom
  if (!conflict && (pass.fate === 'answered' || pass.fate === 'answer_lost')) {
    it.shown = decision.target
    it.writes.push({ shown: it.shown, ledger, unknown })
  }
  noteAnswer(it, pass.fate, conflict, it.sending)
}

/** As push-rows.ts moves the row once there is an answer; without one it stays as it was before the call. */
function noteAnswer(it: Listing, fate: Fate, conflict: boolean, sent: Versioned): void {
  const refused = fate === 'refused' || (fate === 'answered' && conflict)
  if (refused && sent.version > it.pushed.version) it.sending = it.pushed
  if (refused || fate !== 'answered') return
  it.pushed = sent
  it.base = { quantity: sent.quantity + it.unseen, version: sent.version }
}
