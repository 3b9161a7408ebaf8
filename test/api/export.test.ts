import { get, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { run } from '../../src/cli/run.ts'
import { exportedTables, notExported } from '../../src/merchants/exported-tables.ts'
import { publicId } from '../../src/model/id.ts'
import { aMember, aTeam, type House, openHouse } from '../accounts/support.ts'
import { meanings } from '../platform/db/columns.ts'
import { aShelf, type Shelf } from './shelf.ts'
import { list } from './support.ts'

let house: House
let mine: Shelf
let theirs: Shelf
let url = ''
beforeAll(async () => {
  house = await openHouse()
  theirs = await aShelf(house.api, 'north')
  mine = await aShelf(house.api, 'south')
  await house.api.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = house.api.app.server.address() as AddressInfo
  url = `http://127.0.0.1:${port}`
})
afterAll(() => house.close())

const shape = z.object({ kind: z.string(), row: z.record(z.string(), z.unknown()) })
const manifestShape = z.object({
  ...{ format: z.literal(1), merchant: z.string(), at: z.string(), total: z.int() },
  counts: z.record(z.string(), z.int()),
})
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => shape.parse(JSON.parse(line)))
const exported = async ({ key }: Pick<Shelf, 'key'>) => {
  const answer = await house.api.call('POST /export', { key })
  expect([answer.status, answer.headers['content-type']]).toEqual([200, expect.stringContaining('x-ndjson')])
  const lines = linesOf(answer.text)
  return { text: answer.text, rows: lines.slice(0, -1), manifest: manifestShape.parse(lines.at(-1)?.row) }
}

test('every row of the merchant is a line, the last line counts them, and no row of another merchant is there', async () => {
  const { text, rows, manifest } = await exported(mine)
  const counted = await house.api.database.asAdmin(async (admin) => {
    const counts: Record<string, number> = {}
    for (const { table } of exportedTables) {
      const found = await admin.query(`select count(*)::int as n from "${table}" where merchant_id = $1`, [
        mine.merchantId,
      ])
      counts[table] = found.rows[0].n
    }
    return counts
  })
  const kinds = (kind: string) => rows.filter((line) => line.kind === kind).length
  expect(Object.fromEntries(exportedTables.map(({ table }) => [table, kinds(table)]))).toEqual(counted)
  expect(manifest).toMatchObject({
    merchant: publicId('merchant', mine.merchantId),
    ...{ counts: counted, total: rows.length },
  })
  expect(Object.values(counted).filter((n) => n > 0).length).toBeGreaterThan(25)
  expect(new Set(rows.map(({ row }) => row.merchant_id))).toEqual(new Set([mine.merchantId]))
  expect(text).not.toContain(theirs.merchantId)
})

test('the file has no secret: none that was given, none that is sealed, none that is a hash of one', async () => {
  const { text, rows } = await exported(mine)
  expect(text).not.toMatch(/canary(?!_skus)|hub_live_[0-9a-z]{8}_\w/)
  const sealed = await house.api.database.asAdmin(async (admin) => {
    const { rows: found } = await admin.query(
      'select credentials, endpoint_token from connection where merchant_id = $1',
      [mine.merchantId],
    )
    return found.flatMap((row) => [row.credentials, row.endpoint_token]).filter((text) => text)
  })
  expect(sealed.length).toBeGreaterThan(1)
  expect(sealed.filter((envelope) => text.includes(envelope))).toEqual([])
  const columns = new Set(rows.flatMap(({ kind, row }) => Object.keys(row).map((name) => `${kind}.${name}`)))
  expect([...columns].filter((column) => meanings.get(column) === 'secret')).toEqual([])
})

test('two files of one state are the same, but for what the first left behind', async () => {
  const own = /^\{"kind":"(api_request|audit_entry|manifest)"/
  const [first, second] = [await exported(mine), await exported(mine)]
  const rest = ({ text }: { readonly text: string }) => text.split('\n').filter((line) => !own.test(line))
  expect(rest(second)).toEqual(rest(first))
  expect(rest(first).length).toBeGreaterThan(40)
})

test('every table of merchants is in the file, or left out with a reason, in the order of its key and without its secrets', async () => {
  const tables = await house.api.database.asAdmin(async (admin) => {
    const { rows } = await admin.query<{ name: string; key: string[] }>(
      `select c.relname as name, (select array_agg(k.attname::text order by array_position(i.indkey::int2[], k.attnum))
         from pg_index i join pg_attribute k on k.attrelid = c.oid and k.attnum = any(i.indkey) where i.indrelid = c.oid and i.indisprimary) as key
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped
       where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition`,
    )
    return rows
  })
  const there = new Map(exportedTables.map((one) => [one.table, one]))
  expect(tables.map(({ name }) => name).filter((name) => !there.has(name) && !(name in notExported))).toEqual([])
  expect(Object.keys(notExported).filter((name) => there.has(name))).toEqual([])
  for (const { name, key } of tables) {
    const one = there.get(name)
    if (one === undefined) continue
    expect([name, one.by], name).toEqual([name, key.filter((column) => column !== 'merchant_id').join(' ')])
    const secret = [...meanings].flatMap(([column, meaning]) =>
      meaning === 'secret' && column.startsWith(`${name}.`) ? [column.slice(name.length + 1)] : [],
    )
    expect([name, (one.without ?? '').split(' ').filter(Boolean).sort()]).toEqual([name, secret.sort()])
  }
})

test('it is an owner’s, who has just shown who they are, and stands in the log', async () => {
  const team = await aTeam(house, 'Crew')
  const { browser: manager } = await aMember(house, team, 'manager')
  expect((await manager.call('POST /export')).json.code).toBe('HUB_SCOPE_MISSING')
  expect((await team.owner.call('POST /export', undefined, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  house.pass(601)
  expect((await team.owner.call('POST /export')).json.code).toBe('HUB_STEP_UP')
  await team.owner.call('POST /me/verify', { password: 'four words that are long' })
  const { status, text } = await team.owner.call('POST /export')
  expect(status).toBe(200)
  const [entry] = list((await team.owner.call('GET /audit-log')).json.items)
  expect(entry).toMatchObject({ act: 'POST /api/v1/export', client: 'browser' })
  expect(text).toContain(`"act":"POST /api/v1/export"`)
  const narrow = { label: 'narrow', scopes: ['orders:read'] }
  const made = await house.api.call('POST /api-keys', { key: team.key, body: narrow })
  expect((await house.api.call('POST /export', { key: String(made.json.secret) })).status).toBe(403)
})

async function crossdock(key: string) {
  const out: Buffer[] = []
  let err = ''
  const code = await run(['export'], {
    env: { CROSSDOCK_URL: url, CROSSDOCK_KEY: key },
    out: (chunk) => void out.push(Buffer.from(chunk)),
    err: (said) => {
      err += said
    },
    read: () => Promise.reject(new Error('reads nothing')),
  })
  return { code, out: Buffer.concat(out).toString('utf8'), err }
}

test('the command line hands the lines on and ends with 0', async () => {
  const { code, out, err } = await crossdock(mine.key)
  expect([code, err]).toEqual([0, ''])
  expect(linesOf(out).at(-1)?.kind).toBe('manifest')
})

/** A merchant whose file is larger than what sockets hold. */
async function aLargeMerchant(): Promise<Shelf> {
  const shelf = await aShelf(house.api, 'large')
  await house.api.database.asAdmin((admin) =>
    admin.query(
      `insert into item (merchant_id, item_id, sku, title) select $1, gen_random_uuid(), 'L-' || n, repeat('x', 400) from generate_series(1, 60000) n`,
      [shelf.merchantId],
    ),
  )
  return shelf
}
/** Reads the head of the answer and nothing more until it is told. */
const begin = (key: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { authorization: `Bearer ${key}` } }
    httpRequest(`${url}/api/v1/export`, options, resolve).on('error', reject).end()
  })
const rest = async (answer: IncomingMessage): Promise<{ readonly last: string; readonly whole: boolean }> => {
  let last = ''
  try {
    for await (const chunk of answer) last = `${last}${chunk}`.slice(-2_000)
    return { last, whole: answer.complete }
  } catch {
    return { last, whole: false }
  }
}
const exporting = () =>
  house.api.database.asAdmin(async (admin) => {
    const { rows } = await admin.query(
      `select pid from pg_stat_activity where state <> 'idle' and query like 'fetch %' and datname = current_database()`,
    )
    return rows.map(({ pid }) => Number(pid))
  })

test('a reader who waits makes the hub wait; one that is cut off sees no last line, and the next export is let in', async () => {
  const large = await aLargeMerchant()
  const slow = await begin(large.key)
  expect(slow.statusCode).toBe(200)
  await expect.poll(exporting).toHaveLength(1)
  const second = await house.api.call('POST /export', { key: mine.key })
  expect([second.status, second.json.code]).toEqual([503, 'HUB_BUSY'])
  const [pid] = await exporting()
  expect(pid).toBeDefined()
  await house.api.database.asAdmin((admin) => admin.query('select pg_terminate_backend($1)', [pid]))
  const { last, whole } = await rest(slow)
  expect(whole).toBe(false)
  expect(last).not.toContain('"manifest"')
  const gone = await begin(large.key)
  gone.destroy()
  await expect.poll(async () => (await house.api.call('POST /export', { key: mine.key })).status).toBe(200)
  expect((await crossdock(large.key)).code).toBe(0)
  expect(await exporting()).toEqual([])
})

test('an address that only reads starts no export', async () => {
  const status = await new Promise((resolve, reject) => {
    get(`${url}/api/v1/export`, { headers: { authorization: `Bearer ${mine.key}` } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    }).on('error', reject)
  })
  expect(status).toBe(404)
})
