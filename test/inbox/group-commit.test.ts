import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openFairQueue } from '../../src/inbox/fair-queue.ts'
import { type GroupCommitOptions, openGroupCommit } from '../../src/inbox/group-commit.ts'
import type { Delivery } from '../../src/inbox/insert-deliveries.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { admin, closers, db, hub, merchantId, post, shopA, stored } from './door.ts'

describe('group commit', () => {
  const delivery = (more: Partial<Delivery> = {}): Delivery => ({
    merchantId,
    messageId: randomUUID(),
    connectionId: shopA.connectionId,
    source: 'webhook',
    topic: 'orders/create',
    dedupeKey: null,
    headers: {},
    raw: Buffer.from('{"id":1}'),
    ...more,
  })
  const quiet = createLog({ level: 'silent' })
  const open = (more: Partial<GroupCommitOptions> & { failpoints?: string } = {}) => {
    const commits = openGroupCommit({
      db,
      ports: systemPorts({ failpoints: more.failpoints }),
      log: quiet,
      onCommitted: () => undefined,
      ...more,
    })
    closers.push(commits.close)
    return commits
  }

  test('a row that cannot be stored fails alone, wherever it stands in its batch', async () => {
    const poison = [{ topic: 'a\u0000b' }, { merchantId: 'no uuid' }, { headers: { name: '\u0000' } }]
    const commits = open({ inFlightMax: 1 })
    const batch = Array.from({ length: 40 }, (_, i) =>
      delivery([3, 17, 39].includes(i) ? poison[[3, 17, 39].indexOf(i)] : {}),
    )
    const outcomes = await Promise.all(batch.map((d) => commits.store(d)))
    expect(outcomes.flatMap((o, i) => (o === 'stored' ? [] : [[i, o]]))).toEqual([
      [3, 'failed'],
      [17, 'failed'],
      [39, 'failed'],
    ])
    const kept = new Set((await stored()).map((row) => row.message_id))
    expect(batch.filter((_, i) => outcomes[i] === 'stored').every((d) => kept.has(d.messageId))).toBe(true)
    expect(kept.size).toBe(37)
  })

  test('what is in one batch is one transaction', async () => {
    const commits = open({ inFlightMax: 1 })
    await Promise.all(Array.from({ length: 50 }, () => commits.store(delivery())))
    const { rows } = await admin.query('select count(distinct xmin::text)::int as n from inbox_message')
    expect(rows[0].n).toBeLessThanOrEqual(2)
  })

  test('crossing duplicate keys in commits that run at once neither deadlock nor get lost', async () => {
    const commits = open({ inFlightMax: 3, rowsMax: 20 })
    for (let round = 0; round < 10; round++) {
      const keys = Array.from({ length: 60 }, (_, i) => `${round}.${i}`)
      const all = [...keys, ...keys.toReversed()].map((dedupeKey) => delivery({ dedupeKey }))
      const outcomes = await Promise.all(all.map((d) => commits.store(d)))
      expect(outcomes.filter((o) => o === 'stored')).toHaveLength(60)
      expect(outcomes.filter((o) => o === 'duplicate')).toHaveLength(60)
    }
    expect(await stored()).toHaveLength(600)
  })

  test('beyond its room it refuses at once with 503, and everything that was acked is on disk', async () => {
    const { port } = await hub({ queueMax: 20, rowsMax: 5, failpoints: 'ingest.before_insert:sleep=40' })
    const ids = Array.from({ length: 200 }, (_, i) => `event-${i}`)
    const answers = await Promise.all(
      ids.map(async (id) => {
        const startedMs = performance.now()
        const answer = await post(port, { headers: { 'x-shopify-event-id': id } })
        return { id, answer, ms: performance.now() - startedMs }
      }),
    )
    const acked = answers.filter(({ answer }) => answer.status === 200)
    const busy = answers.filter(({ answer }) => answer.status === 503)
    expect(acked.length + busy.length).toBe(200)
    expect(Math.min(acked.length, busy.length)).toBeGreaterThan(0)
    expect(busy.every(({ answer }) => answer.headers['retry-after'] === '1')).toBe(true)
    const kept = new Set((await stored()).map((row) => row.dedupe_key))
    expect(acked.filter(({ id }) => !kept.has(`orders/create:${id}`))).toEqual([])
    const again = await Promise.all(
      busy.slice(0, 5).map(({ id }) => post(port, { headers: { 'x-shopify-event-id': id } })),
    )
    expect(again.map((a) => a.status)).toEqual(Array(5).fill(200))
  })

  test('too many bytes are refused like too many deliveries', async () => {
    const commits = open({ queueBytesMax: 14_000, failpoints: 'ingest.before_insert:sleep=20' })
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => commits.store(delivery({ raw: randomBytes(4_000) }))),
    )
    expect(outcomes.filter((o) => o === 'stored')).toHaveLength(3)
    expect(outcomes.filter((o) => o === 'refused')).toHaveLength(7)
  })

  test('a merchant who sends a flood is refused while there is room, and everybody else is not', async () => {
    const commits = open({ queueMax: 40, rowsMax: 5, failpoints: 'ingest.before_insert:sleep=40' })
    const flood = Array.from({ length: 60 }, () => commits.store(delivery()))
    const others = Array.from({ length: 10 }, () => commits.store(delivery({ merchantId: randomUUID() })))
    const outcomes = await Promise.all(flood)
    expect(outcomes.filter((o) => o === 'stored')).toHaveLength(30)
    expect(outcomes.filter((o) => o === 'refused')).toHaveLength(30)
    expect(await Promise.all(others)).toEqual(Array(10).fill('stored'))
  })

  test('a merchant with nothing under way waits for no batch of another', async () => {
    const commits = open({ rowsMax: 10, failpoints: 'ingest.before_insert:sleep=300*2' })
    const ended: string[] = []
    const store = (name: string, more: Partial<Delivery> = {}) =>
      commits.store(delivery(more)).then(() => void ended.push(name))
    const flood = Array.from({ length: 50 }, () => store('flood'))
    await expect.poll(() => backends()).toBe(2)
    await store('other', { merchantId: randomUUID() })
    expect(ended).toEqual(['other'])
    await Promise.all(flood)
  })

  test('where many wait, each merchant’s oldest is in the next batch', async () => {
    const queue = openFairQueue<{ merchantId: string; n: number }>((item) => item.merchantId)
    for (let n = 0; n < 5; n++) queue.push({ merchantId: 'loud', n })
    queue.push({ merchantId: 'quiet', n: 5 })
    const limits = { rowsMax: 3, bytesMax: 100, bytesOf: () => 1 }
    const numbers = () => queue.take(limits).map(({ n }) => n)
    expect([numbers(), numbers(), numbers(), queue.length]).toEqual([[0, 5, 1], [2, 3, 4], [], 0])
    for (let n = 0; n < 4; n++) queue.push({ merchantId: `m${n}`, n })
    queue.push({ merchantId: 'm0', n: 4 })
    expect([queue.take({ ...limits, bytesMax: 2 }).length, numbers(), queue.length]).toEqual([2, [2, 3, 4], 0])
    queue.push({ merchantId: 'big', n: 9 })
    expect(queue.take({ ...limits, bytesOf: () => 1_000 })).toHaveLength(1)
    queue.push({ merchantId: 'm1', n: 1 })
    expect(queue.take({ ...limits, only: (id) => id !== 'm1' })).toEqual([])
  })

  test('a database that goes away before or during the commit is a 503, never a 200', async () => {
    const { port } = await hub({ failpoints: 'ingest.before_insert:sleep=300' })
    const answer = post(port, {})
    await expect.poll(() => backends()).toBeGreaterThan(0)
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crossdock.ingest' and xact_start is not null",
    )
    expect((await answer).status).toBe(503)
    expect(await stored()).toEqual([])
    expect((await post(port, {})).status).toBe(200)
  })
  async function backends(): Promise<number> {
    const { rows } = await admin.query(
      "select count(*)::int as n from pg_stat_activity where application_name = 'crossdock.ingest' and state = 'idle in transaction' and datname = current_database()",
    )
    return rows[0].n
  }

  test("a commit whose answer got lost is a 503, and the sender's second try finds its duplicate", async () => {
    const { port } = await hub({ failpoints: 'ingest.after_commit:throw*1' })
    const headers = { 'x-shopify-event-id': 'event-1' }
    expect((await post(port, { headers })).status).toBe(503)
    expect((await post(port, { headers })).status).toBe(200)
    expect(await stored()).toHaveLength(1)
  })

  test('closing answers what was taken, and takes nothing more', async () => {
    const commits = open({ failpoints: 'ingest.before_insert:sleep=20' })
    const taken = Array.from({ length: 10 }, () => commits.store(delivery()))
    const closed = commits.close()
    expect(await commits.store(delivery())).toBe('refused')
    await closed
    expect(await Promise.all(taken)).toEqual(Array(10).fill('stored'))
  })
})
