import path from 'node:path'
import { openDb } from '../../src/platform/db/pool.ts'
import { type Child, startChild } from './children.ts'
import { type Cluster, writeStatements } from './cluster.ts'
import type { Door } from './deliveries.ts'
import { atLeast, figure, type Part, ratios } from './figures.ts'
import { isReady, startHub, until } from './hub-process.ts'
import type { Answer, Ask } from './load.ts'
import { verifyManifest } from './manifest.ts'
import type { Options } from './options.ts'
import type { Answer as PlainAnswer, Ask as PlainAsk } from './plain-server.ts'
import { cpuPer } from './processes.ts'
import { hubKeys, openShop, type Shop } from './shop.ts'

const shareTwice = 0.05
const modes = ['hub', 'zod', 'hmac'] as const
type Mode = (typeof modes)[number]

/** Durable, deduplicated acceptance of webhooks, against servers that keep nothing. */
export async function benchAck(cluster: Cluster, options: Options): Promise<Part> {
  const database = await cluster.freshDatabase()
  const db = openDb(database.url)
  const shop = await openShop(db, hubKeys, { skus: 1, onHand: 1 })
  await db.close()
  const plain = (mode: PlainAsk['mode']) => startPlain({ mode, apiSecret: shop.apiSecret }, options)
  const [zod, hmac] = [await plain('zod'), await plain('hmac')]
  const hub = await startHub({
    role: 'http',
    dataDir: path.join(cluster.dir, 'ack'),
    databaseUrl: database.url,
    keys: hubKeys,
    allowHosts: [],
    profile: options.profile,
  })
  const load: Child<Ask, Answer> = await startChild('load.ts')
  try {
    await until(hub, 'readiness', () => isReady(hub))
    const ports: Record<Mode, number> = { hub: hub.port, zod: zod.port, hmac: hmac.port }
    const pids: Record<Mode, number[]> = { hub: [hub.pid, cluster.pid], zod: [zod.pid], hmac: [hmac.pid] }
    const cpu: Record<Mode, number[]> = { hub: [], zod: [], hmac: [] }
    const cpuPostgres: number[] = []
    const rates: Record<Mode, number[]> = { hub: [], zod: [], hmac: [] }
    const p99: number[] = []
    const manifest = new Map<string, string>()
    let repeated = 0
    // The round before the first compiles the code of all sides; it is stored and verified like any other.
    for (let repeat = -1; repeat < options.repeats; repeat++) {
      for (const mode of rotated(repeat)) {
        const runId = `run${repeat + 1}`
        const seconds = options.quick ? 1 : 4
        const door = doorOf(shop, ports[mode])
        const { done: answer, us } = await cpuPer(
          pids[mode],
          (one: Answer) => one.events + one.repeated,
          () => load.ask({ kind: 'storm', door, runId, seconds, twice: shareTwice }),
        )
        options.say(
          `${mode}: ${Math.round(answer.perSecond)} deliveries/s, p99 ${answer.ackP99Ms.toFixed(1)} ms, µs CPU each: ${us.map(Math.round).join(' + ')}`,
        )
        if (repeat >= 0) {
          rates[mode].push(answer.perSecond)
          cpu[mode].push(us[0] ?? 0)
          cpuPostgres.push(...us.slice(1))
        }
        if (mode !== 'hub') continue
        if (repeat >= 0) p99.push(answer.ackP99Ms)
        repeated += answer.repeated
        for (const [n, sha256] of answer.sha256.entries()) manifest.set(`${runId}-${n}`, sha256)
      }
    }
    await verifyManifest(database, shop.connectionId, manifest)
    return {
      name: 'Accepting webhooks',
      figures: [
        figure(
          'durable, deduplicated ack ÷ HMAC + JSON.parse + zod, no database',
          'x',
          ratios(rates.hub, rates.zod),
          atLeast(0.6),
        ),
        figure('the same ÷ HMAC only', 'x', ratios(rates.hub, rates.hmac)),
        figure('durable, deduplicated acks', '/s', rates.hub),
        figure('ack p99, 64 connections that never rest', 'ms', p99),
        figure('HMAC + JSON.parse + zod', '/s', rates.zod),
        figure('HMAC only', '/s', rates.hmac),
        figure('CPU of the hub for each ack', 'µs', cpu.hub),
        figure('CPU of PostgreSQL for each ack', 'µs', cpuPostgres),
        figure('CPU of HMAC + JSON.parse + zod for each ack', 'µs', cpu.zod),
      ],
      verified: [
        `${manifest.size} events answered 200, ${repeated} of them told twice: each is on disk exactly once with the bytes that were sent (sha256), and nothing else is`,
      ],
      profiles:
        options.profile === null
          ? []
          : [`${options.profile}/main-*.cpuprofile`, await writeStatements(database, options.profile, 'ack')],
    }
  } finally {
    await load.stop()
    await hub.stop()
    await zod.stop()
    await hmac.stop()
    await database.drop()
  }
}

/** Another one first each time, so that none always follows the same neighbour. */
function rotated(repeat: number): readonly Mode[] {
  const first = (repeat + modes.length) % modes.length
  return [...modes.slice(first), ...modes.slice(0, first)]
}

const doorOf = (shop: Shop, port: number): Door => ({
  port,
  path: shop.path,
  domain: shop.domain,
  apiSecret: shop.apiSecret,
})

async function startPlain(
  ask: PlainAsk,
  options: Options,
): Promise<{ readonly pid: number; readonly port: number; stop(): Promise<void> }> {
  const child: Child<PlainAsk, PlainAnswer> = await startChild('plain-server.ts', { profile: options.profile })
  const { port } = await child.ask(ask)
  return { pid: child.pid, port, stop: () => child.stop() }
}
