import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { permissionsOf, roles } from '../../src/api/permissions.ts'
import { aBrowser, aMember, aTeam, type House, installToken, openHouse, type Team } from './support.ts'

/**
 * Who may call what, written down a second time and by hand: o owner, m manager, p operator, v viewer, x partner, k a key
 * with every scope, i the installation's token; `people` whoever is signed in, `all` whoever asks.
 */
const people = 'ompvx-'
const all = `${people}ki?`
const everybodyHere = 'ompvk'
const may: Readonly<Record<string, string>> = {
  'GET /sign-up': all,
  'POST /sign-up': all,
  'POST /sign-in': all,
  'POST /sign-in/code': all,
  'POST /invitations/look': all,
  'POST /invitations/accept': all,
  'GET /me': people,
  'PUT /me/merchant': people,
  'GET /me/sessions': people,
  'DELETE /me/sessions': people,
  'DELETE /me/sessions/{id}': people,
  'POST /me/verify': people,
  'PUT /me/password': people,
  'POST /me/totp': people,
  'POST /me/totp/confirm': people,
  'DELETE /me/totp': people,
  'POST /me/recovery-codes': people,
  'POST /me/invitations': people,
  'GET /members': 'om',
  'PATCH /members/{id}': 'o',
  'DELETE /members/{id}': 'o',
  'POST /members/{id}/sign-out': 'o',
  'GET /invitations': 'om',
  'POST /invitations': 'o',
  'DELETE /invitations/{id}': 'o',
  'POST /installation/invitations': 'i',
  'POST /merchants': 'i',
  'GET /api-keys': 'ok',
  'POST /api-keys': 'ok',
  'DELETE /api-keys/{id}': 'ok',
  'GET /audit-log': 'omk',
  'GET /audit-log/check': 'omk',
  'GET /audits': 'omvk',
  'GET /merchant': everybodyHere,
  'PATCH /merchant': 'omk',
  'GET /connectors': everybodyHere,
  'POST /export': 'ok',
  'GET /connections': everybodyHere,
  'GET /connections/{id}': everybodyHere,
  'POST /connections': 'omk',
  'PATCH /connections/{id}': 'omk',
  'POST /connections/{id}/poll': 'omk',
  'POST /connections/{id}/disconnect': 'omk',
  'PUT /connections/{id}/write-mode': 'omk',
  'POST /connections/{id}/backfill': 'omk',
  'GET /connections/{id}/shadow': everybodyHere,
  'GET /connections/{id}/shadow/quantities': everybodyHere,
  'GET /connections/{id}/shadow/skus': everybodyHere,
  'GET /connections/{id}/shadow/orders': everybodyHere,
  'POST /connections/consents': 'omk',
  'GET /connections/consents/{id}': everybodyHere,
  'GET /privacy/requests': 'omk',
  'GET /privacy/requests/{id}': 'omk',
  'GET /privacy/requests/{id}/export': 'ompk',
  'POST /privacy/requests/{id}/done': 'ok',
  'POST /privacy/erasures': 'ok',
  'GET /items': everybodyHere,
  'GET /items/{id}': everybodyHere,
  'GET /items/{id}/movements': everybodyHere,
  'POST /items': 'omk',
  'GET /listings': everybodyHere,
  'PUT /listings/{id}/components': 'ompk',
  'GET /locations': everybodyHere,
  'POST /locations': 'omk',
  'PATCH /locations/{id}': 'omk',
  'GET /inventory/levels': everybodyHere,
  'GET /inventory/matrix': everybodyHere,
  'POST /inventory/adjustments': 'ompk',
  'GET /orders': everybodyHere,
  'GET /orders/search': everybodyHere,
  'GET /orders/standings': everybodyHere,
  'GET /orders/{id}': everybodyHere,
  'POST /orders/{id}/hold': 'ompk',
  'POST /orders/{id}/release': 'ompk',
  'POST /orders/{id}/cancel': 'ompk',
  'POST /orders/{id}/keep': 'ompk',
  'POST /orders/{id}/replay': 'ompk',
  'GET /fulfillment-orders': everybodyHere,
  'GET /fulfillment-orders/{id}': everybodyHere,
  'POST /fulfillment-orders/{id}/retry': 'ompk',
  'POST /fulfillment-orders/{id}/shipments': 'ompk',
  'GET /shipments': everybodyHere,
  'GET /shipments/{id}': everybodyHere,
  'GET /files': everybodyHere,
  'GET /files/{id}': everybodyHere,
  'GET /files/{id}/content': 'ompk',
  'GET /warehouses': everybodyHere,
  'POST /warehouses/{id}/send': 'ompk',
  'POST /warehouses/{id}/files': 'ompk',
  'GET /today': everybodyHere,
  'GET /events': everybodyHere,
  'GET /status': everybodyHere,
  'GET /exceptions': everybodyHere,
  'POST /exceptions/{id}/resolve': 'ompk',
  'GET /inbox/messages': everybodyHere,
  'GET /inbox/messages/{id}': everybodyHere,
  'GET /inbox/messages/{id}/raw': 'omk',
  'POST /inbox/messages/{id}/replay': 'ompk',
  // Last: nobody of these is there afterwards.
  'POST /sign-out': people,
}

let house: House
let team: Team
/** By letter, the headers with which each kind of caller asks. */
let callers: Map<string, Readonly<Record<string, string>>>
beforeAll(async () => {
  house = await openHouse()
  team = await aTeam(house, 'West')
  const cookies = new Map<string, string>()
  const letters = { owner: 'o', manager: 'm', operator: 'p', viewer: 'v', partner: 'x' } as const
  for (const role of roles) cookies.set(letters[role], (await aMember(house, team, role)).browser.cookie() ?? '')
  // Once removed they must sign in again, and belong nowhere.
  const gone = await aMember(house, team, 'manager')
  await team.owner.call(`DELETE /members/${gone.id}`)
  const again = aBrowser(house)
  await again.call('POST /sign-in', { email: gone.email, password: 'four words that are long' })
  cookies.set('-', again.cookie() ?? '')
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const ofPage = (cookie: string) => ({ cookie, 'sec-fetch-site': 'same-origin' })
  callers = new Map<string, Record<string, string>>([
    ...[...cookies].map(([letter, cookie]): [string, Record<string, string>] => [letter, ofPage(cookie)]),
    ['k', bearer(team.key)],
    ['i', bearer(installToken)],
    ['?', {}],
  ])
})
afterAll(() => house.close())

test('every route is in the table, and no other', async () => {
  const { paths } = (await house.api.app.inject('/api/openapi.json')).json()
  const routes = Object.keys(paths).flatMap((path) =>
    Object.keys(paths[path]).map((method) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`),
  )
  expect(routes.toSorted()).toEqual(Object.keys(may).toSorted())
})

/** Ids that nobody has and bodies that nobody means: who may is told 400 or 404, who may not is told so first. */
const nowhere = (route: string) => {
  const ids = {
    members: 'usr',
    connections: 'con',
    invitations: 'inv',
    sessions: 'ses',
    items: 'itm',
    listings: 'lst',
    consents: 'cst',
    requests: 'prv',
  }
  const [, noun = ''] = /([a-z-]+)\/\{id\}/.exec(route) ?? []
  const id = noun === 'api-keys' ? 'zzzzzzzz' : `${new Map(Object.entries(ids)).get(noun) ?? 'ord'}_${'0'.repeat(32)}`
  return route.replace('{id}', id)
}

describe.each(Object.entries(may))('%s', (route, allowed) => {
  test.each(['o', 'm', 'p', 'v', 'x', '-', 'k', 'i', '?'])('%s', async (letter) => {
    const headers = callers.get(letter) ?? {}
    const body = route.startsWith('GET') ? {} : { body: { nonsense: true } }
    const { status, json, headers: answered } = await house.api.call(nowhere(route), { headers, ...body })
    const [cookie] = String(answered['set-cookie'] ?? '').split(';')
    if (cookie) callers.set(letter, { ...headers, cookie })
    const code = String(json.code)
    if (allowed.includes(letter)) {
      expect([401, 403, 500].includes(status) && code !== 'HUB_SIGN_IN', `${status} ${code}`).toBe(false)
    } else if (letter === '?') expect([status, code]).toEqual([401, 'HUB_UNAUTHENTICATED'])
    else expect([status, code]).toEqual([403, 'HUB_SCOPE_MISSING'])
  })
})

test('an unknown method or address under the API is 404 for whoever asks', async () => {
  for (const headers of callers.values()) {
    expect((await house.api.call('GET /nothing', { headers })).status).toBe(404)
    expect((await house.api.call('DELETE /orders', { headers })).status).toBe(404)
  }
})

test('a viewer sees names and addresses only where the owner said so', () => {
  const persons = (seesPersons: boolean) => permissionsOf({ role: 'viewer', seesPersons }).includes('orders:persons')
  expect([persons(false), persons(true)]).toEqual([false, true])
  expect(permissionsOf({ role: 'partner', seesPersons: true })).not.toContain('orders:persons')
})

test('no role but the owner may give a key everything', () => {
  const starred = roles.filter((role) => permissionsOf({ role, seesPersons: true }).includes('*'))
  expect(starred).toEqual(['owner'])
})
