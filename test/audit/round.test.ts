import { afterEach, beforeEach, expect, test } from 'vitest'
import { type AuditRound, openAuditRound } from '../../src/lanes/audit-round.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { createMetrics } from '../../src/platform/observe/metrics.ts'
import { openWorld, setStock, type World } from '../support/world.ts'

let world: World
let lines: string[]
beforeEach(async () => {
  world = await openWorld(1)
  lines = []
  await setStock(world, 0, 0, 5)
})
afterEach(() => world.close())

/** The hour of the day in which a merchant is looked at as a whole, or the one after it. */
const hourOf = (later: number) => {
  const hour = (Number.parseInt(world.merchantId.slice(-4), 16) + later) % 24
  return new Date(Date.UTC(2026, 0, 5, hour, 30))
}
const aProcess = (later = 1) => {
  const metrics = createMetrics()
  const ports = systemPorts()
  const clock = { ...ports.clock, now: () => hourOf(later) }
  const log = createLog({ level: 'warn', stream: { write: (line) => void lines.push(line) } })
  return { metrics, round: openAuditRound({ db: world.db, ports: { ...ports, clock }, log, metrics }) }
}
const asAdmin = (sql: string) =>
  world.database.asAdmin(async (admin) => (await admin.query<Record<string, unknown>>(sql)).rows)
const anHourLater = () => asAdmin(`update lane set due_at = now() where kind = 'audit'`)
const runAnHourLater = async (round: AuditRound) => {
  await anHourLater()
  return round.run()
}
const exceptions = () =>
  asAdmin(`select detail ->> 'audit' as audit, subject_kind as about, subject_id as id, resolved_at is null as open, detail ->> 'violations' as rows
    from exception where kind = 'promise_broken' order by raised_at`)
const deny = (units: number) => asAdmin(`update inventory_level set denied = ${units}`)

test('a merchant is audited once an hour, however many workers look', async () => {
  const [one, other] = [aProcess(), aProcess()]
  await one.round.run()
  expect(await asAdmin(`select count(*)::int as lanes from lane where kind = 'audit'`)).toEqual([{ lanes: 1 }])
  await anHourLater()
  const done = await Promise.all([one.round.run(), other.round.run(), one.round.run()])
  expect(done.reduce((a, b) => a + b, 0)).toBe(1)
  expect(await exceptions()).toEqual([])
  expect(
    await asAdmin(
      `select lease_token is null as free, due_at > now() + interval '59 minutes' as later from lane where kind = 'audit'`,
    ),
  ).toEqual([{ free: true, later: true }])
})

test('a broken promise is counted, logged and put before a person, and is over when it is kept again', async () => {
  const { round, metrics } = aProcess()
  await round.run()
  await deny(1)
  expect(await runAnHourLater(round)).toBe(1)
  const told = { audit: 'denied_untold', about: 'merchant', id: world.merchantId, rows: '1' }
  expect(await exceptions()).toEqual([{ ...told, open: true }])
  expect(await metrics.text()).toMatch(/hub_audit_violations\{audit="denied_untold"\} 1\n/)
  expect(lines.filter((line) => line.includes('audit.broken')).length).toBe(1)
  await runAnHourLater(round)
  expect((await exceptions()).length, 'told once').toBe(1)
  await deny(0)
  await runAnHourLater(round)
  expect(await exceptions()).toEqual([{ ...told, open: false }])
  expect(await metrics.text()).toMatch(/hub_audit_violations\{audit="denied_untold"\} 0\n/)
  expect(await metrics.text()).toMatch(/hub_audit_last_run_seconds \d{10}/)
})

test('what only a look at everything finds is found within a day, and stays before a person until it is mended', async () => {
  await asAdmin('update inventory_level set on_hand = on_hand + 1')
  const [daily, hourly] = [aProcess(0), aProcess(1)]
  await hourly.round.run()
  await runAnHourLater(hourly.round)
  expect(await exceptions(), 'not in any hour').toEqual([])
  await runAnHourLater(daily.round)
  expect(await exceptions()).toMatchObject([{ audit: 'level_movements', open: true }])
  await runAnHourLater(hourly.round)
  expect(await exceptions(), 'still broken').toMatchObject([{ open: true }])
  await asAdmin('update inventory_level set on_hand = on_hand - 1')
  await runAnHourLater(hourly.round)
  expect(await exceptions()).toMatchObject([{ open: false }])
})

test('an hour without an answer closes nothing', async () => {
  const { round } = aProcess()
  await round.run()
  await deny(1)
  await runAnHourLater(round)
  await deny(0)
  await asAdmin('revoke select on inventory_level from hub_app')
  await runAnHourLater(round)
  expect(await exceptions()).toMatchObject([{ audit: 'denied_untold', open: true }])
  expect(lines.some((line) => line.includes('audit.unfinished'))).toBe(true)
})

test('a worker that stops gives its lane back and starts no other', async () => {
  const { round } = aProcess()
  await round.run()
  await anHourLater()
  const running = round.run()
  await round.stop()
  await running
  expect(await asAdmin(`select count(*)::int as held from lane where lease_token is not null`)).toEqual([{ held: 0 }])
  expect(await runAnHourLater(round)).toBe(0)
})
