import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  aBrowser,
  aMember,
  anAddress,
  aTeam,
  type House,
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

const tryIn = (email: string, given: string, headers: Record<string, string> = {}) =>
  aBrowser(house).call('POST /sign-in', { email, password: given }, headers)

describe('the first step', () => {
  test('address and password let in, however the address is spelt', async () => {
    for (const spelt of [team.email, team.email.toUpperCase(), ` ${team.email} `]) {
      const browser = aBrowser(house)
      expect((await browser.call('POST /sign-in', { email: spelt, password })).json).toEqual({ next: 'done' })
      expect((await browser.call('GET /me')).json.email).toBe(team.email)
    }
  })

  test('[bad-input 47] a wrong password and an address that nobody has are answered alike, to the byte', async () => {
    const shape = async (email: string) => {
      const { status, text, headers } = await tryIn(email, 'not the password')
      const same = { ...headers, date: '' }
      return { status, text: text.replace(/"correlationId":"[^"]+"/, ''), headers: Object.entries(same) }
    }
    const known = await shape(team.email)
    expect(known.status).toBe(401)
    expect(await shape(anAddress('nobody'))).toEqual(known)
    await signedIn(house, team.email)
  })

  test('the cookie is for this host, its pages, and no script', async () => {
    const answer = await tryIn(team.email, password)
    expect(answer.headers['set-cookie']).toMatch(/^hub_session_3000=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(answer.text).not.toMatch(/[\w-]{43}/)
  })

  test('over https the cookie has the prefix that no other host and no plain page can set', async () => {
    const secure = await openHouse({ publicUrl: 'https://hub.example.com' })
    try {
      const { owner, email } = await aTeam(secure, 'Secure')
      const answer = await aBrowser(secure).call('POST /sign-in', { email, password })
      expect(answer.headers['set-cookie']).toMatch(
        /^__Host-hub_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      )
      const bare = { cookie: String(owner.cookie()).replace('__Host-', '') }
      expect((await secure.api.call('GET /me', { headers: bare })).status).toBe(401)
    } finally {
      await secure.close()
    }
  })

  test('another page cannot sign anybody in', async () => {
    expect((await tryIn(team.email, password, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  })

  test('a session that the browser had before ends with the new one', async () => {
    const browser = await signedIn(house, team.email)
    const before = browser.cookie() ?? ''
    await browser.call('POST /sign-in', { email: team.email, password })
    expect(browser.cookie()).not.toBe(before)
    expect((await house.api.call('GET /me', { headers: { cookie: before } })).status).toBe(401)
  })

  test.each([
    ['no address', { password }],
    ['what is no address', { email: 'x', password }],
    ['an address without end', { email: `${'x'.repeat(300)}@example.com`, password }],
    ['a password without end', { email: 'a@example.com', password: 'x'.repeat(201) }],
    ['a list', { email: ['a@example.com'], password }],
    ['more than is asked', { email: 'a@example.com', password, role: 'owner' }],
  ])('%s is 400 and repeats nothing', async (_, body) => {
    const answer = await aBrowser(house).call('POST /sign-in', body)
    expect(answer.status).toBe(400)
    expect(answer.text).not.toMatch(/xxx|four words|a@example/)
  })
})

describe('who tries too often', () => {
  const wrongly = async (email: string, times: number, headers: Record<string, string> = {}) => {
    const statuses: number[] = []
    for (let n = 0; n < times; n++) statuses.push((await tryIn(email, 'not the password', headers)).status)
    return statuses
  }

  test('[bad-input 47] waits after ten, longer each time, with the right password too; known or not, it reads the same', async () => {
    const { email } = await aMember(house, team, 'viewer')
    for (const address of [email, anAddress('nobody')]) {
      expect(await wrongly(address, 11)).toEqual([...Array(10).fill(401), 429])
      const wait = await tryIn(address, password)
      expect([wait.status, wait.json.code, Number(wait.headers['retry-after'])]).toEqual([429, 'HUB_TRY_LATER', 30])
      house.pass(30)
      expect((await tryIn(address, 'not the password')).status).toBe(401)
      expect(Number((await tryIn(address, password)).headers['retry-after'])).toBe(60)
      house.pass(60)
    }
    expect((await tryIn(email, password)).status).toBe(200)
    expect(await wrongly(email, 5)).toEqual(Array(5).fill(401))
  })

  test('a hundred at once are not a hundred tries', async () => {
    const { email } = await aMember(house, team, 'viewer')
    const all = await Promise.all(Array.from({ length: 40 }, () => tryIn(email, 'not the password')))
    expect(all.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(10)
    expect(all.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(30)
  })

  test('[bad-input 55] with X-Forwarded-For made up each time it is still the same address', async () => {
    let spoofs = 0
    const one = async () => {
      spoofs++
      return (await tryIn(anAddress('nobody'), 'a guess', { 'x-forwarded-for': `203.0.113.${spoofs}` })).status
    }
    expect([await one(), await one()]).toEqual([401, 401])
    // Two are counted of one address; as if there had been 49.
    const { rowCount } = await house.api.database.asAdmin((admin) =>
      admin.query('update sign_in_throttle set failures = 49 where failures = 2'),
    )
    expect(rowCount).toBe(1)
    expect([await one(), await one(), await one()]).toEqual([401, 429, 429])
  })

  test('the table of tries says neither who nor from where', async () => {
    const rows = await house.api.database.asAdmin(
      async (admin) => (await admin.query('select t::text from sign_in_throttle t')).rows,
    )
    expect(rows.length).toBeGreaterThan(2)
    expect(JSON.stringify(rows)).not.toMatch(/example|127\.0/)
  })
})

describe('the second step', () => {
  test('asks for a code, takes it once, and refuses it a second time', async () => {
    const { email, browser } = await aMember(house, team, 'manager')
    const { app } = await withSecondFactor(house, browser)
    house.pass(30)
    const other = aBrowser(house)
    const first = await other.call('POST /sign-in', { email, password })
    expect(first.json).toEqual({ next: 'code', challenge: expect.stringMatching(/^[\w-]{43}$/) })
    expect([other.cookie(), (await other.call('GET /me')).status]).toEqual([undefined, 401])
    const body = { challenge: first.json.challenge, code: app.code(house.now()) }
    expect((await other.call('POST /sign-in/code', body)).status).toBe(200)
    expect((await other.call('GET /me')).json.secondFactor).toBe(true)
    // The challenge is used.
    expect((await aBrowser(house).call('POST /sign-in/code', body)).status).toBe(401)
    // So is the code, though its half minute is not over.
    const again = aBrowser(house)
    const { challenge } = (await again.call('POST /sign-in', { email, password })).json
    expect((await again.call('POST /sign-in/code', { ...body, challenge })).status).toBe(401)
    house.pass(30)
    const next = { challenge, code: app.code(house.now()) }
    expect((await again.call('POST /sign-in/code', next)).status).toBe(200)
  })

  test('one code in two browsers at once lets one in', async () => {
    const { email, browser } = await aMember(house, team, 'manager')
    const { app } = await withSecondFactor(house, browser)
    house.pass(30)
    const code = app.code(house.now())
    const tries = await Promise.all(
      [0, 1, 2, 3].map(async () => {
        const one = aBrowser(house)
        const { challenge } = (await one.call('POST /sign-in', { email, password })).json
        return (await one.call('POST /sign-in/code', { challenge, code })).status
      }),
    )
    expect(tries.toSorted()).toEqual([200, 401, 401, 401])
  })

  test('five wrong codes end a challenge, and five minutes do', async () => {
    const { email, browser } = await aMember(house, team, 'manager')
    const { app } = await withSecondFactor(house, browser)
    house.pass(30)
    const other = aBrowser(house)
    const challenge = async () => (await other.call('POST /sign-in', { email, password })).json.challenge
    const worn = await challenge()
    for (let n = 0; n < 5; n++)
      expect((await other.call('POST /sign-in/code', { challenge: worn, code: '000000' })).status).toBe(401)
    expect((await other.call('POST /sign-in/code', { challenge: worn, code: app.code(house.now()) })).status).toBe(401)
    const late = await challenge()
    house.pass(301)
    expect((await other.call('POST /sign-in/code', { challenge: late, code: app.code(house.now()) })).status).toBe(401)
  })

  test('wrong codes count as tries, whatever number of challenges there is', async () => {
    const { email, browser } = await aMember(house, team, 'manager')
    await withSecondFactor(house, browser)
    house.pass(30)
    const statuses: number[] = []
    for (let n = 0; n < 8; n++) {
      const first = await tryIn(email, password)
      if (first.status !== 200) statuses.push(first.status)
      else {
        const body = { challenge: first.json.challenge, code: '000000' }
        statuses.push((await aBrowser(house).call('POST /sign-in/code', body)).status)
      }
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429])
  })

  test('a recovery code lets in once; new ones end the old ones; only their hashes are kept', async () => {
    const { email, browser } = await aMember(house, team, 'manager')
    const { recoveryCodes } = await withSecondFactor(house, browser)
    // 128 bits in letters of five.
    for (const code of recoveryCodes) expect(code.replaceAll('-', '')).toMatch(/^[A-Z2-7]{26}$/)
    expect(new Set(recoveryCodes).size).toBe(10)
    const withCode = async (code: string) => {
      const one = aBrowser(house)
      const { challenge } = (await one.call('POST /sign-in', { email, password })).json
      return { status: (await one.call('POST /sign-in/code', { challenge, code })).status, one }
    }
    const [first = '', second = '', third = ''] = recoveryCodes
    const { status, one } = await withCode(first.toLowerCase().replaceAll('-', ' '))
    expect(status).toBe(200)
    expect((await one.call('GET /me')).json.recoveryCodesLeft).toBe(9)
    expect((await withCode(first)).status).toBe(401)
    expect((await withCode(second)).status).toBe(200)
    const rows = await house.api.database.asAdmin(
      async (admin) => (await admin.query('select c::text from recovery_code c')).rows,
    )
    expect(JSON.stringify(rows)).not.toContain(third.replaceAll('-', ''))
    await one.call('POST /me/recovery-codes')
    expect((await withCode(third)).status).toBe(401)
  })

  test('the key of the app is sealed to its row', async () => {
    const rows = await house.api.database.asAdmin(
      async (admin) =>
        (await admin.query('select totp_secret as sealed from user_account where totp_since is not null')).rows,
    )
    expect(rows.length).toBeGreaterThan(3)
    expect(rows.every(({ sealed }) => /^v1\.k1\./.test(sealed))).toBe(true)
  })
})

test('an entry of the log says who signed in, by id', async () => {
  const { id } = await aMember(house, team, 'operator')
  const log = await team.owner.call('GET /audit-log')
  expect(log.json.items?.['0' as never]).toMatchObject({ act: 'user.signed_in', actor: id, client: 'browser' })
  expect(log.text).not.toContain('@')
})

test('no address, password, token or code of anybody was logged', () => {
  const lines = house.api.lines.join('\n')
  expect(house.api.lines.length).toBeGreaterThan(50)
  expect(lines).not.toMatch(/@example|four words|hub_session|[\w-]{43}/)
})
