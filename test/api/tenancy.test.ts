import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Role, roles } from '../../src/api/permissions.ts'
import { publicId } from '../../src/model/id.ts'
import { aMember, type Browser, password, signedIn } from '../accounts/support.ts'
import { aShelf, type Shelf } from './shelf.ts'
import { type Api, installToken, list, openApi } from './support.ts'

let api: Api
let mine: Shelf
let theirs: Shelf
beforeAll(async () => {
  api = await openApi()
  theirs = await aShelf(api, 'north')
  mine = await aShelf(api, 'south')
})
afterAll(() => api.close())

/** Every row of one merchant, as one hash for each table. */
function picture(merchantId: string): Promise<Record<string, string>> {
  return api.database.asAdmin(async (admin) => {
    const { rows } = await admin.query(
      `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id' and not a.attisdropped
       where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition`,
    )
    const hashes: Record<string, string> = {}
    for (const { relname } of rows) {
      const found = await admin.query(
        `select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash from ${relname} t where merchant_id = $1`,
        [merchantId],
      )
      hashes[relname] = found.rows[0].hash
    }
    return hashes
  })
}

interface Attempt {
  readonly path?: (shelf: Shelf) => string
  readonly body?: (shelf: Shelf) => unknown
}
const stock = (lines: unknown) => ({ reason: 'try', lines })

/** How each route that takes an id is tried with another merchant's. Query and body ids are tried too. */
const attempts: Readonly<Record<string, readonly Attempt[]>> = {
  'GET /items/{id}': [{ path: (s) => `/items/${s.item}` }],
  'GET /items/{id}/movements': [{ path: (s) => `/items/${s.item}/movements` }],
  'PUT /listings/{id}/components': [
    { path: (s) => `/listings/${s.listing}/components`, body: () => ({ components: [] }) },
    {
      path: () => `/listings/${mine.listing}/components`,
      body: (s) => ({ components: [{ item: s.item, quantity: 1 }] }),
    },
  ],
  'PATCH /locations/{id}': [{ path: (s) => `/locations/${s.location}`, body: () => ({ name: 'Stolen' }) }],
  'GET /connections/{id}': [{ path: (s) => `/connections/${s.connection}` }],
  'GET /connections/consents/{id}': [{ path: (s) => `/connections/consents/${s.consent}` }],
  'PATCH /connections/{id}': [{ path: (s) => `/connections/${s.connection}`, body: () => ({ label: 'Stolen' }) }],
  'POST /connections/{id}/poll': [{ path: (s) => `/connections/${s.connection}/poll` }],
  'GET /connections/{id}/shadow': [{ path: (s) => `/connections/${s.connection}/shadow` }],
  'GET /connections/{id}/shadow/quantities': [{ path: (s) => `/connections/${s.connection}/shadow/quantities` }],
  'GET /connections/{id}/shadow/skus': [{ path: (s) => `/connections/${s.connection}/shadow/skus` }],
  'GET /connections/{id}/shadow/orders': [{ path: (s) => `/connections/${s.connection}/shadow/orders` }],
  'PUT /connections/{id}/write-mode': [
    { path: (s) => `/connections/${s.connection}/write-mode`, body: () => ({ mode: 'off' }) },
  ],
  'POST /connections/{id}/backfill': [
    { path: (s) => `/connections/${s.connection}/backfill`, body: () => ({ since: '2026-01-01T00:00:00Z' }) },
  ],
  'POST /connections/{id}/disconnect': [{ path: (s) => `/connections/${s.connection}/disconnect` }],
  'GET /orders/{id}': [{ path: (s) => `/orders/${s.order}` }],
  'POST /orders/{id}/hold': [{ path: (s) => `/orders/${s.order}/hold`, body: () => ({ reason: 'not theirs' }) }],
  'POST /orders/{id}/release': [{ path: (s) => `/orders/${s.order}/release` }],
  'POST /orders/{id}/cancel': [{ path: (s) => `/orders/${s.order}/cancel`, body: () => ({ reason: 'other' }) }],
  'POST /orders/{id}/replay': [{ path: (s) => `/orders/${s.order}/replay` }],
  'POST /orders/{id}/keep': [{ path: (s) => `/orders/${s.order}/keep` }],
  'GET /orders': [{ path: (s) => `/orders?connection=${s.connection}` }],
  'GET /listings': [{ path: (s) => `/listings?connection=${s.connection}` }],
  'GET /inventory/levels': [{ path: (s) => `/inventory/levels?location=${s.location}` }],
  'GET /fulfillment-orders': [
    { path: (s) => `/fulfillment-orders?order=${s.order}` },
    { path: (s) => `/fulfillment-orders?partner=${s.partner}` },
  ],
  'GET /fulfillment-orders/{id}': [{ path: (s) => `/fulfillment-orders/${s.fulfillmentOrder}` }],
  'POST /fulfillment-orders/{id}/retry': [{ path: (s) => `/fulfillment-orders/${s.fulfillmentOrder}/retry` }],
  'POST /fulfillment-orders/{id}/shipments': [
    {
      path: (s) => `/fulfillment-orders/${s.handFulfillmentOrder}/shipments`,
      body: () => ({ carrier: 'Example Post', lines: [{ sku: 'SKU-3', quantity: 1 }] }),
    },
  ],
  'GET /shipments': [{ path: (s) => `/shipments?order=${s.order}` }],
  'GET /shipments/{id}': [{ path: (s) => `/shipments/${s.shipment}` }],
  'GET /files': [{ path: (s) => `/files?partner=${s.partner}` }],
  'GET /files/{id}': [{ path: (s) => `/files/${s.file}` }],
  'GET /files/{id}/content': [{ path: (s) => `/files/${s.file}/content` }],
  'POST /warehouses/{id}/send': [{ path: (s) => `/warehouses/${s.partner}/send` }],
  'POST /warehouses/{id}/files': [
    { path: (s) => `/warehouses/${s.partner}/files`, body: () => ({ name: 'stock.csv', content: 'YQ==' }) },
  ],
  'POST /exceptions/{id}/resolve': [{ path: (s) => `/exceptions/${s.exception}/resolve` }],
  'GET /inbox/messages': [{ path: (s) => `/inbox/messages?connection=${s.connection}` }],
  'GET /inbox/messages/{id}': [{ path: (s) => `/inbox/messages/${s.message}` }],
  'GET /inbox/messages/{id}/raw': [{ path: (s) => `/inbox/messages/${s.message}/raw` }],
  'POST /inbox/messages/{id}/replay': [{ path: (s) => `/inbox/messages/${s.message}/replay` }],
  'GET /privacy/requests/{id}': [{ path: (s) => `/privacy/requests/${s.privacyRequest}` }],
  'GET /privacy/requests/{id}/export': [{ path: (s) => `/privacy/requests/${s.privacyRequest}/export` }],
  'POST /privacy/requests/{id}/done': [{ path: (s) => `/privacy/requests/${s.privacyRequest}/done` }],
  'POST /privacy/erasures': [
    { path: () => '/privacy/erasures', body: (s) => ({ connection: s.connection, orders: ['1001'] }) },
  ],
  'DELETE /api-keys/{id}': [{ path: (s) => `/api-keys/${s.key.split('_')[2]}` }],
}

test('every route that takes an id is tried', async () => {
  const { paths } = (await api.app.inject('/api/openapi.json')).json()
  const withId = Object.keys(paths)
    .filter((path) => path.includes('{'))
    .flatMap((path) =>
      Object.keys(paths[path]).map((method) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`),
    )
  expect(withId.length).toBeGreaterThan(15)
  // No key can ask these at all: test/accounts/team.test.ts tries them as people.
  const ofPeople = /^[A-Z]+ \/(me|members|invitations)\//
  expect(withId.filter((route) => !ofPeople.test(route) && !(route in attempts))).toEqual([])
})

test.each(Object.keys(attempts))(
  "[bad-input 42] another merchant's id at %s is 404, and nothing changes",
  async (route) => {
    const method = route.split(' ')[0]
    for (const attempt of attempts[route] ?? []) {
      const own = await picture(mine.merchantId)
      const other = await picture(theirs.merchantId)
      const path = attempt.path?.(theirs) ?? ''
      const answer = await api.call(`${method} ${path}`, {
        key: mine.key,
        ...(attempt.body && { body: attempt.body(theirs) }),
      })
      expect({ path, status: answer.status }).toEqual({ path, status: 404 })
      expect(answer.text).not.toContain(theirs.merchantId.slice(-12))
      expect(await picture(theirs.merchantId)).toEqual(other)
      expect(await picture(mine.merchantId)).toEqual(own)
    }
  },
)

/** A person of `mine` in each role, asked in by an owner. */
async function aPerson(role: Role): Promise<Browser> {
  const email = `${role}@example.com`
  const body = { merchant: publicId('merchant', mine.merchantId), email: `owner-of-${email}` }
  const asked = await api.call('POST /installation/invitations', { key: installToken, body })
  await api.call('POST /invitations/accept', { body: { token: asked.json.token, password } })
  const owner = await signedIn({ api }, body.email)
  const team = { merchant: body.merchant, key: mine.key, email: body.email, owner }
  return (await aMember({ api }, team, role)).browser
}

test.each(roles)(
  "[bad-input 42] a %s who sends another merchant's ids is told 403 or 404 by every route, and nothing changes",
  async (role) => {
    const person = await aPerson(role)
    const [own, other] = [await picture(mine.merchantId), await picture(theirs.merchantId)]
    const told: unknown[] = []
    for (const [route, tries] of Object.entries(attempts)) {
      for (const { path, body } of tries) {
        const where = `${route.split(' ')[0]} ${path?.(theirs) ?? ''}`
        const answer = await person.call(where, body?.(theirs))
        if (![403, 404].includes(answer.status) || answer.text.includes(theirs.merchantId.slice(-12)))
          told.push([where, answer.status])
      }
    }
    expect(told).toEqual([])
    expect(await picture(theirs.merchantId)).toEqual(other)
    expect(await picture(mine.merchantId)).toEqual(own)
  },
)

test('the same routes answer their own merchant', async () => {
  const tried = Object.entries(attempts).filter(([route]) => route.startsWith('GET '))
  for (const [, [attempt]] of tried) {
    const path = attempt?.path?.(theirs) ?? ''
    const answer = await api.call(`GET ${path}`, { key: theirs.key })
    expect({ path, status: answer.status }).toEqual({ path, status: 200 })
  }
})

test("[bad-input 42] another merchant's location in a bulk adjustment names the row and changes no other row", async () => {
  const own = await picture(mine.merchantId)
  const other = await picture(theirs.merchantId)
  const lines = [
    { sku: 'SKU-1', location: '3PL', delta: 1 },
    { sku: 'SKU-1', location: theirs.location, delta: 1 },
  ]
  const answer = await api.call('POST /inventory/adjustments', { key: mine.key, body: stock(lines) })
  expect(answer.status).toBe(422)
  expect(list(answer.json.errors).map((e) => e.field)).toEqual(['lines.1.location'])
  expect(await picture(mine.merchantId)).toEqual(own)
  expect(await picture(theirs.merchantId)).toEqual(other)
})

test('[bad-input 42] a cursor of another merchant opens nothing', async () => {
  const page = await api.call('GET /orders?limit=1', { key: theirs.key })
  const answer = await api.call(`GET /orders?limit=1&after=${String(page.json.next)}`, { key: mine.key })
  expect(answer.status).toBe(404)
})

test('no list shows a row of another merchant', async () => {
  const lists = [
    '/orders',
    '/items',
    '/listings',
    '/connections',
    '/locations',
    '/inventory/levels',
    '/inventory/matrix',
    '/fulfillment-orders',
    '/warehouses',
  ]
  const more = ['/shipments', '/files', '/exceptions', '/inbox/messages', '/api-keys', '/orders/search?q=1']
  const idsOf = async (path: string, key: string) =>
    list((await api.call(`GET ${path}`, { key })).json.items).map((item) =>
      String(item.id ?? `${item.item}${item.location}`),
    )
  for (const path of [...lists, ...more]) {
    const [own, other] = [await idsOf(path, mine.key), await idsOf(path, theirs.key)]
    expect(own.length, path).toBeGreaterThan(0)
    expect(
      own.filter((id) => other.includes(id)),
      path,
    ).toEqual([])
  }
})

test('[bad-input 29] a shop that another merchant holds is refused, and nothing is told of them', async () => {
  const other = await picture(theirs.merchantId)
  const answer = await api.call('POST /connections', {
    key: mine.key,
    body: {
      connector: 'fake-shop',
      label: 'mine now',
      credentials: { token: 'good-token' },
      settings: { shop: 'shop-north' },
    },
  })
  expect(answer.status).toBe(409)
  expect(answer.text).not.toMatch(/north|mer_|con_/)
  expect(await picture(theirs.merchantId)).toEqual(other)
})

test('no secret and no person of the shelf was logged', () => {
  const log = api.lines.join('\n')
  expect(api.lines.length).toBeGreaterThan(10)
  expect(log).not.toMatch(/canary|Example Person|Example Street|hub_live_[0-9a-z]{8}_/)
})
