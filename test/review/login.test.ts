import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openConnection } from '../../src/connections/open-connection.ts'
import { placeOf } from '../../src/connections/read.ts'
import { type AuthPort, ChannelError } from '../../src/connector-kit/index.ts'
import type { Shift } from '../../src/lanes/deps.ts'
import { runLogin } from '../../src/lanes/login-lane.ts'
import { type KeyRing, parseKeys } from '../../src/platform/base/key-ring.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { open, seal } from '../../src/platform/secrets/envelope.ts'
import { openWorld, type World } from '../support/world.ts'
import { aManifest, aShift } from './shift.ts'

let world: World
beforeEach(async () => {
  world = await openWorld(1)
})
afterEach(() => world.close())

const hour = 3_600_000
const keys = parseKeys(`k:${randomBytes(32).toString('base64')}`) as KeyRing
const inTx = <T extends object>(text: string, params: readonly unknown[] = []) =>
  withTenantTx(world.db, world.merchantId, (tx) => tx.rows<T>(text, params))
const sealed = (secrets: object) =>
  seal(keys, secrets, placeOf(world.merchantId, world.shop.connectionId, 'credentials'))
const keep = (secrets: object) =>
  inTx(
    `insert into connection (merchant_id, connection_id, account_id, connector, label, credentials) values ($1, $2, $3, 'shopify', 'shop', $4)
     on conflict (merchant_id, connection_id) do update set credentials = excluded.credentials`,
    [world.merchantId, world.shop.connectionId, world.shop.accountId, sealed(secrets)],
  )

interface Login {
  readonly token: string
  readonly endsAt: number | null
}
const tokenFor = (token: string, endsAt: number | null) => ({
  secrets: { token, endsAt },
  expiresAt: endsAt === null ? null : new Date(endsAt).toISOString(),
})

/** A shift on a connection with this login; what it asked of the far side is told. */
async function shiftWith(
  login: Login,
  port: Partial<AuthPort>,
  hasFailed = false,
): Promise<Shift & { asked: string[] }> {
  const asked: string[] = []
  const auth: AuthPort = {
    probe: async () => {
      asked.push('probe')
      return port.probe?.({} as never) ?? { key: 'k', name: 'n', currency: null, timeZone: null, missing: [] }
    },
    expiresAt: (secrets) => {
      const { endsAt } = secrets as Login
      return endsAt === null ? null : new Date(endsAt).toISOString()
    },
    refresh: async (ctx) => {
      asked.push('refresh')
      return port.refresh ? port.refresh(ctx) : tokenFor('new', Date.now() + hour)
    },
  }
  await keep(login)
  if (hasFailed) await inTx(`update connection set last_error = 'refused'`)
  const manifest = aManifest({ kind: 'shopify', auth: { flow: 'oauth2', accessTtlS: 3_600, refresh: 'rotating' } })
  const shift = aShift(world, { auth, credentials: { parse: (s: unknown) => s } as never }, { manifest })
  const connection = await withTenantTx(world.db, world.merchantId, (tx) =>
    openConnection(tx, world.shop.connectionId, { connectors: shift.connectors, keys }),
  )
  if (!connection) throw new Error('the connection is not there')
  return { ...shift, keys, connection, asked }
}

const kept = async (): Promise<unknown> => {
  const [row] = await inTx<{ credentials: string }>('select credentials from connection')
  return open(keys, row?.credentials ?? '', placeOf(world.merchantId, world.shop.connectionId, 'credentials'))
}

test('a login with most of its life before it is left alone, and looked at again when it is to be renewed', async () => {
  const shift = await shiftWith({ token: 'old', endsAt: Date.now() + hour }, {})
  const turn = await runLogin(shift)
  expect(shift.asked).toEqual([])
  expect(turn.dueInMs).toBeGreaterThan(0.74 * hour)
  expect(turn.dueInMs).toBeLessThan(0.76 * hour)
})

test('a login in the last quarter of its life is renewed, and the new pair is kept sealed', async () => {
  const shift = await shiftWith({ token: 'old', endsAt: Date.now() + 0.2 * hour }, {})
  const turn = await runLogin(shift)
  expect(shift.asked).toEqual(['refresh'])
  expect(await kept()).toMatchObject({ token: 'new' })
  expect(turn.dueInMs).toBeGreaterThan(0.7 * hour)
  expect(shift).toMatchObject({ woken: ['import', 'poll', 'push.stock', 'effect', 'listings'] })
})

test('after a refused call the login is tried first: one that works is kept', async () => {
  const shift = await shiftWith({ token: 'old', endsAt: Date.now() + hour }, {}, true)
  await runLogin(shift)
  expect(shift.asked).toEqual(['probe'])
  expect(await kept()).toMatchObject({ token: 'old' })
})

test('after a refused call a login that is refused again is renewed, however long it should have lived', async () => {
  const probe = async () => {
    throw new ChannelError('auth_expired', 'the far side does not take it')
  }
  const shift = await shiftWith({ token: 'old', endsAt: null }, { probe }, true)
  await runLogin(shift)
  expect(shift.asked).toEqual(['probe', 'refresh'])
  expect(await kept()).toMatchObject({ token: 'new' })
})

test('a login that the far side no longer renews stops its connection, and a person is told', async () => {
  const refresh = async () => {
    throw new ChannelError('auth_revoked', 'the refresh token is over')
  }
  const shift = await shiftWith({ token: 'old', endsAt: Date.now() }, { refresh })
  expect(await runLogin(shift)).toEqual({ again: false, dueInMs: null })
  const [row] = await inTx('select status, status_reason as reason from connection where connection_id = $1', [
    world.shop.connectionId,
  ])
  expect(row).toEqual({ status: 'reauth_required', reason: 'the refresh token is over' })
  expect(await inTx('select kind from exception')).toEqual([{ kind: 'connection_stopped' }])
})

test('a far side that does not answer keeps the old pair, which is tried again soon', async () => {
  const refresh = async () => {
    throw new ChannelError('transient', 'nobody answers')
  }
  const shift = await shiftWith({ token: 'old', endsAt: Date.now() }, { refresh })
  expect(await runLogin(shift)).toEqual({ again: false, dueInMs: 5_000, holdMs: 5_000 })
  expect(await kept()).toMatchObject({ token: 'old' })
})

test('who connects anew while a login is renewed keeps theirs', async () => {
  const refresh = async () => {
    await keep({ token: 'theirs', endsAt: null })
    return tokenFor('new', Date.now() + hour)
  }
  const shift = await shiftWith({ token: 'old', endsAt: Date.now() }, { refresh })
  await runLogin(shift)
  expect(await kept()).toMatchObject({ token: 'theirs' })
})

test('a far side whose logins end at once is not asked without end', async () => {
  const refresh = async () => tokenFor('new', Date.now() + 1_000)
  const shift = await shiftWith({ token: 'old', endsAt: Date.now() }, { refresh })
  expect(await runLogin(shift)).toEqual({ again: false, dueInMs: 30_000 })
})
