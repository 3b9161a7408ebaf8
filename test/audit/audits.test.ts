import { existsSync } from 'node:fs'
import path from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Audit } from '../../src/audit/audit.ts'
import { audits, judgedElsewhere } from '../../src/audit/audits.ts'
import { openLook } from '../../src/audit/look.ts'
import { type Found, runAudits } from '../../src/audit/run-audits.ts'
import type { Tx } from '../../src/platform/db/tx.ts'
import type { World } from '../support/world.ts'
import { plants } from './plants.ts'
import { playStory } from './story.ts'

let world: World
beforeAll(async () => {
  world = await playStory()
}, 60_000)
afterAll(() => world.close())

const always = () => true

/** What the audits find in this transaction of the superuser, looking as the merchant does. */
async function brokenIn(admin: pg.Client, full: boolean): Promise<string[]> {
  await admin.query(`set local role hub_app; set local hub.merchant_id = '${world.merchantId}'`)
  const tx = {
    merchantId: world.merchantId,
    rows: async (text: string, params: readonly unknown[] = []) => (await admin.query(text, [...params])).rows,
  } as unknown as Tx
  const verdicts = await runAudits({ audits, look: (work) => work(tx), full, goOn: always })
  await admin.query('reset role')
  return verdicts.flatMap(({ audit, state }) => (state === 'kept' ? [] : [audit.name])).sort()
}

async function planted(sql: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  await world.database.asAdmin(async (admin) => {
    await admin.query('begin; set local session_replication_role = replica')
    await admin.query(`create temp table m on commit drop as select '${world.merchantId}'::uuid as id`)
    await admin.query(sql)
    await work(admin)
    await admin.query('rollback')
  })
}

test('after a whole story every audit is clean, looking at everything and at what changed lately', async () => {
  for (const full of [true, false]) {
    const verdicts = await runAudits({ audits, look: openLook(world.db, world.merchantId), full, goOn: always })
    expect(
      verdicts.filter(({ state }) => state !== 'kept').map(({ audit, state, rows }) => [audit.name, state, rows]),
    ).toEqual([])
    expect(verdicts.length).toBe(full ? audits.length : audits.filter((audit) => !audit.whole).length)
  }
})

test('every audit has its plant', () => {
  expect(Object.keys(plants).sort()).toEqual(audits.map(({ name }) => name).sort())
})

test.each(Object.entries(plants))('%s is found, and nothing else', async (name, { sql, also = [] }) => {
  await planted(sql, async (admin) => {
    expect(await brokenIn(admin, true)).toEqual([name, ...also].sort())
    const lately = audits.find((one) => one.name === name)?.whole ? [] : [name, ...also].sort()
    expect(await brokenIn(admin, false), 'what changed lately').toEqual(lately)
  })
})

describe('the list', () => {
  const promises = Array.from({ length: 16 }, (_, n) => `I${n + 1}`)

  test('each promise is judged by an audit, or says why the tables cannot and names a test that does', () => {
    const told = new Set<string>([...audits, ...judgedElsewhere].map(({ id }) => id))
    expect(promises.filter((id) => !told.has(id))).toEqual([])
    const root = path.join(import.meta.dirname, '../..')
    expect(judgedElsewhere.flatMap(({ by }) => by).filter((file) => !existsSync(path.join(root, file)))).toEqual([])
    expect(judgedElsewhere.filter(({ by }) => by.length === 0)).toEqual([])
  })

  test('names are words for a label, and each is used once', () => {
    const names = audits.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^[a-z]+(_[a-z]+)*$/.test(name))).toEqual([])
  })

  test('an audit selects ids, and nothing that a person wrote', async () => {
    for (const audit of audits) {
      const columns = await columnsOf(audit)
      expect(
        columns.filter((column) => !column.endsWith('_id')),
        audit.name,
      ).toEqual([])
    }
  })

  async function columnsOf({ over, sql }: Audit): Promise<string[]> {
    const text = sql.replaceAll('$1', `'${world.merchantId}'::uuid`).replaceAll('$2::uuid[]', `'{}'::uuid[]`)
    const asked = text.replaceAll('$2', `'${world.merchantId}'::uuid`).replaceAll('$3', 'now()')
    return world.database.asAdmin(async (admin) => {
      const { fields } = await admin.query(`select * from (${asked}) x limit 0`)
      const types = fields.filter(({ dataTypeID }) => dataTypeID !== 2950)
      expect(
        types.map(({ name }) => name),
        over,
      ).toEqual([])
      return fields.map(({ name }) => name)
    })
  }

  test('no audit can change anything', async () => {
    const look = openLook(world.db, world.merchantId)
    await expect(look((tx) => tx.rows('update item set title = title'))).rejects.toMatchObject({ code: '25006' })
  })
})

describe('when it cannot look at all', () => {
  const broken = (sql: string): Audit => ({ id: 'I5', name: 'odd', means: '', mend: '', over: 'orders', sql })
  const names = (found: readonly { audit: Audit; state: string }[]) =>
    found.map(({ audit, state }) => `${audit.name} ${state}`)
  const look = () => openLook(world.db, world.merchantId)

  test('an audit that the database refuses is unfinished and blinds no other', async () => {
    const good = { ...broken('select d.order_id from unnest($2::uuid[]) as d(order_id)'), name: 'good' }
    const bad = broken('select (1 / (length(d.order_id::text) - 36))::text from unnest($2::uuid[]) as d(order_id)')
    const found = await runAudits({ audits: [good, bad], look: look(), full: true, goOn: always })
    expect(names(found)).toEqual(['good broken', 'odd unfinished'])
  })

  test('what time did not allow is unfinished, never kept', async () => {
    const found = await runAudits({ audits, look: look(), full: true, goOn: () => false })
    expect(new Set(found.map(({ state }) => state))).toEqual(new Set(['unfinished']))
  })

  test('a hundred rows are shown of a thousand', async () => {
    const many = {
      ...broken(`select gen_random_uuid() as order_id from generate_series(1, 1000)`),
      over: 'rows' as const,
    }
    const [found] = await runAudits({ audits: [many], look: look(), full: true, goOn: always })
    const rows: readonly Found[] = found?.rows ?? []
    expect([rows.length, found?.more]).toEqual([100, true])
  })
})
