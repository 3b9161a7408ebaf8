import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openGroupCommit } from '../../src/inbox/group-commit.ts'
import { purgeMessages } from '../../src/inbox/purge-messages.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { playStory } from '../audit/story.ts'
import type { World } from '../support/world.ts'
import { age, broken, openPurger, type Purger } from './old-world.ts'

let world: World
let purger: Purger
beforeEach(async () => {
  world = await playStory()
  purger = openPurger(world)
  await asAdmin(`update orders set cancelled_at = now() where cancelled_at is not null;
    update effect set state = 'confirmed', settled_at = now() where kind = 'shipped'`)
}, 60_000)
afterEach(() => world.close())

const asAdmin = (sql: string) =>
  world.database.asAdmin(async (admin) => (await admin.query<Record<string, string>>(sql)).rows)
const persons = () =>
  asAdmin(`select distinct external_id as ref from order_person join orders using (merchant_id, order_id) order by 1`)
const messages = () => asAdmin('select state, count(*)::int as n from inbox_message group by 1 order by 1')
const count = async (table: string) => Number((await asAdmin(`select count(*) as n from ${table}`))[0]?.n)

test('what happened today stays', async () => {
  const tables = [
    'inbox_message',
    'inbox_body',
    'effect',
    'timeline_event',
    'exception',
    'order_person',
    'stock_change',
  ]
  const before = await Promise.all(tables.map(count))
  expect(await purger.again()).toBe(0)
  expect(await Promise.all(tables.map(count))).toEqual(before)
  expect(await broken(world)).toEqual({})
})

test('after a month messages and persons of what is over are gone, and nothing that anybody still needs', async () => {
  await age(world, 31)
  expect(await broken(world)).toEqual({})
  const [effects, events] = [await count('effect'), await count('timeline_event')]
  await purger.again()
  // The dead one waits for a person; its body with it.
  expect(await messages()).toEqual([{ state: 'dead', n: 1 }])
  expect(await count('inbox_body')).toBe(1)
  // 101 left, 105 was cancelled. All others still go somewhere.
  expect(await persons()).toEqual([{ ref: '102' }, { ref: '103' }, { ref: '104' }, { ref: '106' }])
  expect([await count('effect'), await count('timeline_event')]).toEqual([effects, events])
  expect(await broken(world)).toEqual({})
  expect(purger.logged).toEqual([])
})

test('a dead message goes once a person has settled it', async () => {
  await age(world, 31)
  await asAdmin(`update exception set resolved_at = now() where kind = 'message_dead'`)
  await purger.again()
  expect(await messages()).toEqual([])
  expect(await count('inbox_body')).toBe(0)
  expect(await count(`exception where kind = 'message_dead'`)).toBe(1)
  expect(await broken(world)).toEqual({})
})

test('after a year history of what is over is gone, of what is open it stays, and every promise can still be asked', async () => {
  await asAdmin(`update exception set resolved_at = now() where kind = 'message_dead'`)
  await age(world, 401)
  await purger.again()
  const kept = await asAdmin(`select external_id as ref, count(e.effect_id)::int as effects from orders
    left join effect e using (merchant_id, order_id) group by 1 order by 1`)
  const events = await asAdmin(
    `select distinct external_id as ref from timeline_event join orders using (merchant_id, order_id) order by 1`,
  )
  expect(kept.filter(({ ref }) => ref === '101' || ref === '105').map(({ effects }) => effects)).toEqual([0, 0])
  expect(kept.find(({ ref }) => ref === '102')?.effects).toBe(1)
  expect(events).toEqual([{ ref: '102' }, { ref: '103' }, { ref: '104' }, { ref: '106' }])
  expect(await count(`exception where kind = 'message_dead'`)).toBe(0)
  expect(await count(`exception where resolved_at is null`)).toBeGreaterThan(0)
  expect(await count('orders')).toBe(6)
  expect(await broken(world)).toEqual({})
  expect(purger.logged).toEqual([])
})

test('bytes of a file go when their days are over, unless it may still have to be sent', async () => {
  await asAdmin(`insert into partner_file (merchant_id, file_id, connection_id, direction, name, size, sha256, bytes, bytes_until, state)
    select merchant_id, gen_random_uuid(), connection_id, 'out', 'late.csv', 1, '', 'x', now() - interval '1 day', 'frozen' from connection limit 1`)
  await asAdmin(`update effect set file_id = (select file_id from partner_file where name = 'late.csv'), state = 'unknown'
    where effect_id = (select effect_id from effect order by 1 limit 1)`)
  await age(world, 15)
  await purger.again()
  const held = () => asAdmin(`select name from partner_file where bytes is not null`)
  expect(await held()).toEqual([{ name: 'late.csv' }])
  await asAdmin(`update effect set state = 'confirmed' where state = 'unknown'`)
  await purger.again()
  expect(await held()).toEqual([])
  expect(await count(`partner_file where direction = 'out'`)).toBe(2)
})

test('changes that a lane has not read are folded into one that names each item, and the rest goes', async () => {
  await asAdmin(`insert into stock_change (merchant_id, version, item_ids, at)
    select merchant_id, 100 + n, array[(select item_id from item order by sku offset n % 3 limit 1)], now() - interval '8 days'
    from merchant, generate_series(1, 700) as n`)
  await asAdmin('update stock_clock set version = 30000; update push_cursor set seen_version = 400')
  await asAdmin('update stock_change set at = now() where version <= 100')
  await purger.again()
  const items = await asAdmin('select item_id as id from item order by sku limit 3')
  const [left] = await asAdmin(
    'select max(version) as version, count(*) filter (where version > 400) as rows, count(*) filter (where version between 101 and 400) as read from stock_change',
  )
  expect(left).toEqual({ version: '800', rows: '1', read: '0' })
  const folded = await asAdmin('select unnest(item_ids) as id from stock_change where version = 800')
  expect(folded.map(({ id }) => id).sort()).toEqual(items.map(({ id }) => id).sort())
  expect(await purger.again()).toBe(0)
  await asAdmin('update push_cursor set seen_version = 30000')
  expect(await purger.again()).toBe(1)
})

const oldMessages = (n: number) =>
  asAdmin(`with m as (
      insert into inbox_message (merchant_id, message_id, connection_id, source, state, received_at, dedupe_key)
      select merchant_id, ('018c0000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, connection_id, 'webhook', 'applied', now() - interval '1 year', 'old-' || n
      from (select merchant_id, connection_id from connection where connector = 'example') c, generate_series(1, ${n}) as n returning *)
    insert into inbox_body select merchant_id, (received_at at time zone 'utc')::date, message_id, '{}', '', convert_to(repeat('x', 3000), 'utf8') from m`)
const oldOnes = `inbox_message where message_id::text like '018c0000-0000-7000-8000-%'`

test('a purge that stands still loses its lane, and another goes on where it was', async () => {
  await oldMessages(600)
  const stuck = Promise.withResolvers<void>()
  const rested = Promise.withResolvers<void>()
  const frozen = openPurger(world, () => {
    rested.resolve()
    return stuck.promise
  })
  const running = frozen.again()
  await rested.promise
  expect(await count(oldOnes)).toBe(350)
  await asAdmin(`update lane set lease_until = now() - interval '1 second' where kind = 'purge'`)
  await purger.again()
  expect(await count(oldOnes)).toBe(0)
  stuck.resolve()
  await running
  expect(frozen.logged.map((line) => JSON.parse(line).event)).toEqual(['purge.failed'])
  expect(frozen.logged[0]).toContain('the lease of lane purge is gone')
  expect(await broken(world)).toEqual({})
})

test('deliveries are acknowledged while a page of the same connection is being purged', async () => {
  await oldMessages(10)
  const { merchantId, shop } = world
  const log = createLog({ level: 'silent' })
  const group = openGroupCommit({ db: world.db, ports: systemPorts(), log, onCommitted: () => undefined })
  const deliver = (dedupeKey: string) =>
    group.store({
      merchantId,
      messageId: randomUUID(),
      connectionId: shop.connectionId,
      source: 'webhook',
      topic: 'order',
      dedupeKey,
      headers: {},
      raw: Buffer.from('{}'),
    })
  await withTenantTx(world.db, merchantId, async (tx) => {
    expect(await purgeMessages(tx, { keepDays: 30, after: null, limit: 100 })).toMatchObject({ rows: 10 })
    expect(await Promise.all([deliver('new-1'), deliver('new-2')])).toEqual(['stored', 'stored'])
  })
  expect(await deliver('new-1')).toBe('duplicate')
  await group.close()
})

test('a merchant loses nothing by the round of another', async () => {
  const other = '00000000-0000-7000-8000-00000000abcd'
  await asAdmin(`insert into merchant (merchant_id, name) values ('${other}', 'Other');
    insert into inbox_message (merchant_id, message_id, connection_id, source, state, received_at)
      select '${other}', '018c0000-0000-7000-8000-000000000001', gen_random_uuid(), 'poll', 'applied', now() - interval '1 year'`)
  await age(world, 31)
  await asAdmin(
    `insert into lane (merchant_id, connection_id, kind, due_at) values ('${other}', '${other}', 'purge', now() + interval '1 day')`,
  )
  await asAdmin(
    `insert into lane (merchant_id, connection_id, kind) values ('${world.merchantId}', '${world.merchantId}', 'purge')`,
  )
  await purger.run()
  expect(await asAdmin(`select merchant_id as id from inbox_message where state = 'applied'`)).toEqual([{ id: other }])
})
