import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertDeliveries } from '../../../src/inbox/insert-deliveries.ts'
import { packBody } from '../../../src/inbox/pack-body.ts'
import { type Db, openDb } from '../../../src/platform/db/pool.ts'
import {
  type DoorTx,
  type Tx,
  withAccountTx,
  withClaimTx,
  withIngestTx,
  withTenantTx,
} from '../../../src/platform/db/tx.ts'
import { freshDatabase, type TestDatabase } from '../../support/database.ts'

let database: TestDatabase
let db: Db
/** The hub's login as it comes, without any door. */
let login: pg.Client
const mine = randomUUID()
const other = randomUUID()
const connectionId = randomUUID()

beforeAll(async () => {
  database = await freshDatabase()
  db = openDb(database.url, { work: 1, ingest: 1 })
  login = new pg.Client({ connectionString: database.url })
  await login.connect()
  for (const merchantId of [mine, other]) {
    await withClaimTx(db, (tx) => tx.rows(`insert into merchant (merchant_id, name) values ($1, 'M')`, [merchantId]))
    await withTenantTx(db, merchantId, furnish)
  }
})
afterAll(async () => {
  await login.end()
  await db.close()
  await database.drop()
})

/** One row in each table that a door must hide. */
async function furnish(tx: Tx): Promise<void> {
  const [orderId, accountId] = [randomUUID(), randomUUID()]
  await tx.rows('insert into item (merchant_id, item_id, sku) values ($1, $2, $3)', [tx.merchantId, randomUUID(), 'S'])
  await tx.rows(
    `insert into orders (merchant_id, order_id, account_id, connection_id, external_id, external_number, changed_at, content_sha256,
       placed_at, currency, total_minor, shop_currency, shop_total_minor, remote_status)
     values ($1, $2, $3, $3, 'o', 'o', now(), '', now(), 'EUR', 1, 'EUR', 1, 'paid')`,
    [tx.merchantId, orderId, accountId],
  )
  await tx.rows(
    `insert into order_person (merchant_id, order_id, role, data) values ($1, $2, 'buyer', '{"name":"Example Person"}')`,
    [tx.merchantId, orderId],
  )
  await tx.rows(
    `insert into connection (merchant_id, connection_id, account_id, connector, label, credentials, settings)
     values ($1, $2, $3, 'shopify', 'Shop', 'sealed', '{}')`,
    [tx.merchantId, connectionId, accountId],
  )
  await withIngestTx(db, (ingest) => deliver(ingest, tx.merchantId))
}

const deliver = async (tx: DoorTx, merchantId: string) => {
  const raw = Buffer.from('{"id":1}')
  const messageId = randomUUID()
  await insertDeliveries(tx, [
    {
      merchantId,
      messageId,
      connectionId,
      source: 'webhook',
      topic: 't',
      dedupeKey: null,
      headers: {},
      raw,
      packed: await packBody(raw),
    },
  ])
  return messageId
}

const refused = { code: '42501' }
const asMe = <T>(work: (tx: Tx) => Promise<T>) => withTenantTx(db, mine, work)
const ingest = (sql: string, params?: unknown[]) => withIngestTx(db, (tx) => tx.rows(sql, params))
const account = (sql: string, params?: unknown[]) => withAccountTx(db, mine, (tx) => tx.rows(sql, params))
const job = (sql: string, params?: unknown[]) => withClaimTx(db, (tx) => tx.rows(sql, params))
const tables = () =>
  database.asAdmin(async (admin) => {
    const { rows } = await admin.query(
      `select distinct c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'merchant_id'
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') order by 1`,
    )
    return rows.map((row: { name: string }) => row.name)
  })

describe('the login role outside the doors', () => {
  test('sees no row of any merchant, in whatever table or view, bodies included', async () => {
    const seen: Record<string, number> = {}
    for (const table of await tables()) {
      const { rows } = await login.query(`select count(*)::int as n from ${table}`)
      if (rows[0].n > 0) seen[table] = rows[0].n
    }
    expect(seen).toEqual({})
    await login.query(`select set_config('hub.merchant_id', $1, false)`, [mine])
    expect((await login.query('select bytes from inbox_body')).rows).toEqual([])
    expect((await login.query('select data from order_person')).rows).toEqual([])
  })

  test('can write for no merchant', async () => {
    await expect(
      login.query('insert into item (merchant_id, item_id, sku) values ($1, $1, $2)', [mine, 'x']),
    ).rejects.toMatchObject(refused)
    expect((await login.query(`update orders set hold = 'x'`)).rowCount).toBe(0)
    expect((await login.query('delete from orders')).rowCount).toBe(0)
  })

  test('is no superuser and does not inherit what the doors may do', async () => {
    const { rows } = await login.query(
      `select rolsuper or rolbypassrls or rolreplication or exists (select 1 from pg_roles r where r.rolname like 'hub\\_%' and pg_has_role(r.oid, 'USAGE')) as strong
       from pg_roles where rolname = current_user`,
    )
    expect(rows).toEqual([{ strong: false }])
  })
})

describe('hub_ingest', () => {
  test('stores deliveries for any merchant in one transaction', async () => {
    const ids = await withIngestTx(db, async (tx) => [await deliver(tx, mine), await deliver(tx, other)])
    const kept = await ingest('select merchant_id from inbox_message where message_id = any($1::uuid[])', [ids])
    expect(kept.map((row) => row.merchant_id).sort()).toEqual([mine, other].sort())
  })

  test.each([
    'select bytes from inbox_body',
    'select headers from inbox_body',
    'select * from inbox_body',
    'select topic from inbox_message',
    'select state from inbox_message',
    'select data from order_person',
    'select credentials from connection',
    'select merchant_id from orders',
    'select merchant_id from lane',
    `update inbox_message set state = 'dead'`,
    'delete from inbox_body',
    'update inbox_body set bytes = null',
    `insert into item (merchant_id, item_id, sku) values (gen_random_uuid(), gen_random_uuid(), 'x')`,
  ])('is refused: %s', async (sql) => {
    await expect(ingest(sql)).rejects.toMatchObject(refused)
  })
})

describe('hub_job', () => {
  test('finds the work of all merchants by key, state and due time', async () => {
    const rows = await job(`select distinct merchant_id, connection_id, state from inbox_message where due_at <= now()`)
    expect(rows.map((row) => row.merchant_id).sort()).toEqual([mine, other].sort())
  })

  test.each([
    'select bytes from inbox_body',
    'select merchant_id from inbox_body',
    'select subject_ref from inbox_message',
    'select data from order_person',
    'select merchant_id from orders',
    'select credentials from connection',
    'select settings from connection',
    'select * from connection',
    'select intent from effect',
    'select pushed_qty from listing_push',
    'select name from merchant',
    `update inbox_message set state = 'dead'`,
    `update effect set state = 'dead'`,
    `update connection set status = 'paused'`,
    `update merchant set name = 'x'`,
    'delete from merchant',
    'delete from inbox_message',
    'select stage from order_stage',
  ])('is refused: %s', async (sql) => {
    await expect(job(sql)).rejects.toMatchObject(refused)
  })
})

describe('hub_app', () => {
  test('sees its own merchant only, in whatever table or view', async () => {
    const foreign: Record<string, number> = {}
    let own = 0
    for (const table of await tables()) {
      const counted = await asMe((tx) =>
        tx.rows<{ foreign: number; own: number }>(
          `select count(*) filter (where merchant_id <> $1)::int as foreign, count(*) filter (where merchant_id = $1)::int as own from ${table}`,
          [mine],
        ),
      ).catch((error: unknown) => {
        expect(error).toMatchObject(refused)
        return [{ foreign: 0, own: 0 }]
      })
      own += counted[0]?.own ?? 0
      if (counted[0]?.foreign !== 0) foreign[table] = counted[0]?.foreign ?? -1
    }
    expect(foreign).toEqual({})
    expect(own).toBeGreaterThan(5)
  })

  test('cannot write another merchant’s row: not add one, not give one away, not touch one', async () => {
    const add = 'insert into item (merchant_id, item_id, sku) values ($1, $2, $3)'
    await expect(asMe((tx) => tx.rows(add, [other, randomUUID(), 'x']))).rejects.toMatchObject(refused)
    await expect(asMe((tx) => tx.rows('update item set merchant_id = $1', [other]))).rejects.toMatchObject(refused)
    const touched = await asMe((tx) =>
      tx.rows(`update item set title = 'x' where merchant_id = $1 returning 1`, [other]),
    )
    expect(touched).toEqual([])
    const deleted = await asMe((tx) => tx.rows('delete from order_person where merchant_id = $1 returning 1', [other]))
    expect(deleted).toEqual([])
  })

  test('with no merchant set it sees nothing, and does not fail on the empty setting that a pooled connection carries', async () => {
    for (const setting of ["''", 'default']) {
      await login.query(`begin; set local role hub_app; set local hub.merchant_id = ${setting}`)
      expect((await login.query('select 1 from orders')).rows).toEqual([])
      await login.query('rollback')
    }
  })

  test.each([
    'select secret_sha256 from api_key',
    'select merchant_id from webhook_endpoint',
    'select platform from account_claim',
    'select bytes from inbox_body_default',
    'alter table orders disable row level security',
    'alter table orders no force row level security',
    'drop policy own on orders',
    'create policy mine on orders using (true)',
    'truncate orders',
    'create table public.mine (n int)',
    'create schema mine',
    'alter role hub_app bypassrls',
    'select 1 from bullmq.job',
    'select 1 from drizzle.__drizzle_migrations',
  ])('is refused: %s', async (sql) => {
    await expect(asMe((tx) => tx.rows(sql))).rejects.toMatchObject(refused)
  })

  test('not even by asking for row-level security to be off', async () => {
    await expect(
      asMe(async (tx) => {
        await tx.rows('set local row_security = off')
        return tx.rows('select 1 from orders')
      }),
    ).rejects.toMatchObject(refused)
  })
})

test('none of the three roles may log in, own anything, bypass, or make roles', async () => {
  const doors = ['hub_app', 'hub_ingest', 'hub_job']
  const { rows } = await login.query(
    `select r.rolname as role, rolsuper or rolbypassrls or rolcanlogin or rolinherit or rolcreaterole or rolcreatedb or rolreplication as strong,
       (select count(*)::int from pg_shdepend d where d.refobjid = r.oid and d.deptype = 'o') as owned,
       (select count(*)::int from pg_auth_members m where m.member = r.oid) as groups
     from pg_roles r where rolname = any($1) order by 1`,
    [doors],
  )
  expect(rows).toEqual(doors.map((role) => ({ role, strong: false, owned: 0, groups: 0 })))
})

test.each([
  '',
  'hub',
  randomUUID().toUpperCase(),
  `${randomUUID()}'; reset role; --`,
  `{${randomUUID()}}`,
  `${randomUUID()}\n`,
])('the tenant door refuses what is not a lower-case uuid: %j', async (merchantId) => {
  await expect((async () => withTenantTx(db, merchantId, async () => 'in'))()).rejects.toThrow(TypeError)
  expect(db.work.waitingCount).toBe(0)
})

describe('nothing of a door is left on its connection for the next borrower', () => {
  const ways = ['done', 'thrown', 'refused'] as const
  const doors = {
    tenant: (work: (tx: DoorTx | Tx) => Promise<unknown>) => withTenantTx(db, mine, work),
    claim: (work: (tx: DoorTx | Tx) => Promise<unknown>) => withClaimTx(db, work),
    ingest: (work: (tx: DoorTx | Tx) => Promise<unknown>) => withIngestTx(db, work),
  }
  const ends: Record<(typeof ways)[number], (tx: DoorTx | Tx) => Promise<unknown>> = {
    done: async () => 'done',
    thrown: async () => {
      throw new Error('thrown')
    },
    refused: (tx) => tx.rows('select 1 / 0'),
  }
  test.each(Object.keys(doors).flatMap((door) => ways.map((way) => ({ door, way }))))(
    '$door, $way',
    async ({ door, way }) => {
      const open = doors[door as keyof typeof doors]
      await open(async (tx) => {
        const [inside] = await tx.rows('select current_user as role, pg_backend_pid() as pid')
        expect(inside?.role).toBe(`hub_${{ tenant: 'app', claim: 'job', ingest: 'ingest' }[door]}`)
        return ends[way](tx)
      }).catch((error: unknown) => expect(way, String(error)).not.toBe('done'))
      const pool = door === 'ingest' ? db.ingest : db.work
      const { rows } = await pool.query(
        `select current_user = session_user as own_role, coalesce(current_setting('hub.merchant_id', true), '') as merchant,
         pg_current_xact_id_if_assigned() is not null as in_tx, (select count(*)::int from orders) as seen`,
      )
      expect(rows).toEqual([{ own_role: true, merchant: '', in_tx: false, seen: 0 }])
      const roles = await Promise.all([
        withClaimTx(db, (tx) => tx.rows('select current_user as role')),
        asMe((tx) => tx.rows(`select current_user as role, current_setting('hub.merchant_id') as merchant`)),
      ])
      expect(roles).toEqual([[{ role: 'hub_job' }], [{ role: 'hub_app', merchant: mine }]])
    },
  )
})

test('a snapshot shows one moment whatever is committed meanwhile, and cannot be written through', async () => {
  const two = openDb(database.url, { work: 2, ingest: 1 })
  const count = (tx: Tx) => tx.rows<{ n: number }>('select count(*)::int as n from item')
  await withTenantTx(
    two,
    mine,
    async (tx) => {
      const before = await count(tx)
      await withTenantTx(two, mine, (other) =>
        other.rows('insert into item (merchant_id, item_id, sku) values ($1, $2, $3)', [mine, randomUUID(), 'MORE']),
      )
      expect(await count(tx)).toEqual(before)
    },
    { snapshot: true },
  )
  await expect(
    withTenantTx(two, mine, (tx) => tx.rows(`update item set title = 'x'`), { snapshot: true }),
  ).rejects.toMatchObject({ code: '25006' })
  await two.close()
})

describe('the account door', () => {
  test.each(['orders', 'order_person', 'connection', 'inbox_message', 'inbox_body', 'item', 'api_request', 'lane'])(
    'sees nothing of %s',
    async (table) => {
      await expect(account(`select 1 from ${table}`)).rejects.toMatchObject(refused)
    },
  )

  test('reads no secret of a key, and changes nothing of one but that it is revoked', async () => {
    await expect(account('select secret_sha256 from api_key')).rejects.toMatchObject(refused)
    await expect(account(`update api_key set scopes = '{*}'`)).rejects.toMatchObject(refused)
    await expect(account('delete from api_key')).rejects.toMatchObject(refused)
  })

  test('writes who belongs to the merchant that it names, and to no other', async () => {
    const user = randomUUID()
    const belong = (merchantId: string) =>
      account(`insert into membership (merchant_id, user_id, role) values ($1, $2, 'owner')`, [merchantId, user])
    await belong(mine)
    await expect(belong(other)).rejects.toMatchObject(refused)
    const move = account('update membership set merchant_id = $1 where user_id = $2', [other, user])
    await expect(move).rejects.toMatchObject(refused)
    const elsewhere = (sql: string) => withAccountTx(db, other, (tx) => tx.rows(sql, [user]))
    expect(await elsewhere(`update membership set role = 'viewer' where user_id = $1 returning 1`)).toEqual([])
    expect(await elsewhere('delete from membership where user_id = $1 returning 1')).toEqual([])
    expect(
      await withAccountTx(db, null, (tx) => tx.rows('delete from membership where user_id = $1 returning 1', [user])),
    ).toEqual([])
  })

  test('is the only one that knows people', async () => {
    for (const table of [
      'user_account',
      'session',
      'recovery_code',
      'sign_in_step',
      'sign_in_throttle',
      'membership',
      'invitation',
    ]) {
      await expect(asMe((tx) => tx.rows(`select 1 from ${table}`))).rejects.toMatchObject(refused)
      await expect(job(`select 1 from ${table}`)).rejects.toMatchObject(refused)
      await expect(ingest(`select 1 from ${table}`)).rejects.toMatchObject(refused)
    }
  })
})
