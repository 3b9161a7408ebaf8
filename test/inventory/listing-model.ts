import { decidePush, type PushDecision } from '../../src/inventory/decide-push.ts'

/** One thing that happens to one listing. `pass` reads, decides and writes, with things happening in between. */
export type Step =
  | { readonly kind: 'sell' | 'other' | 'receive'; readonly units: number }
  | { readonly kind: 'import'; readonly pick: number }
  | { readonly kind: 'edit'; readonly units: number }
  | { readonly kind: 'pollStart' | 'pollEnd' }
  | {
      readonly kind: 'pass'
      readonly afterRead: readonly Step[]
      readonly afterView: readonly Step[]
      readonly fate: Fate
    }
/** Of a write: answered, done but its answer lost, neither done nor answered, refused for sure. */
export type Fate = 'answered' | 'answer_lost' | 'never_arrived' | 'refused'

/** What a write did, with the ledger it came from and the units that the read had missed and the ledger not yet known. */
export interface Written {
  readonly shown: number
  readonly ledger: number
  readonly unknown: number
}
interface Sale {
  readonly at: number
  readonly units: number
}

/**
 * A channel, a ledger and the row between them, in memory. The row moves as push-rows.ts moves it; only the decision is
 * the hub's own. `compareAndSet`: the channel refuses a write that names another number than it shows.
 */
export class ListingModel {
  readonly compareAndSet: boolean
  readonly writes: Written[] = []
  shown: number
  ledger: number
  unimported: Sale[] = []
  unseen = 0
  private now = 1
  private version = 1
  private base: { quantity: number; version: number }
  private sending: { quantity: number; version: number }
  private pushed: { quantity: number; version: number }
  private unseenSince: number | null = null
  private imported: { version: number; units: number }[] = []
  private poll: { startedAt: number; seen: readonly Sale[] } | null = null
  private completedFrom = 0

  constructor(stock: number, compareAndSet: boolean) {
    this.compareAndSet = compareAndSet
    this.shown = stock
    this.ledger = stock
    const confirmed = { quantity: stock, version: 1 }
    this.base = confirmed
    this.sending = confirmed
    this.pushed = confirmed
  }

  /** @returns the decision of a pass, null of any other step */
  take(step: Step): PushDecision | null {
    this.now += 1
    if (step.kind === 'pass') return this.pass(step)
    if (step.kind === 'sell') this.sell(step.units)
    if (step.kind === 'edit') this.shown = Math.max(0, this.shown + step.units)
    if (step.kind === 'other') this.move(-Math.min(step.units, this.ledger))
    if (step.kind === 'receive') this.move(step.units)
    if (step.kind === 'import') this.import(this.unimported[step.pick % Math.max(1, this.unimported.length)])
    if (step.kind === 'pollStart') this.poll = { startedAt: this.now, seen: [...this.unimported] }
    if (step.kind === 'pollEnd') this.endPoll()
    return null
  }

  private move(units: number): void {
    this.version += 1
    this.ledger += units
  }

  private sell(units: number): void {
    if (this.shown < units) return
    this.shown -= units
    this.unimported.push({ at: this.now, units })
  }

  private import(sale: Sale | undefined): void {
    if (!sale || !this.unimported.includes(sale)) return
    this.unimported = this.unimported.filter((other) => other !== sale)
    this.move(-Math.min(sale.units, this.ledger))
    this.imported.push({ version: this.version, units: sale.units })
  }

  private endPoll(): void {
    if (!this.poll) return
    for (const sale of this.poll.seen) this.import(sale)
    this.completedFrom = this.poll.startedAt
    this.poll = null
  }

  private salesAfter(version: number): number {
    return this.imported.filter((sale) => sale.version > version).reduce((sum, sale) => sum + sale.units, 0)
  }

  private pass(step: Extract<Step, { kind: 'pass' }>): PushDecision {
    const read = this.shown
    const soldByThen = [...this.unimported]
    for (const between of step.afterRead) this.take(between)
    const stillUnknown = soldByThen.filter((sale) => this.unimported.includes(sale))
    const unknown = stillUnknown.reduce((sum, sale) => sum + sale.units, 0)
    const inFlight = this.sending.version > this.pushed.version
    const salesSinceLook = this.salesAfter(this.sending.version)
    const { ledger, version } = this
    const decision = decidePush({
      shown: read,
      quantity: ledger,
      version: BigInt(version),
      baseQty: this.base.quantity,
      salesSinceBase: this.salesAfter(this.base.version),
      inFlight: inFlight ? { quantity: this.sending.quantity, unseen: this.unseen, salesSince: salesSinceLook } : null,
      unseen: this.unseen,
      salesSinceLook,
      pollHasPassed: this.unseenSince !== null && this.completedFrom > this.unseenSince,
    })
    if (decision.kind === 'not_stocked') return decision
    this.unseenSince = decision.unseen === 0 ? null : decision.newlyMissing ? this.now : (this.unseenSince ?? this.now)
    this.unseen = decision.unseen
    if (decision.kind === 'settled') {
      this.sending = { quantity: read, version }
      this.pushed = this.sending
      this.base = { quantity: read + decision.unseen, version }
      this.imported = this.imported.filter((sale) => sale.version > version)
      return decision
    }
    this.sending = { quantity: decision.target, version }
    if (inFlight) this.base = { quantity: decision.believed, version }
    for (const between of step.afterView) this.take(between)
    this.write(decision, step.fate, { ledger, unknown })
    return decision
  }

  private write(
    decision: Extract<PushDecision, { kind: 'write' }>,
    fate: Fate,
    then: { readonly ledger: number; readonly unknown: number },
  ): void {
    const conflict = this.compareAndSet && this.shown !== decision.changeFrom
    if (!conflict && (fate === 'answered' || fate === 'answer_lost')) {
      this.shown = decision.target
      this.writes.push({ shown: this.shown, ...then })
    }
    if (fate === 'refused' || (conflict && fate === 'answered')) {
      if (this.sending.version > this.pushed.version) this.sending = this.pushed
    } else if (fate === 'answered') {
      this.pushed = this.sending
      this.base = { quantity: this.sending.quantity + this.unseen, version: this.sending.version }
    }
  }
}
