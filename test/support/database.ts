import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { inject } from 'vitest'

export interface TestDatabase {
  /** The hub's login, owner of this database. */
  readonly url: string
  /** The superuser's login to this database. */
  readonly adminUrl: string
  /** Work in this database as the superuser. */
  asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T>
  drop(): Promise<void>
}

const copyLock = 7_401 // any number, the same in all test files
const waitMsMax = 5_000
const waitEveryMs = 20

/** A migrated database of its own, copied from the template (some 50 ms). */
export async function freshDatabase(): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`
  const template = new URL(inject('templateUrl'))
  await asAdmin(async (admin) => {
    // PostgreSQL wants the template to itself while it copies. The lock ends with the connection.
    await admin.query('SELECT pg_advisory_lock($1)', [copyLock])
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)} OWNER ${template.username}`)
  })
  const toThis = (url: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href
  const adminUrl = toThis(inject('adminUrl'))
  return {
    url: toThis(template.href),
    adminUrl,
    asAdmin: (work) => asAdmin(work, adminUrl),
    drop: () => dropWhenUnused(name),
  }
}

/** Closed sockets need a moment to be gone; what is still there after that is a leak, and the test's failure. */
async function dropWhenUnused(name: string): Promise<void> {
  await asAdmin(async (admin) => {
    const left = await sessionsLeft(admin, name)
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    if (left.length > 0) throw new Error(`${name} was dropped under open connections: ${left.join(', ')}`)
  })
}

async function sessionsLeft(admin: pg.Client, name: string): Promise<string[]> {
  const names = async () => {
    const { rows } = await admin.query(
      'SELECT application_name || $2 || left(query, 80) AS who FROM pg_stat_activity WHERE datname = $1',
      [name, ': '],
    )
    return rows.map((row: { who: string }) => row.who)
  }
  let left = await names()
  for (let waited = 0; left.length > 0 && waited < waitMsMax; waited += waitEveryMs) {
    await sleep(waitEveryMs)
    left = await names()
  }
  return left
}

async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>, url = inject('adminUrl')): Promise<T> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}
