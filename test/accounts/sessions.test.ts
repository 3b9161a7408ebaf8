import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  aBrowser,
  aMember,
  anApp,
  aTeam,
  type Browser,
  type House,
  list,
  openHouse,
  password,
  signedIn,
  type Team,
  withSecondFactor,
} from './support.ts'

let house: House
let team: Team
beforeAll(async () => {
  house = await openHouse()
})
beforeEach(async () => {
  house.pass(86_500) // what was tried before is forgotten
  team = await aTeam(house, 'West')
})
afterAll(() => house.close())

const isIn = async (browser: Browser) => (await browser.call('GET /me')).status === 200

describe('a session ends', () => {
  test('after half an hour without a request, and not while there are some', async () => {
    const { browser } = await aMember(house, team, 'viewer')
    for (let n = 0; n < 3; n++) {
      house.pass(29 * 60)
      expect(await isIn(browser)).toBe(true)
    }
    house.pass(30 * 60 + 1)
    expect(await isIn(browser)).toBe(false)
  })

  test('after twelve hours, however busy', async () => {
    const { browser } = await aMember(house, team, 'viewer')
    for (let n = 0; n < 35; n++) {
      house.pass(20 * 60)
      expect(await isIn(browser)).toBe(true)
    }
    house.pass(20 * 60)
    expect(await isIn(browser)).toBe(false)
  })

  test('when its person says so: the cookie is dropped, and what it held opens nothing', async () => {
    const kept = team.owner.cookie() ?? ''
    const answer = await team.owner.call('POST /sign-out')
    expect(answer.headers['set-cookie']).toContain('Max-Age=0')
    team.owner.keep(kept)
    expect(await isIn(team.owner)).toBe(false)
  })

  test('when its row is another’s, or its token is changed by one character', async () => {
    const kept = team.owner.cookie() ?? ''
    for (const other of [
      `${kept.slice(0, -1)}${kept.endsWith('A') ? 'B' : 'A'}`,
      `${kept}A`,
      `${kept}; ${kept}`,
      'hub_session_3000=',
    ])
      expect((await house.api.call('GET /me', { headers: { cookie: other } })).status).toBe(401)
  })
})

test('somebody sees where they are signed in, and ends one or all others; never those of another', async () => {
  const [firefox, phone] = [aBrowser(house), aBrowser(house)]
  const agent = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
  await firefox.call('POST /sign-in', { email: team.email, password }, agent)
  const iphone = {
    'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1 canary<b>',
  }
  await phone.call('POST /sign-in', { email: team.email, password }, iphone)
  const seen = await phone.call('GET /me/sessions')
  expect(list(seen.json.items).map(({ client, current }) => [client, current])).toEqual([
    ['Safari on iOS', true],
    ['Firefox on Linux', false],
    ['Another browser', false],
  ])
  expect(seen.text).not.toContain('canary')
  const ofFirefox = String(list(seen.json.items)[1]?.id)
  const { browser: stranger } = await aMember(house, team, 'manager')
  expect((await stranger.call(`DELETE /me/sessions/${ofFirefox}`)).status).toBe(404)
  expect(await isIn(firefox)).toBe(true)
  expect((await phone.call(`DELETE /me/sessions/${ofFirefox}`)).status).toBe(200)
  expect([await isIn(firefox), await isIn(team.owner)]).toEqual([false, true])
  expect((await phone.call('DELETE /me/sessions')).json).toEqual({ ended: 1 })
  expect([await isIn(team.owner), await isIn(phone), await isIn(stranger)]).toEqual([false, true, true])
})

test('no token of a session, a challenge or an invitation is in any row', async () => {
  const token = String(team.owner.cookie()).split('=')[1] ?? ''
  expect(token).toMatch(/^[\w-]{43}$/)
  const rows = await house.api.database.asAdmin(async (admin) => {
    const tables = ['session', 'sign_in_step', 'invitation', 'audit_entry', 'api_request']
    const found: unknown[] = []
    for (const table of tables) found.push((await admin.query(`select t::text from ${table} t`)).rows)
    return JSON.stringify(found)
  })
  expect(rows.length).toBeGreaterThan(100)
  expect(rows).not.toContain(token)
})

describe('a new password', () => {
  const next = 'other words that are long'

  test('[bad-input 48] ends all other sessions and open challenges, and gives this one a new token', async () => {
    const other = await signedIn(house, team.email)
    const before = team.owner.cookie() ?? ''
    expect((await team.owner.call('PUT /me/password', { current: password, password: next })).status).toBe(200)
    expect(team.owner.cookie()).not.toBe(before)
    expect([await isIn(team.owner), await isIn(other)]).toEqual([true, false])
    expect((await house.api.call('GET /me', { headers: { cookie: before } })).status).toBe(401)
    expect((await aBrowser(house).call('POST /sign-in', { email: team.email, password })).status).toBe(401)
    await signedIn(house, team.email, next)
    const log = await team.owner.call('GET /audit-log')
    expect(log.text).toContain('user.password_changed')
    expect(log.text).not.toContain('words')
  })

  test('needs the one before, and must be fit', async () => {
    const wrong = await team.owner.call('PUT /me/password', { current: 'not the password', password: next })
    expect([wrong.status, wrong.json.code]).toEqual([403, 'HUB_NOT_SHOWN'])
    const weak = await team.owner.call('PUT /me/password', { current: password, password: 'password1234' })
    expect([weak.status, list(weak.json.errors)[0]?.field]).toEqual([400, 'password'])
    await signedIn(house, team.email)
  })

  test('cannot be guessed at in an open session', async () => {
    const statuses: number[] = []
    for (let n = 0; n < 11; n++)
      statuses.push((await team.owner.call('PUT /me/password', { current: 'a guess', password: next })).status)
    expect(statuses).toEqual([...Array(10).fill(403), 429])
  })
})

describe('what matters most', () => {
  test('asks again for password or code after ten minutes, and each renews the token', async () => {
    const invite = () => team.owner.call('POST /invitations', { email: 'guest@example.com', role: 'viewer' })
    expect((await invite()).status).toBe(201)
    house.pass(601)
    expect((await invite()).json.code).toBe('HUB_STEP_UP')
    expect((await team.owner.call('GET /me')).json.fresh).toBe(false)
    const before = team.owner.cookie()
    expect((await team.owner.call('POST /me/verify', { password: 'not the password' })).status).toBe(403)
    expect((await invite()).status).toBe(403)
    expect((await team.owner.call('POST /me/verify', { password })).status).toBe(200)
    expect(team.owner.cookie()).not.toBe(before)
    expect((await invite()).status).toBe(201)
    const { app } = await withSecondFactor(house, team.owner)
    house.pass(601)
    expect((await team.owner.call('POST /me/verify', { code: '000000' })).status).toBe(403)
    expect((await team.owner.call('POST /me/verify', { code: app.code(house.now()) })).status).toBe(200)
    expect((await invite()).status).toBe(201)
  })

  test.each([
    ['POST /api-keys', { label: 'k', scopes: ['orders:read'] }],
    ['POST /invitations', { email: 'a@example.com', role: 'viewer' }],
    ['PATCH /members/usr_00000000000000000000000000000000', { role: 'owner' }],
    ['DELETE /members/usr_00000000000000000000000000000000', undefined],
    ['POST /me/totp', undefined],
    ['POST /me/totp/confirm', { code: '000000' }],
    ['DELETE /me/totp', undefined],
    ['POST /me/recovery-codes', undefined],
    ['PUT /connections/con_00000000000000000000000000000000/write-mode', { mode: 'on', handOverFrom: null }],
    ['POST /connections/con_00000000000000000000000000000000/disconnect', undefined],
    ['POST /connections', { connector: 'fake-shop', label: 'x', credentials: {}, writeMode: 'on' }],
  ])('%s', async (route, body) => {
    house.pass(601)
    expect((await team.owner.call(route, body)).json.code).toBe('HUB_STEP_UP')
  })
})

describe('a second factor', () => {
  test('counts from its first code on, ends other sessions, and goes again only when asked for', async () => {
    const other = await signedIn(house, team.email)
    const offered = await team.owner.call('POST /me/totp')
    await signedIn(house, team.email)
    expect((await team.owner.call('POST /me/totp/confirm', { code: '000000' })).status).toBe(403)
    const app = anApp(String(offered.json.key))
    expect((await team.owner.call('POST /me/totp/confirm', { code: app.code(house.now()) })).status).toBe(200)
    expect([await isIn(other), await isIn(team.owner)]).toEqual([false, true])
    expect((await team.owner.call('POST /me/totp')).status).toBe(409)
    expect((await team.owner.call('DELETE /me/totp')).status).toBe(200)
    await signedIn(house, team.email)
    expect((await team.owner.call('GET /me')).json).toMatchObject({ secondFactor: false, recoveryCodesLeft: 0 })
  })

  test('one that was offered and not confirmed changes nothing', async () => {
    await team.owner.call('POST /me/totp')
    await signedIn(house, team.email)
    expect((await team.owner.call('POST /me/verify', { code: '000000' })).status).toBe(403)
  })
})

describe('a change by a cookie', () => {
  test.each([
    ['from a foreign page', { 'sec-fetch-site': 'cross-site' }],
    ['from a neighbour of the same site', { 'sec-fetch-site': 'same-site' }],
    ['with a foreign Origin', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example.com' }],
  ])('[bad-input 46] %s is 403 and changes nothing', async (_, headers) => {
    const before = (await team.owner.call('GET /merchant')).text
    const answer = await team.owner.call('PATCH /merchant', { name: 'Stolen' }, headers)
    expect([answer.status, answer.json.code]).toEqual([403, 'HUB_FOREIGN_PAGE'])
    expect((await team.owner.call('GET /merchant')).text).toBe(before)
  })

  test('that says nothing of where it comes from is 403', async () => {
    const headers = { cookie: team.owner.cookie() ?? '' }
    expect((await house.api.call('PATCH /merchant', { headers, body: { name: 'Stolen' } })).status).toBe(403)
  })

  test('is made in the name of its person', async () => {
    expect((await team.owner.call('PATCH /merchant', { name: 'East' })).json.name).toBe('East')
    const me = (await team.owner.call('GET /me')).json
    const [entry] = list((await team.owner.call('GET /audit-log')).json.items)
    expect(entry).toMatchObject({ actor: me.id, client: 'browser', act: 'PATCH /api/v1/merchant' })
  })
})

test('a key and a cookie together are the key, and a bad key is not mended by a cookie', async () => {
  const cookie = team.owner.cookie() ?? ''
  const withKey = (key: string) =>
    house.api.call('GET /members', { headers: { cookie, authorization: `Bearer ${key}` } })
  expect((await withKey(team.key)).status).toBe(403)
  expect((await withKey(`hub_live_zzzzzzzz_${'A'.repeat(32)}`)).status).toBe(401)
})
