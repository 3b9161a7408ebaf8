import type pg from 'pg'
import { isUuid } from '../../model/id.ts'
import type { Db } from './pool.ts'
import { toStatement } from './statement-names.ts'

// Real marks, not exported: only the doors below can make a transaction.
const tenantMark: unique symbol = Symbol('tenant')
const accountMark: unique symbol = Symbol('account')
const doorMark: unique symbol = Symbol('door')

/** What every door gives: statements of one open transaction. */
interface Statements {
  /** Rows of one statement. Parameters are sent apart from the text, always. */
  rows<T extends object = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<T[]>
}
/** One merchant's open transaction as hub_app. Every write takes it, so forgetting it does not compile. */
export interface Tx extends Statements {
  readonly merchantId: string
  readonly [tenantMark]: true
}
/** An open transaction as hub_account: who signs in, and what concerns people in one merchant. */
export interface AccountTx extends Statements {
  /** Empty: of no merchant. Then nothing of any merchant can be written. */
  readonly merchantId: string
  readonly [accountMark]: true
}
/** An open transaction as hub_ingest or hub_job: key columns only. */
export interface DoorTx extends Statements {
  readonly [doorMark]: true
}

const deadlineMsUsual = 45_000
const rollbackMsMax = 2_000

export interface DoorOptions {
  /** After this long the connection is destroyed, whatever it is doing. */
  readonly deadlineMs?: number
  /** All statements see one moment, and none may write. */
  readonly snapshot?: boolean
  /**
   * For statements that are the same all day and probe whole keys: planned once for a connection, whatever the
   * parameters. PostgreSQL would plan the longer ones anew each time, which for a few rows costs more than running them.
   */
  readonly plansOnce?: boolean
}

export class TransactionLost extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TransactionLost'
  }
}

/** The PostgreSQL error code behind an error, however it is wrapped. */
export function pgCode(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string' && /^[0-9A-Z]{5}$/.test(e.code)) return e.code
  }
  return undefined
}

async function within<T>(ms: number, work: Promise<T>, onLate: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onLate()
      reject(new TransactionLost(`transaction took longer than ${ms} ms; its connection was destroyed`))
    }, ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** True only when the server confirmed the ROLLBACK: then, and only then, may the connection be pooled again. */
async function rolledBack(client: pg.PoolClient, limitMs: number): Promise<boolean> {
  try {
    await within(limitMs, client.query('rollback'), () => {})
    return true
  } catch {
    return false
  }
}

async function inTransaction<T>(
  pool: pg.Pool,
  opening: string,
  work: (rows: Statements['rows']) => Promise<T>,
  { deadlineMs = deadlineMsUsual }: DoorOptions,
): Promise<T> {
  const client = await pool.connect()
  let open = true
  let released = false
  const release = (destroy: boolean) => {
    if (released) return
    released = true
    // Between statements pg would say goodbye and wait for the answer, and the pool's next borrower with it; a dead
    // network never gives one (pg 8.23 client.end, read 2026-11).
    if (destroy) client.connection.stream.destroy()
    client.release(destroy)
  }
  // Whoever kept the statements beyond the end would speak in another merchant's transaction.
  let opened: Promise<unknown> = Promise.resolve()
  const rows: Statements['rows'] = async (text, params = []) => {
    if (!open) throw new TransactionLost('the transaction of this statement has ended')
    const [answer] = await Promise.all([client.query(toStatement(text, params)), opened])
    return answer.rows
  }
  try {
    const result = await within(
      deadlineMs,
      (async () => {
        // The first statement follows at once: a login that could not become its role may do nothing.
        opened = client.query(opening)
        opened.catch(() => undefined) // heard with the first statement, or right after the work
        const value = await work(rows)
        await opened
        open = false
        // A transaction in which a statement failed answers COMMIT with ROLLBACK, and with no error.
        const { command } = await client.query('commit')
        if (command !== 'COMMIT') throw new TransactionLost('a statement failed, so nothing was committed')
        return value
      })(),
      () => release(true),
    )
    release(false)
    return result
  } catch (error) {
    open = false
    // 0A000: a migration changed what a named statement returns, and this connection would say so for ever.
    const spoiled = pgCode(error) === '0A000'
    if (!released) release(!(await rolledBack(client, Math.min(rollbackMsMax, deadlineMs))) || spoiled)
    throw error
  }
}

/**
 * The tenant door: one merchant, role hub_app, row-level security on. Opening costs no round trip of its own.
 * @throws what `work` throws, after a confirmed ROLLBACK or the destruction of the connection
 */
export function withTenantTx<T>(
  db: Db,
  merchantId: string,
  work: (tx: Tx) => Promise<T>,
  options: DoorOptions = {},
): Promise<T> {
  if (!isUuid(merchantId)) throw new TypeError('a merchant id is a lower-case uuid')
  const begin = options.snapshot ? 'begin isolation level repeatable read read only' : 'begin'
  const plans = options.plansOnce ? '; set local plan_cache_mode = force_generic_plan' : ''
  const opening = `${begin}; set local role hub_app; set local hub.merchant_id = '${merchantId}'${plans}`
  return inTransaction(db.work, opening, (rows) => work({ merchantId, rows, [tenantMark]: true }), options)
}

/** The ingest door: INSERT into the inbox for any merchant, key columns readable, bodies not. */
export function withIngestTx<T>(db: Db, work: (tx: DoorTx) => Promise<T>, options: DoorOptions = {}): Promise<T> {
  const opening = 'begin; set local role hub_ingest'
  return inTransaction(db.ingest, opening, (rows) => work({ rows, [doorMark]: true }), options)
}

/** The claim door: lanes, the control plane and the due columns of work; never bodies or persons. */
export function withClaimTx<T>(db: Db, work: (tx: DoorTx) => Promise<T>, options: DoorOptions = {}): Promise<T> {
  const opening = 'begin; set local role hub_job'
  return inTransaction(db.work, opening, (rows) => work({ rows, [doorMark]: true }), options)
}

/**
 * The account door: people, their sessions, and who belongs to which merchant; nothing of a merchant's trade. What it
 * writes of a merchant is of the one that is named here.
 */
export function withAccountTx<T>(
  db: Db,
  merchantId: string | null,
  work: (tx: AccountTx) => Promise<T>,
  options: DoorOptions = {},
): Promise<T> {
  if (merchantId !== null && !isUuid(merchantId)) throw new TypeError('a merchant id is a lower-case uuid')
  const own = merchantId ?? ''
  const opening = `begin; set local role hub_account; set local hub.merchant_id = '${own}'`
  return inTransaction(db.work, opening, (rows) => work({ merchantId: own, rows, [accountMark]: true }), options)
}

const triesMax = 5
const passing = new Set(['40P01', '40001', '55P03'])

/** Runs a transaction again after a deadlock, serialization failure or lock timeout; the jitter comes from the caller. */
export async function retrying<T>(jitter: () => number, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries >= triesMax || !passing.has(pgCode(error) ?? '')) throw error
      await new Promise((resolve) => setTimeout(resolve, 10 * 2 ** tries * (0.5 + jitter())))
    }
  }
}
