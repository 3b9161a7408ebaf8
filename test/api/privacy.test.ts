import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ordersArrived } from '../../src/flows.ts'
import { carryOutErasures } from '../../src/flows-privacy.ts'
import { insertDeliveries } from '../../src/inbox/insert-deliveries.ts'
import { endMessages } from '../../src/inbox/messages.ts'
import { packBody } from '../../src/inbox/pack-body.ts'
import { uuidOf } from '../../src/model/id.ts'
import { systemIds } from '../../src/platform/base/ids.ts'
import { withIngestTx, withTenantTx } from '../../src/platform/db/tx.ts'
import { anOrder } from '../support/world.ts'
import { type Api, aMerchant, list, openApi } from './support.ts'

const person = { name: 'Canary Person', email: 'canary@example.com' }
const bought = (ref: string, title = 'Mug') =>
  ({ ...anOrder(ref, 1_000, [{ listing: 'V1', quantity: 1 }]), shippingService: title, shipTo: person }) as never

let api: Api
let shop: string
let mine: Holder
let theirs: Holder
beforeAll(async () => {
  api = await openApi()
})
afterAll(() => api.close())

interface Holder {
  readonly key: string
  readonly merchantId: string
  readonly connection: string
}
async function holder(name: string): Promise<Holder> {
  const { id, key } = await aMerchant(api, name)
  const body = { connector: 'fake-shop', label: name, credentials: { token: 'a-token' }, settings: { shop: name } }
  const made = await api.call('POST /connections', { key, body })
  return { key, merchantId: uuidOf('merchant', id) ?? '', connection: String(made.json.id) }
}
const uuid = ({ connection }: Holder) => uuidOf('connection', connection) ?? ''

/** Orders as they arrive: a message with its body, and what was made of it. */
async function arrive(at: Holder, refs: readonly string[], { ended = true, title = 'Mug' } = {}): Promise<void> {
  for (const ref of refs) {
    const messageId = systemIds.uuid()
    const raw = Buffer.from(JSON.stringify({ ref, person }))
    const packed = await packBody(raw)
    const given = { merchantId: at.merchantId, messageId, connectionId: uuid(at), source: 'webhook' as const }
    const delivery = { ...given, topic: 'orders/create', dedupeKey: null, headers: {}, raw, packed }
    await withIngestTx(api.db, (tx) => insertDeliveries(tx, [delivery] as never))
    if (!ended) continue
    await withTenantTx(api.db, at.merchantId, async (tx) => {
      const [row] = await tx.rows<{ account_id: string }>(
        'select account_id from connection where merchant_id = $1 and connection_id = $2',
        [tx.merchantId, uuid(at)],
      )
      const source = { accountId: row?.account_id ?? '', connectionId: uuid(at) }
      await ordersArrived(tx, systemIds, source, [{ messageId, order: bought(ref, title), fetchedAt: null }])
      await endMessages(tx, [{ messageId, state: 'applied', subjectRef: ref }])
    })
  }
}

async function hourPasses(at: Holder): Promise<void> {
  for (let n = 0, more = true; more; n++) {
    if (n > 200) throw new Error('an erasure does not end')
    const page = { keepDays: 0, after: null, limit: 2 }
    more = (await withTenantTx(api.db, at.merchantId, (tx) => carryOutErasures(tx, page))).next !== null
  }
}

/** Everything that is kept of this merchant anywhere, as text. */
async function kept({ merchantId }: Holder): Promise<string> {
  return api.database.asAdmin(async (admin) => {
    const { rows: tables } = await admin.query(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id'
       where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition`,
    )
    const texts = await Promise.all(
      tables.map(({ name }) => admin.query(`select t::text from ${name} t where merchant_id = $1`, [merchantId])),
    )
    const bodies = await admin.query(
      'select count(*)::int as n from inbox_body where merchant_id = $1 and bytes is not null',
      [merchantId],
    )
    return JSON.stringify([bodies.rows, ...texts.map(({ rows }) => rows)])
  })
}
const bodiesOf = (text: string) => Number(/"n":(\d+)/.exec(text)?.[1])
const personsOf = (text: string) => text.split('Canary Person').length - 1

const ask = (body: object, signature = 'app-canary-secret') =>
  api.app.inject({
    ...{ method: 'POST', url: '/connect/fake-shop/privacy', payload: JSON.stringify(body) },
    headers: { 'content-type': 'application/json', 'x-signature': signature },
  })
const requests = async (at: Holder) => list((await api.call('GET /privacy/requests', { key: at.key })).json.items)
const exceptions = async (at: Holder) =>
  list((await api.call('GET /exceptions?state=open&kind=privacy_asked', { key: at.key })).json.items)

let n = 0
beforeEach(async () => {
  shop = `shop-${String.fromCharCode(97 + n++)}`
  mine = await holder(shop)
  theirs = await holder(`${shop}-other`)
  await arrive(mine, ['1', '2', '3', '4', '5'])
  await arrive(theirs, ['1'])
})

test('an erasure takes the persons and the raw bodies of the orders that it names, and proves it', async () => {
  const before = await kept(mine)
  expect([personsOf(before), bodiesOf(before)]).toEqual([5, 5])
  const body = { connection: mine.connection, orders: ['1', '3', 'unknown'] }
  const made = await api.call('POST /privacy/erasures', { key: mine.key, body })
  expect([made.status, made.json.state]).toEqual([201, 'under_way'])
  await hourPasses(mine)
  const after = await kept(mine)
  expect([personsOf(after), bodiesOf(after)]).toEqual([3, 3])
  const [request] = await requests(mine)
  expect(request).toMatchObject({ kind: 'erase', state: 'done', proof: { persons: 2, bodies: 2 } })
  const untouched = await kept(theirs)
  expect([personsOf(untouched), bodiesOf(untouched)]).toEqual([1, 1])
})

test('who is erased stays erased, whatever the shop tells of the order afterwards', async () => {
  await api.call('POST /privacy/erasures', { key: mine.key, body: { connection: mine.connection, orders: ['1'] } })
  await hourPasses(mine)
  await arrive(mine, ['1'], { title: 'Changed' })
  expect(personsOf(await kept(mine))).toBe(4)
})

test('a body that still waits to be read may be about anybody: the erasure ends once it was read', async () => {
  await arrive(mine, ['1'], { ended: false })
  await api.call('POST /privacy/erasures', { key: mine.key, body: { connection: mine.connection, orders: ['1'] } })
  await hourPasses(mine)
  expect((await requests(mine)).map(({ state }) => String(state))).toEqual(['under_way'])
  const meanwhile = await kept(mine)
  expect([personsOf(meanwhile), bodiesOf(meanwhile)]).toEqual([4, 5])
  await withTenantTx(api.db, mine.merchantId, (tx) =>
    tx.rows(
      `update inbox_message set state = 'applied', subject_ref = '1' where merchant_id = $1 and state = 'pending'`,
      [tx.merchantId],
    ),
  )
  await withTenantTx(api.db, mine.merchantId, (tx) =>
    tx.rows('update privacy_request set look_at = now() where merchant_id = $1', [tx.merchantId]),
  )
  await hourPasses(mine)
  expect((await requests(mine)).map(({ state }) => String(state))).toEqual(['done'])
  expect(bodiesOf(await kept(mine))).toBe(4)
})

test('what a platform asks for a person is put before one, with what is kept, until it was sent out', async () => {
  const question = { kind: 'export', account: shop, orders: ['2', '4'] }
  expect([(await ask(question)).statusCode, (await ask(question)).statusCode]).toEqual([200, 200])
  const [request, ...more] = await requests(mine)
  expect([request, more]).toMatchObject([{ kind: 'export', source: 'platform', state: 'waits_for_you' }, []])
  expect(Date.parse(String(request?.dueAt)) - Date.now()).toBeLessThan(31 * 86_400_000)
  expect(await exceptions(mine)).toHaveLength(1)
  const path = `/privacy/requests/${String(request?.id)}`
  const { json } = await api.call(`GET ${path}/export`, { key: mine.key })
  expect(
    list(json.orders)
      .map(({ externalId }) => String(externalId))
      .sort(),
  ).toEqual(['2', '4'])
  expect(JSON.stringify(json)).toContain('canary@example.com')
  expect((await api.call(`POST ${path}/done`, { key: mine.key })).json).toMatchObject({ state: 'done' })
  expect((await api.call(`POST ${path}/done`, { key: mine.key })).status).toBe(409)
  expect(await exceptions(mine)).toEqual([])
  expect(await requests(theirs)).toEqual([])
})

test('a question that the platform did not sign, or that nobody can read, changes nothing', async () => {
  const question = { kind: 'erase', account: shop, orders: ['1'] }
  expect((await ask(question, 'wrong')).statusCode).toBe(401)
  expect((await ask({ kind: 'erase', account: 'a-shop-of-nobody', orders: ['1'] })).statusCode).toBe(200)
  expect(await requests(mine)).toEqual([])
})

test('when a shop has left, everything of its persons goes; when it has come back, nothing does', async () => {
  const question = { kind: 'erase_account', account: shop }
  await ask(question)
  await hourPasses(mine)
  expect(personsOf(await kept(mine))).toBe(5)
  expect((await requests(mine))[0]).toMatchObject({ state: 'done', reason: 'the shop is connected again' })
  await api.call(`POST /connections/${mine.connection}/disconnect`, { key: mine.key })
  await ask({ ...question, again: true })
  await hourPasses(mine)
  const after = await kept(mine)
  expect([personsOf(after), bodiesOf(after)]).toEqual([0, 0])
  expect((await requests(mine))[0]).toMatchObject({ state: 'done', proof: { persons: 5, bodies: 5 } })
  expect(personsOf(await kept(theirs))).toBe(1)
})
