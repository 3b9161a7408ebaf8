import { stepAt, totpCode } from '../../src/accounts/totp.ts'
import type { Role } from '../../src/api/permissions.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { type Answer, type Api, type ApiOptions, installToken, type Json, list, openApi } from '../api/support.ts'

export { type Answer, type Api, installToken, list } from '../api/support.ts'

/** A clock that goes as the machine's does, and can be set forward. */
function movableClock() {
  const { clock } = systemPorts()
  let aheadMs = 0
  return {
    clock: { now: () => new Date(clock.now().getTime() + aheadMs), ms: () => clock.ms() + aheadMs },
    pass: (seconds: number) => {
      aheadMs += seconds * 1_000
    },
  }
}

export interface House {
  readonly api: Api
  readonly pass: (seconds: number) => void
  readonly now: () => Date
  close(): Promise<void>
}

/** A hub with people in it, and a clock that the test moves. */
export async function openHouse(more: ApiOptions = {}): Promise<House> {
  const { clock, pass } = movableClock()
  const api = await openApi({ publicUrl: 'http://127.0.0.1:3000', ...more, ports: { ...systemPorts(), clock } })
  return { api, pass, now: () => clock.now(), close: () => api.close() }
}

export const password = 'four words that are long'
const ownPage = { 'sec-fetch-site': 'same-origin' }

export interface Browser {
  /** The cookie that it keeps, as it was sent. */
  readonly cookie: () => string | undefined
  /** As the hub's own page would ask. */
  call(route: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  forget(): void
  keep(cookie: string): void
}

/** Keeps cookies as a browser does. */
export function aBrowser({ api }: Pick<House, 'api'>): Browser {
  let jar: string | undefined
  return {
    cookie: () => jar,
    forget: () => {
      jar = undefined
    },
    keep: (cookie) => {
      jar = cookie
    },
    call: async (route, body, headers = {}) => {
      const cookie = jar === undefined ? {} : { cookie: jar }
      const answer = await api.call(route, {
        headers: { ...ownPage, ...cookie, ...headers },
        ...(body !== undefined && { body }),
      })
      const set = answer.headers['set-cookie']
      if (typeof set === 'string') jar = set.includes('Max-Age=0') ? undefined : set.split(';')[0]
      return answer
    },
  }
}

let people = 0
export const anAddress = (name = 'person') => `${name}-${++people}@example.com`

/** Signs in, which must work. */
export async function signedIn(house: Pick<House, 'api'>, email: string, given = password): Promise<Browser> {
  const browser = aBrowser(house)
  const answer = await browser.call('POST /sign-in', { email, password: given })
  if (answer.status !== 200 || answer.json.next !== ('done' as unknown)) throw new Error(`sign-in: ${answer.text}`)
  return browser
}

export interface Team {
  readonly merchant: string
  readonly key: string
  readonly email: string
  readonly owner: Browser
}

/** A merchant, its first key, and its owner, who was asked in by the installation. */
export async function aTeam(house: Pick<House, 'api'>, name: string): Promise<Team> {
  const { api } = house
  const made = await api.call('POST /merchants', { key: installToken, body: { name } })
  const merchant = String(made.json.merchant?.id)
  const email = anAddress('owner')
  const body = { merchant, email }
  const asked = await api.call('POST /installation/invitations', { key: installToken, body })
  await api.call('POST /invitations/accept', { body: { token: asked.json.token, password } })
  return { merchant, key: String(made.json.key?.secret), email, owner: await signedIn(house, email) }
}

/** Somebody in a role, signed in. */
export async function aMember(
  house: Pick<House, 'api'>,
  team: Team,
  role: Role,
  more: { readonly seesPersons?: boolean } = {},
): Promise<{ readonly id: string; readonly email: string; readonly browser: Browser }> {
  const email = anAddress(role)
  const token = await invited(team.owner, { email, role, ...more })
  await house.api.call('POST /invitations/accept', { body: { token, password } })
  const browser = await signedIn(house, email)
  return { id: String((await browser.call('GET /me')).json.id), email, browser }
}

export async function invited(by: Browser, guest: object): Promise<string> {
  const answer = await by.call('POST /invitations', guest)
  if (answer.status !== 201) throw new Error(`invitation: ${answer.text}`)
  return String(answer.json.token)
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** The app on somebody's phone: reads base32 by its own arithmetic. */
export function anApp(key: Json | string) {
  let bits = 0n
  const text = String(key)
  for (const letter of text) bits = bits * 32n + BigInt(letters.indexOf(letter))
  const spare = BigInt((text.length * 5) % 8)
  const bytes = Buffer.from((bits >> spare).toString(16).padStart(Math.floor((text.length * 5) / 8) * 2, '0'), 'hex')
  return { code: (at: Date) => totpCode(bytes, stepAt(at)) }
}

/** Adds a second factor, and returns the app and the recovery codes. */
export async function withSecondFactor(house: House, browser: Browser) {
  const app = anApp((await browser.call('POST /me/totp')).json.key ?? '')
  const confirmed = await browser.call('POST /me/totp/confirm', { code: app.code(house.now()) })
  if (confirmed.status !== 200) throw new Error(`second factor: ${confirmed.text}`)
  return { app, recoveryCodes: list(confirmed.json.recoveryCodes).map(String) }
}
