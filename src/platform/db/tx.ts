import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { isUuid } from '../../model/id.ts'
import type { Db } from './pool.ts'

// Real marks, not exported: only the doors below can make a transaction.
const tenantMark: unique symbol = Symbol('tenant')
const doorMark: unique symbol = Symbol('door')

/** What every door gives: statements of one open transaction. */
interface Statements {
  /** Rows of one statement. Parameters are sent apart from the text, always. */
  rows<T extends object = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<T[]>
}
/** One merchant's open transaction as hub_app. Every write takes it, so forgetting it does not compile. */
export interface Tx extends Statements {
  readonly merchantId: string
  /** Drizzle's builder on this very transaction, for plain reads and inserts. */
  readonly db: NodePgDatabase
  readonly [tenantMark]: true
}
/** An open transaction as hub_ingest or hub_job: key columns only. */
export interface DoorTx extends Statements {
  readonly [doorMark]: true
}

const deadlineMs = 45_000
const rollbackMs = 2_000

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
async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await within(rollbackMs, client.query('rollback'), () => {})
    return true
  } catch {
    return false
  }
}

async function inTransaction<T>(
  pool: pg.Pool,
  opening: string,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let destroyed = false
  const destroy = () => {
    if (!destroyed) client.release(true)
    destroyed = true
  }
  try {
    const result = await within(
      deadlineMs,
      (async () => {
        await client.query(opening)
        const value = await work(client)
        await client.query('commit')
        return value
      })(),
      destroy,
    )
    if (!destroyed) client.release()
    destroyed = true
    return result
  } catch (error) {
    if (!destroyed && (await rolledBack(client)) && !destroyed) {
      client.release()
      destroyed = true
    }
    destroy()
    throw error
  }
}

const rowsOn =
  (client: pg.PoolClient): Statements['rows'] =>
  async (text, params = []) =>
    (await client.query(text, [...params])).rows

/**
 * The tenant door: one merchant, role hub_app, row-level security on. Opening costs one round trip.
 * @throws what `work` throws, after a confirmed ROLLBACK or the destruction of the connection
 */
export function withTenantTx<T>(db: Db, merchantId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (!isUuid(merchantId)) throw new TypeError('a merchant id is a lower-case uuid')
  const opening = `begin; set local role hub_app; set local hub.merchant_id = '${merchantId}'`
  return inTransaction(db.work, opening, (client) => {
    let builder: NodePgDatabase | undefined
    return work({
      merchantId,
      rows: rowsOn(client),
      get db() {
        builder ??= drizzle(client)
        return builder
      },
      [tenantMark]: true,
    })
  })
}

/** The ingest door: INSERT into the inbox for any merchant, key columns readable, bodies not. */
export function withIngestTx<T>(db: Db, work: (tx: DoorTx) => Promise<T>): Promise<T> {
  return inTransaction(db.ingest, 'begin; set local role hub_ingest', (client) =>
    work({ rows: rowsOn(client), [doorMark]: true }),
  )
}

/** The claim door: lanes, the control plane and the due columns of work; never bodies or persons. */
export function withClaimTx<T>(db: Db, work: (tx: DoorTx) => Promise<T>): Promise<T> {
  return inTransaction(db.work, 'begin; set local role hub_job', (client) =>
    work({ rows: rowsOn(client), [doorMark]: true }),
  )
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
