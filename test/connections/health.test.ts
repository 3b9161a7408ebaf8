import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { healthOf } from '../../src/connections/health.ts'
import { noteOrderSeen } from '../../src/connections/note-evidence.ts'
import { type KnownConnection, readConnection } from '../../src/connections/read.ts'
import { type Rhythm, silenceOf } from '../../src/connections/rhythm.ts'
import { ChannelError, type SubscriptionPort } from '../../src/connector-kit/index.ts'
import { runHealth } from '../../src/lanes/health-lane.ts'
import { runPoll } from '../../src/lanes/poll-lane.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { aManifest, aShift } from '../review/shift.ts'
import { openWorld, type World } from '../support/world.ts'

const minute = 60_000
const now = new Date('2026-11-24T12:00:00Z')
const ago = (ms: number) => new Date(now.getTime() - ms)

describe('its own rhythm', () => {
  const shop: Rhythm = { lastOrderSeenAt: ago(3 * 60 * minute), days: 14, arrivals: 1_000, gapMaxS: 90 * 60 }
  const cases: readonly [string, Partial<Rhythm>, boolean | null][] = [
    ['a shop that never paused for longer than 90 minutes is silent after three hours', {}, true],
    ['not while the gap is no longer than one that it had', { lastOrderSeenAt: ago(100 * minute) }, false],
    ['a shop that sleeps at night is not silent in the morning', { gapMaxS: 9 * 3_600 }, false],
    ['a busy one is left alone for an hour all the same', { gapMaxS: 60, lastOrderSeenAt: ago(50 * minute) }, false],
    ['of a quiet one nobody can say', { arrivals: 12 }, null],
    ['of a new one neither', { days: 2 }, null],
    ['nor of one that never had an order', { lastOrderSeenAt: null }, null],
  ]
  test.each(cases)('%s', (_what, more, silent) => {
    expect(silenceOf({ ...shop, ...more }, now)?.isSilent ?? null).toBe(silent)
  })
})

describe('what is said of it', () => {
  const row = {
    ...{
      connector: 'example',
      status: 'active',
      statusReason: null,
      writeMode: 'on',
      canarySkus: [],
      createdAt: ago(0),
    },
    ...{
      lastSuccessAt: ago(1_000),
      lastError: null,
      lastOrderSeenAt: ago(1_000),
      pendingMessages: 0,
      listingsAdrift: 0,
    },
    ...{ webhooksFound: 'healthy', webhooksCheckedAt: ago(minute), webhooksRepairedAt: null, webhooksProblems: [] },
    ...{ missingScopes: [], loginExpiresAt: null, budgetLeft: null, budgetPerSecond: null, budgetAt: null },
    ...{ lagsMs: null, lagAt: null, days: 0, arrivals: 0, gapMaxS: 0 },
  } as unknown as KnownConnection
  const push = { carriesOrder: true, freshForS: 60, stableDeliveryId: true, answerWithinMs: 1, bodyBytesMax: 1 }
  const stale = ago(40 * minute)
  const cases: readonly [string, object, string, string | null][] = [
    ['all is well', {}, 'connected', null],
    [
      'the worker is not there: nothing looks green that nobody looked at',
      { lastSuccessAt: stale },
      'unreachable',
      null,
    ],
    ['the shop does not answer', { lastError: 'no answer', lastSuccessAt: ago(5 * minute) }, 'unreachable', null],
    ['one failure is no state', { lastError: 'no answer', lastSuccessAt: ago(minute) }, 'connected', null],
    ['access was withdrawn', { status: 'reauth_required', statusReason: 'gone' }, 'sign_in_needed', 'sign_in'],
    ['a scope is missing', { missingScopes: ['write_orders'] }, 'sign_in_needed', 'grant_scopes'],
    ['it is paused', { status: 'paused' }, 'paused', 'resume'],
    ['it is disconnected', { status: 'disconnected' }, 'disconnected', 'reconnect'],
    ['its webhooks are off', { webhooksFound: 'disabled' }, 'connected', 'repair_webhooks'],
    ['changes take long', { lagsMs: [90_000], lagAt: now }, 'slow', null],
    ['it is watched', { writeMode: 'shadow' }, 'watching', 'go_live'],
    ['some SKUs are live', { writeMode: 'canary', canarySkus: ['A', 'B'] }, 'canary', null],
  ]
  test.each(cases)('%s', (_what, more, state, action) => {
    const health = healthOf({ ...row, ...more }, aManifest({ push }), now)
    expect([health.state, health.remedy?.action ?? null]).toEqual([state, action])
    expect(health.sentence).not.toMatch(/undefined|null|synced/i)
  })

  test('webhooks at which nobody looked for half an hour are not called well, and lags are those of the latest changes', () => {
    const lagsMs = Array.from({ length: 100 }, (_, n) => (100 - n) * 10)
    const health = healthOf({ ...row, webhooksCheckedAt: stale, lagsMs, lagAt: now }, aManifest({ push }), now)
    expect(health.webhooks.state).toBe('unchecked')
    expect(health.lag).toMatchObject({ p50Ms: 510, p95Ms: 960 })
  })
})

describe('a look at a connection', () => {
  let world: World
  beforeEach(async () => {
    world = await openWorld(1)
    await inTx(
      `insert into channel_account (merchant_id, account_id, platform, external_account_id, name) values ($1, $2, 'example', 'x', 'X')`,
      [world.merchantId, world.shop.accountId],
    )
    await inTx(
      `insert into connection (merchant_id, connection_id, account_id, connector, label, credentials) values ($1, $2, $3, 'example', 'shop', '')`,
      [world.merchantId, world.shop.connectionId, world.shop.accountId],
    )
  })
  afterEach(() => world.close())

  const inTx = <T extends object>(text: string, params: readonly unknown[] = []) =>
    withTenantTx(world.db, world.merchantId, (tx) => tx.rows<T>(text, params))
  const opened = async () =>
    (await inTx<{ kind: string }>('select kind from exception where resolved_at is null')).map(({ kind }) => kind)
  const read = () => withTenantTx(world.db, world.merchantId, (tx) => readConnection(tx, world.shop.connectionId))

  interface Asked {
    readonly since: string | null
    readonly from: string
  }
  function aShop(port: Partial<SubscriptionPort>, missing: readonly string[] = []) {
    const asked: Asked[] = []
    const shift = aShift(world, {
      auth: { probe: async () => ({ key: 'x', name: 'X', currency: null, timeZone: null, missing }) },
      subscriptions: {
        inspect: async () => 'healthy',
        ensure: async () => ({ state: 'repaired', detail: 'made anew' }),
        remove: async () => undefined,
        ...port,
      },
      orders: {
        list: async (_ctx: unknown, q: Asked) => {
          asked.push({ since: q.since, from: q.from })
          return { items: [], next: null, watermark: '2026-11-24T00:00:00Z' }
        },
      } as never,
    })
    return { asked, shift: { ...shift, connection: { ...shift.connection, endpointToken: 'token' } } }
  }

  test('webhooks that were there and are gone are made anew, and the next poll begins before the last good look', async () => {
    await runHealth(aShop({}).shift)
    const well = await inTx<{ at: Date }>('select webhooks_well_at as at from connection_evidence')
    const before = aShop({})
    await runPoll(before.shift)
    await runPoll(before.shift)
    expect(before.asked.at(-1)?.since).toBe('2026-11-24T00:00:00Z')
    const { asked, shift } = aShop({ inspect: async () => 'wrong_address' })
    await runHealth(shift)
    expect(await read()).toMatchObject({ webhooksFound: 'healthy', webhooksRepairedAt: expect.any(Date) })
    await runPoll(shift)
    const from = new Date((well[0]?.at.getTime() ?? 0) - 10 * minute).toISOString()
    expect(asked).toEqual([{ since: null, from }])
    await runPoll(shift)
    expect(asked.at(-1)?.since).toBe('2026-11-24T00:00:00Z')
  })

  test('the first ones are no repair, and leave no gap', async () => {
    const { asked, shift } = aShop({ inspect: async () => 'missing' })
    await runHealth(shift)
    expect(await read()).toMatchObject({ webhooksFound: 'healthy', webhooksRepairedAt: null })
    await runPoll(shift)
    expect(asked).toEqual([{ since: null, from: '2020-01-01T00:00:00.000Z' }])
  })

  test('a shop that refuses them stands before a person until it takes them', async () => {
    const refuse = async () => {
      throw new ChannelError('invalid', 'no webhooks in this plan')
    }
    const turn = await runHealth(aShop({ inspect: async () => 'disabled', ensure: refuse }).shift)
    expect(turn.dueInMs).toBe(minute)
    expect(await opened()).toEqual(['webhooks_broken'])
    expect(await read()).toMatchObject({ webhooksFound: 'disabled', webhooksProblems: ['no webhooks in this plan'] })
    await runHealth(aShop({ inspect: async () => 'missing' }).shift)
    expect(await opened()).toEqual([])
  })

  test('a scope that was withdrawn is seen, and gone when it is granted again', async () => {
    await runHealth(aShop({}, ['write_orders']).shift)
    expect((await read())?.missingScopes).toEqual(['write_orders'])
    await runHealth(aShop({}).shift)
    expect((await read())?.missingScopes).toEqual([])
  })

  test('the gap before an order belongs to the rhythm of its day, and what comes within ten seconds is one arrival', async () => {
    const seen = () => withTenantTx(world.db, world.merchantId, (tx) => noteOrderSeen(tx, world.shop.connectionId))
    await inTx(`update connection set last_order_seen_at = now() - interval '2 hours'`)
    expect([await seen(), await seen()]).toEqual([true, false])
    await inTx(`update connection set last_order_seen_at = now() - interval '1 minute'`)
    expect(await seen()).toBe(true)
    const days = await inTx<{ arrivals: number; gap: number }>('select arrivals, gap_max_s as gap from connection_day')
    expect(days).toEqual([{ arrivals: 2, gap: 7_200 }])
  })

  test('silence beyond its own rhythm is told; of a quiet shop nothing is', async () => {
    const days = (arrivals: number) =>
      inTx(
        `insert into connection_day (merchant_id, connection_id, day, arrivals, gap_max_s)
         select $1, $2, (now() at time zone 'utc')::date - n, $3, 3600 from generate_series(1, 10) n
         on conflict (merchant_id, connection_id, day) do update set arrivals = excluded.arrivals`,
        [world.merchantId, world.shop.connectionId, arrivals],
      )
    await inTx(`update connection set last_order_seen_at = now() - interval '4 hours'`)
    await days(1)
    await runHealth(aShop({}).shift)
    expect(await opened()).toEqual([])
    await days(20)
    await runHealth(aShop({}).shift)
    expect(await opened()).toEqual(['channel_silent'])
    await inTx('update connection set last_order_seen_at = now()')
    await runHealth(aShop({}).shift)
    expect(await opened()).toEqual([])
  })
})
