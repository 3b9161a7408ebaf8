import { once } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http'
import { connect as dial } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PretendShop } from '#kit/pretend'
import { startPretend as startShopify } from '../../connectors/shopify/pretend/index.ts'
import { startPretend as startWoo } from '../../connectors/woocommerce/pretend/index.ts'
import { loadConnectors } from '../../src/connectors.ts'
import { readMessages } from '../../src/lanes/read-messages.ts'
import { type Bench, type Connected, openBench } from './bench.ts'
import { hmac, shopifyHeaders, shopifyOrder, wooHeaders } from './shops.ts'

// The rows are those of the list of bad inputs that the project keeps; each stands beside the answer that it must get.

const options = { seed: 7, timeScale: 60, record: () => undefined }
const aMinute = 60_000
let bench: Bench
let lily: PretendShop
let fern: PretendShop
let shopify: Connected
let woo: Connected
let app: { readonly domain: string; readonly secret: string }
let site: { readonly source: string; readonly secret: string }

beforeAll(async () => {
  lily = await startShopify({ ...options, name: 'Lily' })
  fern = await startWoo({ ...options, name: 'Fern' })
  bench = await openBench({ connectors: await loadConnectors(), limits: { requestMs: 400 } })
  shopify = await bench.connect({ ...lily.connect, account: 'gid://shopify/Shop/1' })
  woo = await bench.connect({ ...fern.connect, account: String(fern.connect.settings.storeUrl) })
  app = { domain: String(lily.connect.settings.shop), secret: String(lily.connect.credentials.apiSecret) }
  const { storeUrl } = fern.connect.settings
  site = { source: String(storeUrl), secret: String(fern.connect.credentials.webhookSecret) }
  for (const sku of ['EX-1', 'EX-2']) {
    lily.addProduct({ sku, title: 'Example mug', priceMinor: 1_000n, stock: 50 })
    fern.addProduct({ sku, title: 'Example mug', priceMinor: 1_000n, stock: 50 })
  }
  await bench.stock({ 'EX-1': 1_000, 'EX-2': 1_000 })
})
afterAll(async () => {
  await bench?.close()
  await lily?.close()
  await fern?.close()
})

let ids = 5_000
const orderBody = (more: Omit<Parameters<typeof shopifyOrder>[0], 'id'> = {}) =>
  JSON.stringify(shopifyOrder({ id: ++ids, ...more }))
const lastRef = () => `gid://shopify/Order/${ids}`
const postShopify = (body: string | Uint8Array, headers: OutgoingHttpHeaders = {}) =>
  bench.post(shopify, shopifyHeaders(body, headers, app), body)
const postWoo = (body: string | Uint8Array, headers: OutgoingHttpHeaders = {}) =>
  bench.post(woo, wooHeaders(body, site, headers), body)
const stored = async () => (await bench.rows<{ n: number }>('select count(*)::int as n from inbox_message'))[0]?.n ?? 0
const orderOf = async (ref: string) =>
  (
    await bench.rows<{ orderId: string; title: string; number: string }>(
      `select o.order_id as "orderId", l.title, o.external_number as number from orders o join order_line l using (merchant_id, order_id) where o.external_id = $1`,
      [ref],
    )
  )[0] ?? null
/** The newest message that is no fetch of ours, after the lanes were run. */
async function endOf(connection: Connected): Promise<string> {
  await bench.run(connection, 'import')
  const [row] = await bench.rows<{ state: string; reason: string | null }>(
    `select state, reason from inbox_message where connection_id = $1 and source = 'webhook' order by received_at desc, message_id desc limit 1`,
    [connection.connectionId],
  )
  return `${row?.state}${row?.reason ? `: ${row.reason}` : ''}`
}

describe.each(['shopify', 'woocommerce'] as const)('at the door of %s', (kind) => {
  const body = () => (kind === 'shopify' ? JSON.stringify(shopifyOrder({ id: 1 })) : '{"id":1,"status":"processing"}')
  const name = kind === 'shopify' ? 'x-shopify-hmac-sha256' : 'x-wc-webhook-signature'
  const send = (text: string | Uint8Array, more: OutgoingHttpHeaders) =>
    kind === 'shopify' ? postShopify(text, more) : postWoo(text, more)
  const secret = () => (kind === 'shopify' ? app.secret : site.secret)
  const right = () => hmac(body(), secret())
  let before = 0
  beforeEach(async () => {
    before = await stored()
  })

  const refused: readonly [row: string, how: () => readonly [text: string, headers: OutgoingHttpHeaders]][] = [
    ['1 no signature', () => [body(), { [name]: undefined }]],
    ['2 a wrong key', () => [body(), { [name]: hmac(body(), 'another key') }]],
    ['3 the signature of another body', () => [body(), { [name]: hmac('{"id":2}', secret()) }]],
    ['4 one space more than was signed', () => [`${body()} `, { [name]: right() }]],
    ['4 one byte changed', () => [body().replace('1', '2'), { [name]: right() }]],
    ['5 hexadecimal', () => [body(), { [name]: Buffer.from(right(), 'base64').toString('hex') }]],
    ['5 base64url', () => [body(), { [name]: Buffer.from(right(), 'base64').toString('base64url') }]],
    ['6 an empty signature', () => [body(), { [name]: '' }]],
    ['6 a signature of one character', () => [body(), { [name]: 'A' }]],
    ['6 a signature of 10 kB', () => [body(), { [name]: 'A'.repeat(10_000) }]],
    ['6 a signature that is no text', () => [body(), { [name]: '\u00ff\u00fe'.repeat(22) }]],
    ['7 two signatures, the right one first', () => [body(), { [name]: [right(), 'AAAA'] }]],
    ['7 two signatures, the right one last', () => [body(), { [name]: ['AAAA', right()] }]],
    [
      '8 an event of another shop',
      () => [
        body(),
        { 'x-shopify-shop-domain': 'other.myshopify.com', 'x-wc-webhook-source': 'https://other.example.com/' },
      ],
    ],
    ['8 an event of no shop', () => [body(), { 'x-shopify-shop-domain': undefined, 'x-wc-webhook-source': undefined }]],
    ['13 a wrong signature as text/plain', () => [body(), { [name]: 'AAAA', 'content-type': 'text/plain' }]],
  ]
  test.each(refused)('row %s is a 401, and nothing is stored', async (_row, how) => {
    const [text, headers] = how()
    expect(await send(text, headers)).toEqual({ status: 401, body: 'refused' })
    expect(await stored()).toBe(before)
  })

  test('row 8: what shop A signs is not let in at the address of shop B of the same app or host', async () => {
    const other = kind === 'shopify' ? woo : shopify
    const headers = kind === 'shopify' ? shopifyHeaders(body(), {}, app) : wooHeaders(body(), site)
    expect((await bench.post({ ...other, token: other.token }, headers, body())).status).toBe(401)
    expect((await bench.post({ ...other, kind }, headers, body())).status).toBe(401)
    expect(await stored()).toBe(before)
  })

  test.each(['application/json\t;x', ' application/json', ';', undefined, 'text/plain', 'application/xml; a=b; a=c'])(
    'row 13: content type %j changes nothing',
    async (type) => {
      expect((await send(body(), { 'content-type': type })).status).toBe(200)
    },
  )

  test('row 14: a gzip bomb is turned away unread', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    expect((await send(bomb, { 'content-encoding': 'gzip', [name]: hmac(bomb, secret()) })).status).toBe(415)
    expect(await stored()).toBe(before)
  })

  test('row 15: one byte more than the manifest allows is a 413', async () => {
    const { bodyBytesMax = 0 } = bench.connectors.get(kind)?.manifest.push ?? {}
    const over = 'x'.repeat(bodyBytesMax + 1)
    expect((await send(over, { [name]: hmac(over, secret()) })).status).toBe(413)
    expect(await stored()).toBe(before)
  })

  test('row 16: a body that trickles is a 408', async () => {
    const { token } = kind === 'shopify' ? shopify : woo
    const socket = dial(bench.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => {
      answer += String(data)
    })
    socket.write(`POST /in/${kind}/${token} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n`)
    await once(socket, 'close')
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  })

  const unreadable: readonly [row: string, text: string | Uint8Array][] = [
    ['17 not JSON', '{"id":'],
    ['17 nothing at all', ''],
    ['17 a web page', '<html>maintenance</html>'],
    ['18 arrays in arrays, 10,000 deep', '['.repeat(10_000)],
    ['18 objects in objects, 10,000 deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['21 bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0xc0, 0x80, 0x7d])],
    ['a JSON text that is no object', '"order"'],
    ['null', 'null'],
  ]
  test.each(unreadable)(
    'row %s: accepted, then dead or ignored with a reason that a person sees',
    async (_row, text) => {
      expect((await send(text, {})).status).toBe(200)
      const connection = kind === 'shopify' ? shopify : woo
      const end = await endOf(connection)
      expect(end).toMatch(/^(dead|ignored): \S/)
      const shown = await bench.rows<{ reason: string }>(
        `select e.detail ->> 'reason' as reason from exception e join inbox_message m on m.message_id = e.subject_id
       where e.kind = 'message_dead' and e.resolved_at is null and m.state = 'dead' and m.connection_id = $1 order by e.raised_at desc limit 1`,
        [connection.connectionId],
      )
      if (end.startsWith('dead')) expect(`dead: ${shown[0]?.reason}`).toBe(end)
    },
  )

  test('row 22: a topic that nobody knows is accepted and ignored', async () => {
    expect(
      (await send('{"id":1}', { 'x-shopify-topic': 'moons/rise', 'x-wc-webhook-topic': 'moon.rise' })).status,
    ).toBe(200)
    expect(await endOf(kind === 'shopify' ? shopify : woo)).toMatch(/^ignored: /)
  })
})

describe('an order on its way in', () => {
  test('row 9: a body older than the channel is trusted for only hints, and the order is fetched as it is now', async () => {
    const { id } = lily.buy([{ sku: 'EX-1', quantity: 2 }]) ?? { id: '' }
    const told = JSON.stringify({
      ...shopifyOrder({ id: 7 }),
      id: 7,
      admin_graphql_api_id: `gid://shopify/Order/${id}`,
    })
    await postShopify(told, { 'x-shopify-triggered-at': new Date(Date.now() - 6 * aMinute).toISOString() })
    expect(await endOf(shopify)).toBe('superseded')
    expect((await orderOf(`gid://shopify/Order/${id}`))?.number).toBe(
      lily.orders().find((one) => one.id === id)?.number,
    )
  })

  test.each(['NaN', '1e99', '-1', '', '2026-99-99T00:00:00Z', '9999999999999', '\u00ff'])(
    'row 10: the time %j is no time, so the body only hints; that no such order is there ends it',
    async (time) => {
      const body = orderBody()
      expect((await postShopify(body, { 'x-shopify-triggered-at': time })).status).toBe(200)
      expect(await endOf(shopify)).toBe('ignored: the channel no longer has this order')
      expect(await orderOf(lastRef())).toBe(null)
    },
  )

  test('row 11: delivery ids with dots and colons do not run into one another', async () => {
    const before = await stored()
    for (const event of ['a.b', 'a:b', 'orders/create:a', 'a'])
      expect((await postShopify(orderBody(), { 'x-shopify-event-id': event })).status).toBe(200)
    expect(await stored()).toBe(before + 4)
  })

  test('row 12: the same delivery a hundred times at once is a hundred times 200, one order and one reservation', async () => {
    const body = orderBody({ quantity: 3 })
    const headers = shopifyHeaders(body, { 'x-shopify-event-id': 'one-event' }, app)
    const answers = await Promise.all(Array.from({ length: 100 }, () => bench.post(shopify, headers, body)))
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
    await bench.run(shopify, 'import')
    const { orderId } = (await orderOf(lastRef())) ?? { orderId: '' }
    expect(await bench.rows('select reserved from reservation where order_id = $1', [orderId])).toEqual([
      { reserved: 3 },
    ])
    expect(await bench.rows('select 1 from orders where external_id = $1', [lastRef()])).toHaveLength(1)
    await bench.audit()
  })

  test('row 12: the same without a stable delivery id is as many messages, and still one order and one reservation', async () => {
    const { id } = fern.buy([{ sku: 'EX-2', quantity: 2 }]) ?? { id: '' }
    const body = JSON.stringify({ id: Number(id), status: 'processing' })
    const answers = await Promise.all(Array.from({ length: 100 }, () => postWoo(body)))
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
    await bench.run(woo, 'import')
    const { orderId } = (await orderOf(id)) ?? { orderId: '' }
    expect(await bench.rows('select reserved from reservation where order_id = $1', [orderId])).toEqual([
      { reserved: 2 },
    ])
    await bench.audit()
  })

  test('row 18: reading a body of 2 MB of brackets, or of text, keeps the process busy for less than 50 ms', async () => {
    const connector = bench.connectors.get('shopify')
    const texts = ['['.repeat(1_900_000), `{"a":${'['.repeat(1_900_000)}`, `{"id":1,"note":"${'x'.repeat(1_900_000)}"}`]
    for (const text of texts) {
      const message = {
        messageId: crypto.randomUUID(),
        source: 'webhook' as const,
        topic: 'orders/create',
        subjectRef: null,
        receivedAt: new Date(),
        dueAt: 'now',
        attempts: 0,
        headers: { 'occurred-at': new Date().toISOString() },
        sha256: Buffer.alloc(32),
      }
      const tries: number[] = []
      for (let n = 0; n < 5; n++) {
        const startedMs = performance.now()
        // Never quite the same text: one that was just read is remembered.
        const raw = Buffer.from(text + ' '.repeat(n))
        if (connector)
          expect((await readMessages({ connector, settings: {} }, [{ ...message, raw }])).facts).toEqual([])
        tries.push(performance.now() - startedMs)
      }
      expect(Math.min(...tries)).toBeLessThan(50)
    }
  })

  test('row 19: __proto__ and constructor keys change nothing outside the body, and the order is imported', async () => {
    const evil = '"__proto__":{"admin":true,"quantity":0},"constructor":{"prototype":{"admin":true}},'
    const body = orderBody({ quantity: 2 })
      .replace('{', `{${evil}`)
      .replace('"line_items":[{', `"line_items":[{${evil}`)
    expect((await postShopify(body)).status).toBe(200)
    expect(await endOf(shopify)).toBe('applied')
    expect(Reflect.get({}, 'admin')).toBeUndefined()
    const { orderId } = (await orderOf(lastRef())) ?? { orderId: '' }
    expect(await bench.rows('select reserved from reservation where order_id = $1', [orderId])).toEqual([
      { reserved: 2 },
    ])
  })

  test('row 20: of a key that comes twice the last one counts', async () => {
    const body = orderBody({ quantity: 1 }).replace('"quantity":1,', '"quantity":9,"quantity":1,')
    expect(body).toContain('"quantity":9,"quantity":1')
    await postShopify(body)
    expect(await endOf(shopify)).toBe('applied')
    const { orderId } = (await orderOf(lastRef())) ?? { orderId: '' }
    expect(await bench.rows('select reserved from reservation where order_id = $1', [orderId])).toEqual([
      { reserved: 1 },
    ])
  })

  test('row 21: NUL and half characters in names, titles, notes and numbers are stored without them', async () => {
    const dirty = (text: string) => `${text}\u0000\ud800`
    const address = { name: dirty('Ann Example'), address1: dirty('Example Street 1'), city: dirty('Example') }
    const body = orderBody({
      line: { name: dirty('Mug'), title: dirty('Mug'), sku: dirty('EX-1') },
      more: {
        name: dirty('#77'),
        note: dirty('Ring twice'),
        shipping_address: address,
        financial_status: dirty('paid'),
      },
    })
    expect(body).toContain('\\u0000\\ud800')
    expect((await postShopify(body)).status).toBe(200)
    expect(await endOf(shopify)).toBe('applied')
    const order = await orderOf(lastRef())
    expect([order?.title, order?.number]).toEqual(['Mug\ufffd', '#77\ufffd'])
    const persons = await bench.rows<{ role: string; data: object }>(
      'select role, data from order_person where order_id = $1',
      [order?.orderId],
    )
    expect(Object.fromEntries(persons.map(({ role, data }) => [role, data]))).toMatchObject({
      ship_to: { name: 'Ann Example\ufffd', address1: 'Example Street 1\ufffd', city: 'Example\ufffd' },
      note: { text: 'Ring twice\ufffd' },
    })
  })

  const dead: readonly [what: string, body: () => string][] = [
    ['a total that holds a NUL', () => orderBody({ more: { total_price_set: money('1\u00000') } })],
    [
      'a total that ends in half a character',
      () => orderBody({ more: { total_price_set: money(`${'9'.repeat(39)}😀`) } }),
    ],
    ['a total beyond any ledger', () => orderBody({ more: { total_price_set: money('999999999999999999.99') } })],
    [
      'a currency that is a novel',
      () => orderBody({ more: { total_price_set: money('1.00', '😀\u0000'.repeat(400)) } }),
    ],
    ['half a cent', () => orderBody({ more: { total_price_set: money('10.005') } })],
    ['a quantity beyond any stock', () => orderBody({ line: { quantity: 3_000_000_000 } })],
    ['a negative quantity', () => orderBody({ line: { quantity: -1 } })],
    ['half a unit', () => orderBody({ line: { quantity: 0.5 } })],
    ['a time that is none', () => orderBody({ more: { created_at: '2026-13-45T00:00:00Z' } })],
    ['an id that holds a NUL', () => orderBody({ more: { admin_graphql_api_id: 'gid://shopify/Order/1\u0000' } })],
    [
      'an id that is a novel',
      () => orderBody({ more: { admin_graphql_api_id: `gid://shopify/Order/${'1'.repeat(5_000)}` } }),
    ],
    ['two lines under one id', () => orderBody({ more: { line_items: twins() } })],
  ]
  test.each(dead)(
    '%s ends the message as dead, the reason is storable and stands before a person',
    async (_what, body) => {
      expect((await postShopify(body())).status).toBe(200)
      const end = await endOf(shopify)
      expect(end).toMatch(/^dead: \S/)
      expect([...end].length).toBeLessThan(520)
      expect(end.isWellFormed()).toBe(true)
    },
  )

  test.each([
    ['first', 0],
    ['in the middle', 24],
    ['last', 49],
  ])('a poisoned order that stands %s in a batch of 50 fails alone; the other 49 are imported', async (_where, at) => {
    const first = ids + 1
    for (let n = 0; n < 50; n++) {
      const lines = n === at ? { more: { line_items: twins() } } : {}
      expect((await postShopify(orderBody(lines))).status).toBe(200)
    }
    await bench.run(shopify, 'import')
    const refs = Array.from({ length: 50 }, (_, n) => `gid://shopify/Order/${first + n}`)
    const imported = await bench.rows<{ ref: string }>(
      'select external_id as ref from orders where external_id = any($1)',
      [refs],
    )
    expect(new Set(imported.map(({ ref }) => ref))).toEqual(new Set(refs.filter((_, n) => n !== at)))
    await bench.audit()
  })

  test('nobody who reads the log sees a person, a secret or a signature', () => {
    const said = bench.said()
    for (const canary of [
      'Ann Example',
      'Example Street',
      app.secret,
      site.secret,
      String(lily.connect.credentials.accessToken),
    ])
      expect(said).not.toContain(canary)
  })
})

const money = (amount: string, currency_code = 'EUR') => ({
  shop_money: { amount, currency_code },
  presentment_money: { amount, currency_code },
})

/** Two lines that say they are the same one: each alone would pass. */
function twins(): unknown {
  const order: { line_items?: unknown[] } = shopifyOrder({ id: 1 })
  return [...(order.line_items ?? []), ...(order.line_items ?? [])]
}
