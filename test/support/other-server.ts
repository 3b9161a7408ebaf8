import { randomBytes } from 'node:crypto'
import pg from 'pg'

const role = 'crossdock_test'
const database = 'crossdock_test_template'

/** Logins to a server that runs already: its superuser's, and the hub's to a database of its own, still empty. */
export interface OtherServer {
  readonly adminUrl: string
  readonly url: string
  stop(): Promise<void>
}

/**
 * Another server than the embedded one, given by its superuser's address. The hub's login is made as the README asks
 * for it (LOGIN CREATEROLE, and whatever else is that server's default), so that tests see what an operator gets.
 */
export async function useOtherServer(adminUrl: string): Promise<OtherServer> {
  const password = randomBytes(24).toString('hex')
  const drop = () => inServer(adminUrl, (admin) => admin.query(`drop database if exists ${database} with (force)`))
  await drop()
  await inServer(adminUrl, async (admin) => {
    const known = await admin.query('select 1 from pg_roles where rolname = $1', [role])
    const verb = known.rowCount === 0 ? 'create' : 'alter'
    await admin.query(`${verb} role ${role} login inherit createrole password '${password}'`)
    await admin.query(`create database ${database} owner ${role}`)
  })
  const url = Object.assign(new URL(adminUrl), { username: role, password, pathname: `/${database}` }).href
  return { adminUrl, url, stop: async () => void (await drop()) }
}

async function inServer<T>(url: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}
