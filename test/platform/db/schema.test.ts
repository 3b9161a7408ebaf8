import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../support/database.ts'
import { hubTables, meanings, queueTables } from './columns.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

const ask = <T extends object>(sql: string, params: unknown[] = []): Promise<T[]> =>
  database.asAdmin(async (admin) => (await admin.query(sql, params)).rows)

// In a subquery, so that it is worked out once for a statement and not once for each row.
const own =
  "(merchant_id = ( SELECT (NULLIF(current_setting('hub.merchant_id'::text, true), ''::text))::uuid AS \"nullif\"))"
const ownPolicy = `own * hub_app using ${own} check ${own}`
const jobReads = 'job r hub_job using true check -'
const jobAll = 'job * hub_job using true check true'
const account = `account * hub_account using true check true`
const accountOwn = `account * hub_account using ${own} check ${own}`
const accountSees = 'account_see r hub_account using true check -'
const ingest = ['ingest_add a hub_ingest using - check true', 'ingest_key r hub_ingest using true check -']

/** Found before the merchant is known, so no door shows them to a merchant at all. */
const controlPlane = ['account_claim', 'account_holder', 'api_key', 'consent_state', 'webhook_endpoint']
/** People who sign in, and what they sign in with: of no merchant, and seen through the account door alone. */
const people = ['recovery_code', 'session', 'sign_in_step', 'sign_in_throttle', 'user_account']
/** Who belongs to which merchant. A merchant's own rows, but no business of its trade. */
const belonging = ['invitation', 'membership']
/** What runs here: of the installation. */
const machines = ['hub_process']
/** Reached through their parents only. */
const partitions = ['inbox_body_default', 'timeline_event_default']
/** What differs from "one policy: its own merchant". */
const policiesOf: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries([...controlPlane, ...machines].map((table) => [table, [jobAll]])),
  ...Object.fromEntries(partitions.map((table) => [table, []])),
  ...Object.fromEntries(people.map((table) => [table, [account]])),
  ...Object.fromEntries(belonging.map((table) => [table, [accountOwn, accountSees]])),
  api_key: [jobAll, accountOwn],
  audit_entry: [ownPolicy, accountOwn],
  lane: [jobAll, ownPolicy],
  inbox_body: [...ingest, ownPolicy],
  inbox_message: [...ingest, jobReads, ownPolicy],
  merchant: [jobReads, 'job_add a hub_job using - check true', ownPolicy, accountOwn, accountSees],
  ...Object.fromEntries(
    ['connection', 'effect', 'listing_push', 'push_cursor', 'stock_clock'].map((table) => [
      table,
      [jobReads, ownPolicy],
    ]),
  ),
}
/** Indexes that may lead with something else: of the control plane, where the merchant is what is looked for, and of people. */
const otherIndexes = [
  'account_claim (platform, external_account_id)',
  'account_holder (platform, external_account_id, merchant_id)',
  'api_key (key_id)',
  'consent_state (state_sha256)',
  'hub_process (process_id)',
  'invitation (token_sha256)',
  'lane (kind, due_at)',
  'membership (user_id)',
  'recovery_code (user_id, code_sha256)',
  'session (session_id)',
  'session (token_sha256)',
  'session (user_id)',
  'sign_in_step (token_sha256)',
  'sign_in_throttle (counted_at)',
  'sign_in_throttle (key_hmac)',
  'user_account (email)',
  'user_account (user_id)',
  'webhook_endpoint (token_sha256)',
]

const inPublic = `c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`

test('the database holds our tables, their partitions, the queue’s and the migrations’, and no others', async () => {
  const rows = await ask<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f', 'm') and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' order by 1`,
  )
  const expected = [
    ...[...hubTables, ...partitions].map((name) => `public.${name}`),
    ...queueTables.map((name) => `bullmq.${name}`),
    'drizzle.__drizzle_migrations',
  ]
  expect(rows.map((row) => row.name)).toEqual(expected.sort())
})

test('every one of our tables names its merchant, but those of people and of machines', async () => {
  const rows = await ask<{ name: string }>(
    `select c.relname as name from pg_class c where ${inPublic} and not exists (
       select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'merchant_id' and a.atttypid = 'uuid'::regtype and a.attnotnull) order by 1`,
  )
  expect(rows.map(({ name }) => name)).toEqual([...machines, ...people])
})

describe('row-level security', () => {
  test('is on and forced, for every table, with exactly the policies that are meant', async () => {
    const rows = await ask<{ name: string; walled: boolean; policies: string[] }>(
      `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as walled, array(
         select p.polname || ' ' || p.polcmd::text || ' ' || (select string_agg(r::regrole::text, ',') from unnest(p.polroles) r)
           || ' using ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '-') || ' check ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-')
         from pg_policy p where p.polrelid = c.oid order by 1) as policies
       from pg_class c where ${inPublic} order by 1`,
    )
    const wanted = [...hubTables, ...partitions]
      .sort()
      .map((name) => ({ name, walled: true, policies: [...(policiesOf[name] ?? [ownPolicy])].sort() }))
    expect(rows.map((row) => ({ ...row, policies: row.policies.sort() }))).toEqual(wanted)
  })

  test('a view looks with the eyes of whoever asks', async () => {
    const rows = await ask(
      `select c.relname as view, 'security_invoker=true' = any(c.reloptions) as as_asker from pg_class c
       where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' order by 1`,
    )
    expect(rows).toEqual([{ view: 'order_stage', as_asker: true }])
  })

  test('no function of ours runs with its owner’s rights', async () => {
    const rows = await ask(
      `select p.oid::regprocedure::text as name from pg_proc p where p.pronamespace = 'public'::regnamespace or
       (p.prosecdef and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace))`,
    )
    expect(rows).toEqual([])
  })
})

test('every key and index leads with the merchant, but those of the control plane and of people', async () => {
  const rows = await ask<{ index: string }>(
    `select c.relname || ' ' || substring(pg_get_indexdef(i.indexrelid) from '\\(.*?\\)') as index
     from pg_index i join pg_class c on c.oid = i.indrelid where ${inPublic} and not exists (
       select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'merchant_id' and a.attnum = i.indkey[0]) order by 1`,
  )
  expect(rows.map((row) => row.index)).toEqual(otherIndexes)
})

test('every table has a primary key, and every foreign key stays within its merchant', async () => {
  const keyless = await ask(
    `select c.relname from pg_class c where ${inPublic} and not exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary)`,
  )
  expect(keyless).toEqual([])
  const crossing = await ask(
    `select f.conname from pg_constraint f join pg_class c on c.oid = f.conrelid where ${inPublic} and f.contype = 'f' and not exists (
       select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'merchant_id' and a.attnum = any(f.conkey))`,
  )
  expect(crossing).toEqual([])
})

describe('what the doors may do, column by column', () => {
  const everything = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']
  const privileges = (role: string) =>
    ask<{ name: string; may: string[] }>(
      `select c.relname as name, array(
         select p || coalesce('(' || (select string_agg(a.attname, ' ' order by a.attname) from pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and has_column_privilege($1, c.oid, a.attnum, p)) || ')', '')
         from unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
         where not has_table_privilege($1, c.oid, p) and has_any_column_privilege($1, c.oid, p)
         union all select p from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
         where has_table_privilege($1, c.oid, p)) as may
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'v', 'm', 'S') and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`,
      [role],
    )
  const granted = async (role: string) =>
    Object.fromEntries(
      (await privileges(role)).filter((row) => row.may.length > 0).map((row) => [row.name, row.may.sort()]),
    )

  test('hub_ingest adds to the inbox and reads keys', async () => {
    expect(await granted('hub_ingest')).toEqual({
      inbox_message: ['INSERT', 'SELECT(connection_id dedupe_key merchant_id message_id)'],
      inbox_body: ['INSERT', 'SELECT(merchant_id message_id)'],
    })
  })

  test('hub_job keeps the control plane and reads keys, states and due times', async () => {
    expect(await granted('hub_job')).toEqual({
      ...Object.fromEntries(['lane', ...controlPlane, ...machines].map((table) => [table, everything.toSorted()])),
      account_holder: ['INSERT', 'SELECT'],
      consent_state: ['DELETE', 'INSERT', 'SELECT'],
      inbox_message: ['SELECT(connection_id due_at merchant_id message_id state)'],
      effect: ['SELECT(connection_id due_at effect_id kind merchant_id state)'],
      listing_push: [
        'SELECT(confirmed_version connection_id desired_version due_at listing_id merchant_id recheck_at)',
      ],
      push_cursor: ['SELECT'],
      stock_clock: ['SELECT'],
      connection: ['SELECT(connection_id connector merchant_id status write_mode)'],
      merchant: ['INSERT', 'SELECT(merchant_id)'],
    })
  })

  test('hub_account keeps people, and of a merchant only its name, its keys without their secrets, and what was done', async () => {
    expect(await granted('hub_account')).toEqual({
      ...Object.fromEntries([...people, ...belonging].map((table) => [table, everything.toSorted()])),
      api_key: [
        'INSERT',
        'SELECT(created_at expires_at key_id label last_used_at merchant_id revoked_at scopes)',
        'UPDATE(revoked_at)',
      ],
      audit_entry: ['INSERT', 'SELECT'],
      merchant: ['INSERT', 'SELECT(merchant_id name)'],
    })
  })

  test('hub_app works on every table of a merchant, but not on the control plane, and knows of no person who signs in', async () => {
    const may = await granted('hub_app')
    const others = [...controlPlane, ...machines, ...people, ...belonging]
    const tables = hubTables.filter((table) => !others.includes(table))
    expect(Object.keys(may).sort()).toEqual([...tables, 'order_stage'].sort())
    const unusual = Object.entries(may).filter(([, p]) => p.join() !== everything.toSorted().join())
    // The note of who asked for a change is for keeping, and who did what can only be added to.
    expect(Object.fromEntries(unusual)).toEqual({
      audit_entry: ['INSERT', 'SELECT'],
      api_request: ['INSERT', 'SELECT', 'UPDATE'],
      privacy_request: ['INSERT', 'SELECT', 'UPDATE'],
      order_stage: ['SELECT'],
    })
  })
})

describe('personal data', () => {
  const textLike = `select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    join pg_type t on t.oid = a.atttypid left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
    where ${inPublic} and not c.relispartition and a.attnum > 0 and not a.attisdropped
      and coalesce(e.typcategory, t.typcategory) not in ('B', 'D', 'N') and coalesce(e.oid, t.oid) <> 'uuid'::regtype order by 1`

  test('every column that can hold words is classified', async () => {
    const columns = (await ask<{ name: string }>(textLike)).map((row) => row.name)
    expect(columns).toEqual([...meanings.keys()].sort())
  })

  /** Each with the reason why it must be kept. */
  const allowed = {
    'inbox_body.bytes': 'what arrived is kept as it came until it cannot be needed again',
    'invitation.email': 'whom an owner asked in, until they came or seven days are over',
    'order_person.data': 'somebody must know where the parcel goes',
    'partner_file.bytes': 'what was sent to a partner can be sent again',
    'user_account.email': 'what a person signs in with, and their colleagues know them by',
  }

  test('may be in five columns only', () => {
    const person = [...meanings].filter(([, meaning]) => meaning === 'person').map(([column]) => column)
    expect(person).toEqual(Object.keys(allowed))
  })
})
