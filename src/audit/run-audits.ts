import { pgCode, TransactionLost, type Tx } from '../platform/db/tx.ts'
import type { Audit } from './audit.ts'
import { listPages, TooMany, touchedOrders } from './pages.ts'

/** Ids of one row that breaks a promise, by column. */
export type Found = Readonly<Record<string, string>>
export interface Verdict {
  readonly audit: Audit
  /** `unfinished`: nothing is known of the rows that were not looked at. */
  readonly state: 'kept' | 'broken' | 'unfinished'
  /** Why it did not finish: time, or the code with which the database refused. */
  readonly reason: string | null
  readonly rows: readonly Found[]
  /** There are more than these. */
  readonly more: boolean
  /** Whether all rows were to be looked at, not only those that changed lately. */
  readonly all: boolean
}

/** Opens a short read-only transaction of the merchant in which all statements see one moment. */
export type Look = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>

export interface Question {
  readonly audits: readonly Audit[]
  readonly look: Look
  /** Everything, or only what changed lately; with names: everything for these. */
  readonly full: boolean | ReadonlySet<string>
  /** False when the time is up. */
  readonly goOn: () => boolean
}

const rowsMax = 100
const timeUp = 'time was up'
/** More than the hour between two runs, so that one that came late misses nothing. */
const recentHours = 26
const never = '00000000-0000-0000-0000-000000000000'

interface Draft {
  readonly rows: Found[]
  unfinished: string | null
}
type Book = ReadonlyMap<Audit, Draft>

/** The types of what a question may leave unused, so that all questions of a kind take the same. */
const ofRows = (sql: string) =>
  `with asked as (select $1::uuid, $2::uuid, $3::timestamptz) select * from (${sql}) found limit ${rowsMax + 1}`
const ofPage = (sql: string) =>
  `with asked as (select $1::uuid, $2::uuid[]) select * from (${sql}) found limit ${rowsMax + 1}`

async function ask(tx: Tx, audits: readonly Audit[], book: Book, params: readonly unknown[]): Promise<void> {
  for (const audit of audits) {
    const draft = book.get(audit)
    if (!draft || draft.rows.length > rowsMax) continue
    const sql = audit.over === 'rows' ? ofRows(audit.sql) : ofPage(audit.sql)
    draft.rows.push(...(await tx.rows<Record<string, string>>(sql, [tx.merchantId, ...params])))
  }
}

/** Why a look failed, where that says something about it. @throws what does not */
function refusalOf(error: unknown): string {
  const code = error instanceof TransactionLost ? timeUp : pgCode(error)
  if (code === undefined) throw error
  return code
}

/** One look for all; where one of them fails each is asked alone, so that it blinds no other. */
async function askAll(question: Question, audits: readonly Audit[], book: Book, params: readonly unknown[]) {
  if (audits.length === 0) return
  const before = new Map(audits.map((audit) => [audit, book.get(audit)?.rows.length ?? 0]))
  const undo = (audit: Audit) => {
    const draft = book.get(audit)
    if (draft) draft.rows.length = before.get(audit) ?? 0
  }
  try {
    return await question.look((tx) => ask(tx, audits, book, params))
  } catch (error) {
    refusalOf(error)
  }
  for (const audit of audits) {
    undo(audit)
    try {
      await question.look((tx) => ask(tx, [audit], book, params))
    } catch (error) {
      undo(audit)
      giveUp([audit], book, refusalOf(error))
    }
  }
}

async function askRows(question: Question, audits: readonly Audit[], book: Book, all: boolean): Promise<void> {
  if (audits.length === 0) return
  const [from] = await question.look((tx) =>
    tx.rows<{ id: string; since: string }>(
      `select rpad(lpad(to_hex((extract(epoch from now() - $1 * interval '1 hour') * 1000)::bigint), 12, '0'), 32, '0')::uuid as id,
         (now() - $1 * interval '1 hour')::text as since`,
      [recentHours],
    ),
  )
  const params = all ? [never, '-infinity'] : [from?.id, from?.since]
  for (const audit of audits) {
    if (question.goOn()) await askAll(question, [audit], book, params)
    else giveUp([audit], book, timeUp)
  }
}

function giveUp(audits: readonly Audit[], book: Book, reason: string): void {
  for (const audit of audits) {
    const draft = book.get(audit)
    if (draft) draft.unfinished = reason
  }
}

type Paged = 'orders' | 'touched' | 'items' | 'listings'

/** Page by page; pages that cannot be told are not looked at. */
async function askPages(question: Question, audits: readonly Audit[], book: Book, over: Paged): Promise<void> {
  if (audits.length === 0) return
  const pages = over === 'touched' ? touchedOrders(question.look, recentHours) : listPages(question.look, over)
  try {
    for await (const ids of pages) {
      if (!question.goOn()) return giveUp(audits, book, timeUp)
      await askAll(question, audits, book, [ids])
    }
  } catch (error) {
    giveUp(audits, book, error instanceof TooMany ? error.message : refusalOf(error))
  }
}

/** Asks the questions. Bounded in rows, in time, and in how long each look lasts. */
export async function runAudits(question: Question): Promise<Verdict[]> {
  const { full } = question
  const isFull = (audit: Audit) => (typeof full === 'boolean' ? full : full.has(audit.name))
  const asked = question.audits.filter((audit) => audit.whole !== true || isFull(audit))
  const book = new Map(asked.map((audit): [Audit, Draft] => [audit, { rows: [], unfinished: null }]))
  for (const all of [false, true]) {
    const part = asked.filter((audit) => isFull(audit) === all)
    const of = (over: Audit['over']) => part.filter((audit) => audit.over === over)
    await askRows(question, of('rows'), book, all)
    await askPages(question, of('items'), book, 'items')
    await askPages(question, of('listings'), book, 'listings')
    await askPages(question, of('orders'), book, all ? 'orders' : 'touched')
  }
  return asked.map((audit): Verdict => {
    const { rows, unfinished: reason } = book.get(audit) ?? { rows: [], unfinished: timeUp }
    const state = rows.length > 0 ? 'broken' : reason !== null ? 'unfinished' : 'kept'
    return { audit, state, reason, rows: rows.slice(0, rowsMax), more: rows.length > rowsMax, all: isFull(audit) }
  })
}
