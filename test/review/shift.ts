import { randomBytes, randomUUID } from 'node:crypto'
import type { Connector, Ctx, InventoryCommand, ItemResult, Manifest } from '../../src/connector-kit/index.ts'
import type { Shift } from '../../src/lanes/deps.ts'
import { runPush } from '../../src/lanes/push-lane.ts'
import { type KeyRing, parseKeys } from '../../src/platform/base/key-ring.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { createMetrics } from '../../src/platform/observe/metrics.ts'
import type { World } from '../support/world.ts'

const unused = () => {
  throw new Error('this test does not speak to it')
}

export const aManifest = (more: Partial<Manifest> = {}): Manifest => ({
  kind: 'example',
  title: 'Example',
  role: 'channel',
  auth: { flow: 'key-pair', accessTtlS: null, refresh: 'none' },
  push: null,
  orders: { pageMax: 10, getMax: 10, pollEveryS: 60, overlapS: 60 },
  inventory: { batchMax: 50, compareAndSet: true, quantityMax: 1_000 },
  shipment: { granularity: 'line-quantity' },
  requests: null,
  files: null,
  budgets: [],
  ...more,
})

/** One turn's surroundings without lease or network: transactions are real, the far side is the connector given. */
export function aShift(
  world: Pick<World, 'db' | 'merchantId' | 'shop'>,
  ports: Partial<Connector>,
  { connectionId = world.shop.connectionId, manifest = aManifest(), tookOver = false } = {},
): Shift & { readonly woken: string[] } {
  const connector = {
    manifest,
    credentials: { parse: unused },
    settings: { parse: unused },
    auth: { probe: unused },
    ...ports,
  } as unknown as Connector
  const woken: string[] = []
  const lease = {
    merchantId: world.merchantId,
    connectionId,
    kind: 'test',
    token: randomUUID(),
    tookOver,
    untilMs: () => Number.POSITIVE_INFINITY,
    lengthMs: 20_000,
  }
  return {
    woken,
    db: world.db,
    ports: systemPorts(),
    log: createLog({ level: 'silent' }),
    metrics: createMetrics(),
    connectors: new Map([[manifest.kind, connector]]),
    keys: parseKeys(`k:${randomBytes(32).toString('base64')}`) as KeyRing,
    publicUrl: 'http://127.0.0.1',
    ctx: () => ({}) as Ctx,
    call: () => ({}) as Ctx,
    wake: (key) => void woken.push(key.kind),
    wakeAll: (_, kinds) => void woken.push(...kinds),
    lease,
    connection: {
      ...world.shop,
      connectionId,
      connector,
      status: 'active',
      writes: true,
      compares: true,
      canarySkus: null,
      handsOver: () => true,
      settings: {},
      secrets: {},
      sealed: '',
      hasFailed: false,
      endpointToken: null,
      ordersFrom: '2020-01-01T00:00:00.000Z',
    },
    tenant: (work) => withTenantTx(world.db, world.merchantId, work),
  }
}

/** A poll of the shop's orders that began just now has ended, and brought nothing. */
export async function pollPassed({ db, merchantId, shop }: Pick<World, 'db' | 'merchantId' | 'shop'>): Promise<void> {
  await withTenantTx(db, merchantId, (tx) =>
    tx.rows(
      `insert into sync_cursor as c (merchant_id, connection_id, stream, completed_from, updated_at) values ($1, $2, 'orders', clock_timestamp(), clock_timestamp())
       on conflict (merchant_id, connection_id, stream) do update set completed_from = excluded.completed_from, updated_at = excluded.completed_from`,
      [merchantId, shop.connectionId],
    ),
  )
}

/** What the shop showed before we wrote to it is known, and nothing that it sold by then is unknown: its first numbers can be written. */
export async function firstLook(world: Pick<World, 'db' | 'merchantId' | 'shop'>, shift: Shift): Promise<void> {
  await runPush(shift)
  await pollPassed(world)
  await withTenantTx(world.db, world.merchantId, (tx) =>
    tx.rows('update listing_push set due_at = now() where merchant_id = $1 and sending_version is null', [
      tx.merchantId,
    ]),
  )
}

/** The same with a partner that takes every file. */
export function aPartnerShift(world: World): Shift {
  const port = {
    encode: (batch: readonly unknown[], { sequence }: { sequence: number }) => ({
      name: `requests-${sequence}`,
      bytes: Buffer.from(JSON.stringify(batch)),
    }),
    find: async () => 'absent',
    put: async () => undefined,
  }
  const manifest = aManifest({
    kind: 'partner',
    role: 'partner',
    requests: { batchMax: 50, ackWithinS: 3_600 },
    files: { pollEveryS: 60, stableForS: 0, fileBytesMax: 1_000_000 },
  })
  return aShift(world, { files: port as never }, { connectionId: world.partner, manifest })
}

/** A shop's own stock numbers, with compare-and-set, and a way to come between the read and the write. */
export interface FakeShelf {
  readonly shown: Map<string, number>
  readonly writes: InventoryCommand[]
  before: (commands: readonly InventoryCommand[]) => void
  after: () => void
  readonly port: NonNullable<Connector['inventory']>
}

export function fakeShelf(conflict: (command: InventoryCommand) => ItemResult | null = () => null): FakeShelf {
  const shelf: FakeShelf = {
    shown: new Map(),
    writes: [],
    before: () => undefined,
    after: () => undefined,
    port: {
      read: async (_, targets) => new Map(targets.map((target) => [target, shelf.shown.get(target) ?? null])),
      push: async (_, commands) => {
        shelf.before(commands)
        const results = commands.map((command): ItemResult => {
          const refused = conflict(command)
          if (refused) return refused
          shelf.writes.push(command)
          shelf.shown.set(command.target, command.available)
          return { key: command.key, outcome: 'applied' }
        })
        shelf.after()
        return results
      },
    },
  }
  return shelf
}
