import { openBook, sum } from './book.ts'
import type { HubAnswers } from './hub-answers.ts'
import { judgedTruth } from './newcomers.ts'
import {
  type Break,
  countFlow,
  findDuplicated,
  findLost,
  findMoney,
  findUnconfirmed,
  findUnshipped,
} from './order-verdict.ts'
import { calmLag, chaosLag, findResurrected } from './resurrection.ts'
import { findMismatch, findOversold, findShortMismatch, judgeExposure, shelvesOf } from './stock-verdict.ts'
import { ackTimes, fanoutTimes, p99 } from './timing.ts'
import type { WorldTruth } from './world-protocol.ts'

/** The line that a headless run ends with. `requested`, `shipped` and `confirmed` count units, `moneyFlagged` orders. */
export interface Figures {
  readonly orders: number
  readonly imported: number
  readonly lost: number
  readonly duplicated: number
  readonly oversold: number
  readonly exposure: number
  readonly short: number
  readonly requested: number
  readonly shipped: number
  readonly confirmed: number
  readonly stockMismatch: number
  readonly moneyFlagged: number
  /** Rows that break a promise, by the hub's own audits. */
  readonly auditViolations: number
  readonly ackP99Ms: number
  readonly fanoutP99Ms: number
  readonly seconds: number
}
export interface Verdict {
  readonly figures: Figures
  readonly breaks: readonly Break[]
}

/** Work that only the sweeper found, in calm weather: a wake-up is missing somewhere. */
function findSlept(hub: HubAnswers, chaos: boolean): Break[] {
  if (chaos || hub.foundBySweeper === 0) return []
  const what = `the sweeper found ${hub.foundBySweeper} pieces of work that nobody had announced`
  return [{ figure: 'foundBySweeper', units: hub.foundBySweeper, what }]
}

/** An audit that did not finish proves nothing, so it counts as one row. */
function findBroken({ audits }: HubAnswers): Break[] {
  return audits.map(({ name, means, state, violations }) => ({
    figure: 'auditViolations',
    units: Math.max(1, violations),
    what: `audit ${name} is ${state}: ${violations} rows. ${means}`,
  }))
}

/** Judges a run that has come to rest, by the world's own log against what the shops show. */
export function judge(
  seen: WorldTruth,
  hub: HubAnswers,
  run: { readonly chaos: boolean; readonly seconds: number },
): Verdict {
  const truth = judgedTruth(seen, hub)
  const book = openBook(truth, hub)
  const shelves = shelvesOf(truth, book)
  const raised = findResurrected(truth, book, run.chaos ? chaosLag : calmLag)
  const { exposure, breaks: exposed } = judgeExposure(truth, raised)
  const breaks = [
    ...findLost(truth, book, hub),
    ...findDuplicated(truth, book),
    ...findOversold(truth, shelves, raised),
    ...exposed,
    ...findShortMismatch(shelves, hub),
    ...findUnshipped(book),
    ...findUnconfirmed(book),
    ...findMismatch(truth, shelves),
    ...findMoney(book, hub),
    ...findSlept(hub, run.chaos),
    ...findBroken(hub),
  ]
  const units = (figure: string) => sum(breaks.filter((one) => one.figure === figure).map((one) => one.units))
  const figures = {
    orders: book.cases.length,
    imported: book.cases.filter((one) => one.hub.length > 0).length,
    lost: units('lost'),
    duplicated: units('duplicated'),
    oversold: units('oversold'),
    exposure,
    short: sum(shelves.map((shelf) => shelf.short)),
    ...countFlow(truth, book),
    stockMismatch: units('stockMismatch'),
    moneyFlagged: units('moneyFlagged'),
    auditViolations: units('auditViolations'),
    ackP99Ms: Math.round(p99(ackTimes(truth))),
    fanoutP99Ms: Math.round(p99(fanoutTimes(truth))),
    seconds: Math.round(run.seconds),
  }
  return { figures, breaks }
}
