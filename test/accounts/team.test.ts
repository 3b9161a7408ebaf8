import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  aBrowser,
  aMember,
  anAddress,
  aTeam,
  type Browser,
  type House,
  installToken,
  invited,
  list,
  openHouse,
  password,
  signedIn,
  type Team,
} from './support.ts'

let house: House
let team: Team
beforeAll(async () => {
  house = await openHouse()
})
beforeEach(async () => {
  team = await aTeam(house, 'West')
})
afterAll(() => house.close())

const accept = (token: unknown, given = password) =>
  aBrowser(house).call('POST /invitations/accept', { token, password: given })
const idOf = async (browser: Browser) => String((await browser.call('GET /me')).json.id)

describe('an invitation', () => {
  test('makes an account and a place, once', async () => {
    const email = anAddress('guest')
    const token = await invited(team.owner, { email, role: 'operator' })
    const looked = await aBrowser(house).call('POST /invitations/look', { token })
    expect(looked.json).toMatchObject({ merchant: 'West', email, role: 'operator' })
    expect((await accept(token)).json).toEqual({ next: 'sign-in' })
    expect((await accept(token)).status).toBe(404)
    const me = (await (await signedIn(house, email)).call('GET /me')).json
    expect(me).toMatchObject({ email, role: 'operator', merchant: team.merchant })
    expect((await aBrowser(house).call('POST /invitations/look', { token })).status).toBe(404)
  })

  test('taken by ten at once makes one account', async () => {
    const token = await invited(team.owner, { email: anAddress('guest'), role: 'viewer' })
    const statuses = (await Promise.all(Array.from({ length: 10 }, () => accept(token)))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200).length).toBe(1)
    expect(list((await team.owner.call('GET /members')).json.items).length).toBe(2)
  })

  test('is over after seven days, when it is withdrawn, and when another takes its place', async () => {
    const email = anAddress('guest')
    const first = await invited(team.owner, { email, role: 'viewer' })
    const second = await invited(team.owner, { email, role: 'viewer' })
    expect((await accept(first)).status).toBe(404)
    const [open] = list((await team.owner.call('GET /invitations')).json.items)
    expect(open).toMatchObject({ email, role: 'viewer' })
    expect((await team.owner.call(`DELETE /invitations/${String(open?.id)}`)).status).toBe(200)
    expect((await accept(second)).status).toBe(404)
    const third = await invited(team.owner, { email, role: 'viewer' })
    house.pass(7 * 86_400 + 1)
    expect((await accept(third)).status).toBe(404)
  })

  test('is kept as a hash only, and the audit log names nobody', async () => {
    const email = anAddress('canary')
    const token = await invited(team.owner, { email, role: 'viewer' })
    const dump = await house.api.database.asAdmin(
      async (admin) => (await admin.query('select t::text from invitation t')).rows,
    )
    expect(JSON.stringify(dump)).not.toContain(token)
    expect((await team.owner.call('GET /invitations')).text).not.toContain(token)
    await accept(token)
    const log = await team.owner.call('GET /audit-log')
    expect(log.text).toContain('member.invited')
    expect(log.text).toContain('member.joined')
    expect(log.text).not.toMatch(/canary|@/)
    expect(house.api.lines.join('\n')).not.toMatch(new RegExp(`${token}|canary`))
  })

  test('brings somebody who has an account into a second merchant, with the role that they have there', async () => {
    const other = await aTeam(house, 'East')
    const { email, browser } = await aMember(house, team, 'viewer')
    const token = await invited(other.owner, { email, role: 'manager' })
    expect((await accept(token)).json.code).toBe('HUB_SIGN_IN_FIRST')
    expect((await browser.call('POST /me/invitations', { token })).json).toEqual({ merchant: other.merchant })
    expect((await browser.call('POST /me/invitations', { token })).status).toBe(404)
    const before = browser.cookie()
    expect((await browser.call('GET /me')).json).toMatchObject({ role: 'viewer', merchant: team.merchant })
    expect((await browser.call('PUT /me/merchant', { merchant: other.merchant })).status).toBe(200)
    expect(browser.cookie()).not.toBe(before)
    expect((await browser.call('GET /me')).json).toMatchObject({ role: 'manager', merchant: other.merchant })
    expect((await browser.call('GET /merchant')).json.name).toBe('East')
    expect((await browser.call('PATCH /merchant', { shipsPartially: true })).status).toBe(200)
    await browser.call('PUT /me/merchant', { merchant: team.merchant })
    expect((await browser.call('PATCH /merchant', { shipsPartially: true })).status).toBe(403)
  })

  test('that went astray opens nothing for another account', async () => {
    const token = await invited(team.owner, { email: anAddress('guest'), role: 'owner' })
    const other = await aTeam(house, 'East')
    expect((await other.owner.call('POST /me/invitations', { token })).status).toBe(404)
    expect((await accept(token)).status).toBe(200)
  })

  test.each([
    ['a role that there is none of', { email: 'a@example.com', role: 'admin' }],
    ['no address', { role: 'viewer' }],
    ['another merchant', { email: 'a@example.com', role: 'viewer', merchant: 'mer_1' }],
  ])('to %s is 400', async (_, body) => expect((await team.owner.call('POST /invitations', body)).status).toBe(400))

  test('to somebody who is there already is 409, and one with a weak password is refused and stays open', async () => {
    const { email } = await aMember(house, team, 'viewer')
    expect((await team.owner.call('POST /invitations', { email, role: 'owner' })).status).toBe(409)
    const token = await invited(team.owner, { email: anAddress('guest'), role: 'viewer' })
    expect((await accept(token, 'short')).status).toBe(400)
    expect((await accept(token)).status).toBe(200)
  })
})

describe('a member', () => {
  test('whose role changes signs in again, and then may what the role may', async () => {
    const { id, email, browser } = await aMember(house, team, 'viewer')
    expect((await browser.call('POST /items', { items: [] })).status).toBe(403)
    expect((await team.owner.call(`PATCH /members/${id}`, { role: 'manager' })).json).toEqual({ id, role: 'manager' })
    expect((await browser.call('GET /me')).status).toBe(401)
    const again = await signedIn(house, email)
    expect((await again.call('POST /items', { items: [{ sku: 'A' }] })).status).toBe(201)
    const log = list((await team.owner.call('GET /audit-log')).json.items)
    const changed = log.find(({ act }) => String(act) === 'member.role_changed')
    const changes = [{ field: 'role', before: 'viewer', after: 'manager' }]
    expect(changed).toMatchObject({ actor: await idOf(team.owner), targets: [id, 'manager'], changes })
  })

  test('who is removed is out at once, and what they may nowhere else is nothing', async () => {
    const { id, email, browser } = await aMember(house, team, 'manager')
    expect((await team.owner.call(`DELETE /members/${id}`)).status).toBe(200)
    expect((await browser.call('GET /orders')).status).toBe(401)
    const again = await signedIn(house, email)
    expect((await again.call('GET /orders')).status).toBe(403)
    expect((await again.call('GET /me')).json).toMatchObject({ merchant: null, role: null, merchants: [] })
    expect((await team.owner.call(`DELETE /members/${id}`)).status).toBe(404)
  })

  test('of another merchant is unknown here, and so is switching to a merchant without belonging to it', async () => {
    const other = await aTeam(house, 'East')
    const id = await idOf(other.owner)
    for (const [route, body] of [
      [`PATCH /members/${id}`, { role: 'viewer' }],
      [`DELETE /members/${id}`, undefined],
      [`POST /members/${id}/sign-out`, undefined],
    ] as const)
      expect((await team.owner.call(route, body)).status).toBe(404)
    expect((await team.owner.call('PUT /me/merchant', { merchant: other.merchant })).status).toBe(404)
    expect((await other.owner.call('GET /me')).json.role).toBe('owner')
    expect((await team.owner.call('GET /members')).text).not.toContain(other.email)
  })

  test('can be signed out everywhere by an owner', async () => {
    const { id, email, browser } = await aMember(house, team, 'viewer')
    const second = await signedIn(house, email)
    expect((await team.owner.call(`POST /members/${id}/sign-out`)).json).toEqual({ ended: 2 })
    expect([(await browser.call('GET /me')).status, (await second.call('GET /me')).status]).toEqual([401, 401])
  })

  test('was last seen when they were, also once they have signed out', async () => {
    const { id, browser } = await aMember(house, team, 'viewer')
    const seenAt = async () => {
      const { json } = await team.owner.call('GET /members')
      return Date.parse(String(list(json.items).find((one) => String(one.id) === id)?.seenAt))
    }
    house.pass(300)
    expect((await browser.call('GET /orders')).status).toBe(200)
    const seen = house.now().getTime()
    expect((await browser.call('POST /sign-out')).status).toBe(200)
    house.pass(3_600)
    team = { ...team, owner: await signedIn(house, team.email) }
    expect(Math.abs((await seenAt()) - seen)).toBeLessThan(60_000)
  })

  test('is listed with role and second factor, page by page', async () => {
    await aMember(house, team, 'viewer', { seesPersons: true })
    const page = await team.owner.call('GET /members?limit=1')
    const rest = await team.owner.call(`GET /members?limit=1&after=${String(page.json.next)}`)
    const both = [...list(page.json.items), ...list(rest.json.items)]
    expect(both.map(({ role, seesPersons, secondFactor }) => [role, seesPersons, secondFactor])).toEqual([
      ['owner', false, false],
      ['viewer', true, false],
    ])
  })

  test.each(['tenantId', 'id', 'createdAt', 'email', 'passwordHash'])(
    '[bad-input 43] a PATCH with %s is 400',
    async (field) => {
      const { id } = await aMember(house, team, 'viewer')
      expect((await team.owner.call(`PATCH /members/${id}`, { role: 'viewer', [field]: 'x' })).status).toBe(400)
    },
  )
})

describe('the last owner', () => {
  test('can neither be made less nor removed', async () => {
    const id = await idOf(team.owner)
    for (const [route, body] of [
      [`PATCH /members/${id}`, { role: 'manager' }],
      [`DELETE /members/${id}`, undefined],
    ] as const) {
      const answer = await team.owner.call(route, body)
      expect([answer.status, answer.json.code]).toEqual([409, 'HUB_LAST_OWNER'])
    }
    expect((await team.owner.call(`PATCH /members/${id}`, { role: 'owner' })).status).toBe(200)
  })

  test('stays one when two owners leave at once', async () => {
    for (let round = 0; round < 3; round++) {
      const { owner, ...rest } = await aTeam(house, `Round ${round}`)
      const { id: second, browser } = await aMember(house, { owner, ...rest }, 'owner')
      const first = await idOf(owner)
      const answers = await Promise.all([
        owner.call(`DELETE /members/${second}`),
        browser.call(`PATCH /members/${first}`, { role: 'viewer' }),
      ])
      const left = await house.api.database.asAdmin((admin) =>
        admin.query(`select 1 from membership where user_id = any($1::uuid[]) and role = 'owner'`, [
          [first, second].map((id) => id.slice(4)),
        ]),
      )
      expect(left.rows.length, JSON.stringify(answers.map(({ status }) => status))).toBe(1)
    }
  })
})

describe('a key by a person', () => {
  test('is made by an owner with scopes, shown once, and revoked; each is in the log', async () => {
    const made = await team.owner.call('POST /api-keys', { label: 'shop floor', scopes: ['orders:read'] })
    expect(made.status).toBe(201)
    const key = String(made.json.secret)
    expect((await house.api.call('GET /orders', { key })).status).toBe(200)
    expect((await house.api.call('GET /items', { key })).status).toBe(403)
    expect((await team.owner.call(`DELETE /api-keys/${String(made.json.id)}`)).status).toBe(200)
    expect((await house.api.call('GET /orders', { key })).status).toBe(401)
    const acts = list((await team.owner.call('GET /audit-log')).json.items).map(({ act, targets }) => [
      act,
      list(targets)[0],
    ])
    expect(acts.slice(0, 2)).toEqual([
      ['key.revoked', made.json.id],
      ['key.created', made.json.id],
    ])
  })

  test.each([['team:write'], ['team:read'], ['me:write'], ['merchants:install'], ['sign-in:open'], ['owner']])(
    'cannot be given %s',
    async (scope) => {
      expect((await team.owner.call('POST /api-keys', { label: 'k', scopes: [scope] })).status).toBe(400)
    },
  )

  test('of another merchant cannot be revoked', async () => {
    const other = await aTeam(house, 'East')
    expect((await team.owner.call(`DELETE /api-keys/${other.key.split('_')[2]}`)).status).toBe(404)
    expect((await house.api.call('GET /orders', { key: other.key })).status).toBe(200)
  })
})

describe('signing up', () => {
  const owner = (email: string) => ({ email, password, merchant: 'Mine', timeZone: 'Europe/Berlin' })

  test('is for the first person only, who then owns a merchant; ten at once are one', async () => {
    const fresh = await openHouse()
    try {
      const browser = aBrowser(fresh)
      const state = async () => (await browser.call('GET /sign-up')).json
      expect(await state()).toEqual({ open: true, first: true, needsInstallToken: false })
      const addresses = Array.from({ length: 10 }, () => anAddress('first'))
      const all = await Promise.all(addresses.map((email) => browser.call('POST /sign-up', owner(email))))
      expect(all.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(403)])
      expect(await state()).toEqual({ open: false, first: false, needsInstallToken: false })
      const email = addresses[all.findIndex(({ status }) => status === 200)] ?? ''
      const me = (await (await signedIn(fresh, email)).call('GET /me')).json
      expect(me).toMatchObject({ email, role: 'owner', merchants: [{ name: 'Mine', role: 'owner' }] })
    } finally {
      await fresh.close()
    }
  })

  test('away from this machine the first person shows the installation’s token', async () => {
    const fresh = await openHouse({ publicUrl: 'https://hub.example.com' })
    try {
      const browser = aBrowser(fresh)
      expect((await browser.call('GET /sign-up')).json.needsInstallToken).toBe(true)
      const email = anAddress('first')
      expect((await browser.call('POST /sign-up', owner(email))).status).toBe(403)
      expect((await browser.call('POST /sign-up', { ...owner(email), installToken: 'guess' })).status).toBe(403)
      expect((await browser.call('POST /sign-up', { ...owner(email), installToken })).status).toBe(200)
    } finally {
      await fresh.close()
    }
  })

  test('where it is open, an address that is taken is answered like a new one, and keeps its password', async () => {
    const fresh = await openHouse({ signUp: 'open' })
    try {
      const email = anAddress('first')
      const browser = aBrowser(fresh)
      const first = await browser.call('POST /sign-up', owner(email))
      const second = await browser.call('POST /sign-up', { ...owner(email), password: 'words of somebody else' })
      expect([second.status, second.text]).toEqual([first.status, first.text])
      await signedIn(fresh, email)
      expect((await browser.call('POST /sign-in', { email, password: 'words of somebody else' })).status).toBe(401)
      const { rows } = await fresh.api.database.asAdmin((admin) => admin.query('select 1 from merchant'))
      expect(rows.length).toBe(1)
    } finally {
      await fresh.close()
    }
  })

  test('from another page is 403', async () => {
    const answer = await aBrowser(house).call('POST /sign-up', owner(anAddress()), { 'sec-fetch-site': 'cross-site' })
    expect(answer.status).toBe(403)
  })
})

test('the installation asks owners in to merchants that exist, and nobody else does', async () => {
  const ask = (key: string, merchant: string) =>
    house.api.call('POST /installation/invitations', { key, body: { merchant, email: anAddress() } })
  expect((await ask(installToken, team.merchant)).status).toBe(201)
  expect((await ask(installToken, `mer_${'0'.repeat(32)}`)).status).toBe(404)
  expect((await ask(team.key, team.merchant)).status).toBe(403)
})
