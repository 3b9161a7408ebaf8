import pg from 'pg'

/** Pools of one process. Ingest has its own, so that slow work never keeps a delivery waiting. */
export interface Db {
  readonly url: string
  readonly work: pg.Pool
  readonly ingest: pg.Pool
  close(): Promise<void>
}

export interface PoolSizes {
  readonly work: number
  readonly ingest: number
}

// int8 arrives as text by default; every bigint of ours (versions, minor units) is wanted exact.
const int8 = 20
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === int8
      ? (text: string) => BigInt(text)
      : (pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown),
}

// What plans rest on, whatever the server's defaults: its disk is no spinning one, and compiling a statement of a
// millisecond takes tens. Sent with the login, so it costs no round trip; `options` in DATABASE_URL win.
const planning = '-c random_page_cost=1.1 -c jit=off'

/**
 * Opens the pools. Limits are the server's (statement, lock, idle transaction): a client-side query timeout would
 * hand a connection back to the pool in the middle of a transaction, so there is none; the doors destroy instead.
 */
export function openDb(url: string, sizes: PoolSizes = { work: 8, ingest: 3 }): Db {
  const open = (max: number, name: string) => {
    const pool = new pg.Pool({
      connectionString: url,
      max,
      types,
      application_name: `crossdock.${name}`,
      options: planning,
      // A transaction's first statement goes out behind its opening, without waiting for the answer.
      pipeline: true,
      statement_timeout: 30_000,
      lock_timeout: 10_000,
      idle_in_transaction_session_timeout: 30_000,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    })
    pool.on('error', () => {}) // an idle connection lost its server; the pool opens another
    // The same to one in use between two statements: its next statement fails, and nobody else needs to know.
    pool.on('connect', (client) => client.on('error', () => {}))
    return pool
  }
  const work = open(sizes.work, 'work')
  const ingest = open(sizes.ingest, 'ingest')
  return { url, work, ingest, close: async () => void (await Promise.all([work.end(), ingest.end()])) }
}
