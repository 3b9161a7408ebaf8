import { createHmac } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { buyOne, openTrial, type Reply, reach, replyOf, type Trial } from './trial.ts'

const open: Trial[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
async function trialOf(options: Parameters<typeof openTrial>[0] = {}): Promise<Trial> {
  const trial = await openTrial(options)
  open.push(trial)
  return trial
}

async function token(trial: Trial, body: Record<string, string>): Promise<Reply> {
  const response = await fetch(`${trial.url}/admin/oauth/access_token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: 'app', client_secret: trial.secret, ...body }),
  })
  return replyOf(response.status, response.headers, await response.text())
}

async function consent(trial: Trial): Promise<URL> {
  const query = new URLSearchParams({
    client_id: 'app',
    scope: 'write_orders',
    redirect_uri: 'https://hub.example.com/callback',
    state: 'st&te',
  })
  const page = await (await fetch(`${trial.url}/admin/oauth/authorize?${query}`)).text()
  const href = /id="install" href="([^"]+)"/.exec(page)?.[1]?.replace(/&#38;/g, '&') ?? ''
  const answer = await fetch(`${trial.url}${href}`, { redirect: 'manual' })
  expect(answer.status).toBe(302)
  return new URL(answer.headers.get('location') ?? '')
}

test('a merchant who consents comes back with a code under a valid signature, good for one token', async () => {
  const trial = await trialOf()
  const callback = await consent(trial)
  const query = Object.fromEntries(callback.searchParams)
  const { hmac, ...rest } = query
  const signed = new URLSearchParams(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))).toString()
  expect(hmac).toBe(createHmac('sha256', trial.secret).update(signed).digest('hex'))
  expect(query).toMatchObject({ state: 'st&te', shop: 'eu-shop.myshopify.com' })
  const first = await token(trial, { code: query.code ?? '' })
  expect(first.at('expires_in')).toBeUndefined()
  const shop = await trial.ask('{ shop { myshopifyDomain } }', {}, String(first.at('access_token')))
  expect(shop.at('data.shop.myshopifyDomain')).toBe('eu-shop.myshopify.com')
  expect((await token(trial, { code: query.code ?? '' })).status).toBe(400)
  expect((await token(trial, { code: 'x', client_secret: 'wrong' })).at('error')).toBe('invalid_client')
})

test('the consent page says what is asked for, knows its app alone, and Cancel tells the app nothing', async () => {
  const trial = await trialOf({ app: { clientId: 'hub', clientSecret: 'hub-secret' } })
  const ask = (client_id: string) => {
    const redirect_uri = 'https://hub.example.com/callback'
    const query = new URLSearchParams({ client_id, scope: 'write_orders,read_locations', redirect_uri, state: 's' })
    return fetch(`${trial.url}/admin/oauth/authorize?${query}`)
  }
  expect((await ask('another')).status).toBe(400)
  const page = await (await ask('hub')).text()
  expect(page).toContain('<li>View and change orders</li><li>View locations</li>')
  const cancel = /id="cancel" href="([^"]+)"/.exec(page)?.[1] ?? ''
  const after = await fetch(`${trial.url}${cancel}`, { redirect: 'manual' })
  expect([after.status, await after.text()]).toEqual([200, expect.stringContaining('Nothing was installed')])
  expect(trial.secret).toBe('hub-secret')
})

test('an expiring token is refreshed in a pair; the old refresh token works until the new one is first used', async () => {
  const trial = await trialOf({ timeScale: 60 })
  const code = (await consent(trial)).searchParams.get('code') ?? ''
  const first = await token(trial, { code, expiring: '1' })
  expect(first.at('expires_in')).toBe(60)
  const refresh = (value: unknown) => token(trial, { grant_type: 'refresh_token', refresh_token: String(value) })
  const lost = await refresh(first.at('refresh_token'))
  const second = await refresh(first.at('refresh_token'))
  expect([lost.status, second.status]).toEqual([200, 200])
  const third = await refresh(second.at('refresh_token'))
  expect(third.status).toBe(200)
  expect((await refresh(first.at('refresh_token'))).at('error')).toBe('invalid_grant')
  expect((await refresh(lost.at('refresh_token'))).at('error')).toBe('invalid_grant')
})

test('an expired or unknown token, and every token of a removed app, is answered 401', async () => {
  const short = await trialOf({ expiringToken: true, timeScale: 10_000_000 })
  await expect.poll(async () => (await short.ask('{ shop { id } }')).status).toBe(401)
  const trial = await trialOf()
  expect((await trial.ask('{ shop { id } }', {}, 'shpat_no')).status).toBe(401)
  trial.shop.uninstall()
  expect((await trial.ask('{ shop { id } }')).status).toBe(401)
})

test('an empty bucket answers THROTTLED with 200 and says when there will be enough', async () => {
  const trial = await trialOf({ bucket: { maximum: 30, restorePerSecond: 0.001 } })
  const ask = () => trial.ask('{ productVariants(first: 10) { nodes { id product { id } } } }')
  const first = await ask()
  expect(first.at('extensions.cost.requestedQueryCost')).toBe(20)
  expect(first.at('extensions.cost.actualQueryCost')).toBe(4)
  expect(first.at('extensions.cost.throttleStatus')).toEqual({
    maximumAvailable: 30,
    currentlyAvailable: 26,
    restoreRate: 0.001,
  })
  await ask()
  await ask()
  const refused = await ask()
  expect(refused.status).toBe(200)
  expect(refused.at('errors.0.extensions.code')).toBe('THROTTLED')
  expect(refused.at('data')).toBeUndefined()
})

test('a query that asks for too much at once is refused', async () => {
  const trial = await trialOf()
  const nested = '{ orders(first: 250) { nodes { id lineItems(first: 250) { nodes { id variant { id } } } } } }'
  expect((await trial.ask(nested)).at('errors.0.extensions.code')).toBe('MAX_COST_EXCEEDED')
})

test('the throttle dial answers 429 with seconds to wait, or THROTTLED', async () => {
  const trial = await trialOf()
  trial.shop.setFaults({ throttle: 1 })
  const seen = new Set<string>()
  for (let round = 0; round < 12; round += 1) {
    const reply = await trial.ask('{ shop { id } }')
    seen.add(`${reply.status} ${reply.headers.get('retry-after') ?? String(reply.at('errors.0.extensions.code'))}`)
  }
  expect([...seen].sort()).toEqual(['200 THROTTLED', '429 2.0'])
})

const cancel =
  'mutation ($id: ID!) { orderCancel(orderId: $id, reason: OTHER, restock: true) { job { id } orderCancelUserErrors { message } } }'

test('failBefore leaves everything as it was; failAfterEffect does the work and loses the answer', async () => {
  const trial = await trialOf()
  const id = buyOne(trial)
  trial.shop.setFaults({ failBefore: 1 })
  expect((await trial.ask(cancel, { id: `gid://shopify/Order/${id}` })).status).toBe(503)
  expect(trial.shop.orders()[0]?.cancelled).toBe(false)
  trial.shop.setFaults({ failBefore: 0, failAfterEffect: 1 })
  const lost = await trial.ask(cancel, { id: `gid://shopify/Order/${id}` }).then(
    ({ status }) => status,
    () => 'reset',
  )
  expect([502, 'reset']).toContain(lost)
  expect(trial.shop.orders()[0]?.cancelled).toBe(true)
  const faults = trial.truth.filter(({ what }) => what === 'api.fault').map(({ data }) => data.fault)
  expect(faults).toEqual(['failBefore', 'failAfterEffect'])
})

test('an answer that got lost has not told the client of its orders', async () => {
  const trial = await trialOf()
  buyOne(trial, 'MUG-01', 2)
  trial.shop.setFaults({ failAfterEffect: 1 })
  await trial.ask('{ orders(first: 5) { nodes { id } } }').catch(() => null)
  trial.shop.setFaults({ failAfterEffect: 0 })
  const item = await trial.ask('{ productVariants(first: 1, query: "sku:MUG-01") { nodes { inventoryItem { id } } } }')
  await trial.ask(
    'mutation ($input: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $input) @idempotent(key: "k") { userErrors { message } } }',
    {
      input: {
        name: 'available',
        reason: 'correction',
        quantities: [
          {
            inventoryItemId: item.at('data.productVariants.nodes.0.inventoryItem.id'),
            locationId: trial.location,
            quantity: 8,
            changeFromQuantity: 8,
          },
        ],
      },
    },
  )
  expect(trial.truth.at(-1)?.data).toMatchObject({ applied: true, unseen: 2 })
})

test('the hang dial keeps the caller waiting, and closing the shop ends it', async () => {
  const trial = await openTrial()
  trial.shop.setFaults({ hang: 2 })
  const waiting = trial.ask('{ shop { id } }').then(
    () => 'answered',
    () => 'cut',
  )
  await expect.poll(() => trial.truth.at(-1)?.what).toBe('api.fault')
  await trial.close()
  expect(await waiting).toBe('cut')
})

test('what is no GraphQL request is refused as Shopify refuses it', async () => {
  const trial = await trialOf()
  const { accessToken } = trial.shop.connect.credentials
  const post = (path: string, body: string) =>
    fetch(`${trial.url}${path}`, { method: 'POST', headers: { 'x-shopify-access-token': String(accessToken) }, body })
  expect((await post('/admin/api/2026-10/graphql.json', 'no json')).status).toBe(400)
  expect((await post('/admin/api/2024-01/graphql.json', '{"query":"{ shop { id } }"}')).status).toBe(404)
})

test('what the hub needs to connect is handed out', async () => {
  const trial = await trialOf()
  const { connect } = trial.shop
  expect(connect.connector).toBe('shopify')
  expect(reach(connect.credentials, 'shop')).toBe('eu-shop.myshopify.com')
  expect(reach(connect.credentials, 'apiSecrets')).toEqual([trial.secret])
  expect(trial.shop.hosts).toEqual([trial.url.replace('http://', '')])
  expect(reach(connect.settings, 'locationId')).toMatch(/^gid:\/\/shopify\/Location\/\d{19}$/)
})
