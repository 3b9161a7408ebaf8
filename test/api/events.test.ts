import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { topics } from '../../src/api/changes-seen.ts'
import { aMember, aTeam, type Browser, type House, openHouse, type Team } from '../accounts/support.ts'
import { list } from './support.ts'

let house: House
let team: Team
let port = 0
const open: IncomingMessage[] = []
beforeAll(async () => {
  house = await openHouse()
  await house.api.app.listen({ port: 0, host: '127.0.0.1' })
  const address: AddressInfo | string | null = house.api.app.server.address()
  port = address !== null && typeof address === 'object' ? address.port : 0
})
beforeEach(async () => {
  team = await aTeam(house, 'West')
})
afterEach(() => {
  for (const stream of open.splice(0)) stream.destroy()
})
afterAll(() => house.close())

interface Told {
  readonly event: string
  readonly id: string
  readonly topics: readonly string[]
}
interface Ear {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly told: Told[]
  readonly ended: Promise<void>
  next(event: string): Promise<Told>
}

function read(text: string): Told[] {
  const blocks = text.split('\n\n').filter((block) => block.includes('event: '))
  return blocks.map((block) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
    return { event: field('event'), id: field('id'), topics: JSON.parse(field('data')).topics ?? [] }
  })
}

function listen(by: Pick<Browser, 'cookie'>, headers: Readonly<Record<string, string>> = {}): Promise<Ear> {
  return new Promise((resolve, reject) => {
    const asked = {
      accept: 'text/event-stream',
      cookie: by.cookie() ?? '',
      'sec-fetch-site': 'same-origin',
      ...headers,
    }
    get({ port, host: '127.0.0.1', path: '/api/v1/events', headers: asked }, (stream) => {
      open.push(stream)
      const told: Told[] = []
      const waiting = new Set<() => void>()
      stream.setEncoding('utf8').on('data', (text: string) => {
        told.push(...read(text))
        for (const look of waiting) look()
      })
      const next = (event: string) =>
        new Promise<Told>((found) => {
          const look = () => {
            const at = told.findIndex((one) => one.event === event)
            if (at < 0) return
            waiting.delete(look)
            const [one] = told.splice(0, at + 1).slice(-1)
            if (one) found(one)
          }
          waiting.add(look)
          look()
        })
      const ended = new Promise<void>((end) => stream.once('close', end))
      resolve({ status: stream.statusCode ?? 0, headers: stream.headers, told, ended, next })
    }).on('error', reject)
  })
}

const aLocation = (by: Browser, code: string) => by.call('POST /locations', { code, name: code })

test('a change is told by its topic, without a word of what it is', async () => {
  const ear = await listen(team.owner)
  expect([ear.status, ear.headers['content-type'], ear.headers['cache-control']]).toEqual([
    200,
    'text/event-stream',
    'no-store',
  ])
  await ear.next('ready')
  await aLocation(team.owner, 'CANARY')
  const told = await ear.next('changed')
  expect(told.topics).toEqual(['settings'])
  expect(JSON.stringify(ear.told)).not.toContain('CANARY')
  const { json } = await team.owner.call('POST /items', { items: [{ sku: 'A', title: 'A' }] })
  expect(list(json.items).length).toBe(1)
  const lines = [{ sku: 'A', location: 'CANARY', set: 5 }]
  await team.owner.call('POST /inventory/adjustments', { reason: 'count', lines })
  let heard = new Set<string>()
  while (!heard.has('stock')) heard = new Set([...heard, ...(await ear.next('changed')).topics])
  expect([...heard].filter((topic) => !topics.some((known) => known === topic))).toEqual([])
})

test('the tenth change is told as the first is', async () => {
  for (const code of 'ABCDEFGHIJKL') await aLocation(team.owner, code)
  const ear = await listen(team.owner)
  await ear.next('ready')
  await aLocation(team.owner, 'M')
  expect((await ear.next('changed')).topics).toEqual(['settings'])
})

test('who comes back is told to read anew exactly when something changed meanwhile', async () => {
  const first = await listen(team.owner)
  const { id } = await first.next('ready')
  open.pop()?.destroy()
  const second = await listen(team.owner, { 'last-event-id': id })
  expect((await second.next('ready')).id).toBe(id)
  open.pop()?.destroy()
  await aLocation(team.owner, 'A')
  const third = await listen(team.owner, { 'last-event-id': id })
  expect((await third.next('resync')).id).not.toBe(id)
})

test('of another merchant nothing is heard', async () => {
  const ear = await listen(team.owner)
  await ear.next('ready')
  const other = await aTeam(house, 'East')
  await aLocation(other.owner, 'A')
  const theirs = await listen(other.owner)
  await theirs.next('ready')
  await aLocation(other.owner, 'B')
  await theirs.next('changed')
  expect(ear.told).toEqual([])
})

test('one person holds ten lines and no more; a closed one makes room', async () => {
  for (let n = 0; n < 10; n++) expect((await listen(team.owner)).status).toBe(200)
  expect((await listen(team.owner)).status).toBe(429)
  const { browser } = await aMember(house, team, 'viewer')
  expect((await listen(browser)).status).toBe(200)
  open.pop()
  const [first] = open
  first?.destroy()
  await expect.poll(async () => (await listen(team.owner)).status).toBe(200)
})

test('without a session, and without asking for a stream, there is none', async () => {
  expect((await listen({ cookie: () => '' })).status).toBe(401)
  expect((await team.owner.call('GET /events')).status).toBe(406)
})

test('whoever is signed out hears nothing more after the next beat', { timeout: 40_000 }, async () => {
  const { id, browser } = await aMember(house, team, 'viewer')
  const ear = await listen(browser)
  await ear.next('ready')
  await team.owner.call(`POST /members/${id}/sign-out`)
  await ear.ended
})
