import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLog } from '../../src/platform/observe/log.ts'
import { openHeartbeat } from '../../src/platform/work/heartbeat.ts'
import { aShelf, type Shelf } from './shelf.ts'
import { type Api, aMerchant, list, openApi } from './support.ts'

let api: Api
let shelf: Shelf
beforeAll(async () => {
  api = await openApi()
  shelf = await aShelf(api, 'mill')
})
afterAll(() => api.close())

const log = createLog({ level: 'debug', stream: { write: () => {} } })
const status = async (key = shelf.key) => (await api.call('GET /status', { key })).json
const sql = (text: string) => api.database.asAdmin((admin) => admin.query(text))

test('says by what has waited longest how the work of a merchant goes, and of no other', async () => {
  await sql(
    `update effect set state = 'pending', created_at = now() - interval '1 hour', reason = 'the folder is full' where kind = 'request'`,
  )
  const lane = list((await status()).lanes).find((one) => String(one.lane) === 'warehouse')
  expect(lane).toMatchObject({ lastError: 'the folder is full' })
  expect(Number(lane?.waiting)).toBeGreaterThan(0)
  expect(Date.now() - Date.parse(String(lane?.oldest))).toBeGreaterThan(3_500_000)
  const other = await aMerchant(api, 'East')
  expect(list((await status(other.key)).lanes).map(({ waiting, oldest }) => [waiting, oldest])).toEqual(
    Array.from({ length: 4 }, () => [0, null]),
  )
})

test('a process is at work, then stopping, then gone; one that fell silent is said to be', async () => {
  const processes = async () => list((await status()).processes)
  expect(await processes()).toEqual([])
  const self = { role: 'worker', version: '1.2.3', startedAt: new Date() }
  const beat = openHeartbeat(api.db, log, self)
  await expect.poll(processes).toMatchObject([{ role: 'worker', version: '1.2.3', draining: false, silent: false }])
  beat.drain()
  await expect.poll(processes).toMatchObject([{ draining: true }])
  await sql(`update hub_process set seen_at = now() - interval '31 seconds'`)
  expect(await processes()).toMatchObject([{ silent: true }])
  const second = openHeartbeat(api.db, log, { ...self, role: 'http' })
  await sql(`update hub_process set seen_at = now() - interval '2 hours' where role = 'worker'`)
  await second.stop()
  const third = openHeartbeat(api.db, log, { ...self, role: 'http' })
  await expect.poll(processes).toMatchObject([{ role: 'http' }])
  await Promise.all([beat.stop(), third.stop()])
  expect(await processes()).toEqual([])
})

test('anybody may know whether the hub works and since when, and nothing else', async () => {
  const answer = await api.app.inject('/status.json')
  expect(answer.statusCode).toBe(200)
  expect(Object.keys(answer.json())).toEqual(['ok', 'waitingFor', 'since', 'startedAt', 'version'])
  expect(answer.json()).toMatchObject({ ok: true, waitingFor: [] })
  const { since } = answer.json()
  expect((await api.app.inject('/status.json')).json().since).toBe(since)
})
