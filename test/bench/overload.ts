import path from 'node:path'
import { openDb } from '../../src/platform/db/pool.ts'
import { type Child, startChild } from './children.ts'
import type { Cluster } from './cluster.ts'
import type { Door } from './deliveries.ts'
import { atLeast, atMost, figure, type Part, quantile } from './figures.ts'
import { isReady, startHub, until } from './hub-process.ts'
import type { Answer, Ask } from './load.ts'
import { verifyManifest } from './manifest.ts'
import type { Options } from './options.ts'
import { hubKeys, openShop } from './shop.ts'

const [below, near, beyond] = [0.6, 0.8, 1.2]

/** What one repeat found, at each share of the capacity that was measured right before. */
interface Round {
  readonly capacity: number
  readonly at: ReadonlyMap<number, Answer>
}

/** Webhooks at their own pace: how long an ack takes below the capacity, and what is left of it beyond. */
export async function benchOverload(cluster: Cluster, options: Options): Promise<Part> {
  const database = await cluster.freshDatabase()
  const db = openDb(database.url)
  const shop = await openShop(db, hubKeys, { skus: 1, onHand: 1 })
  await db.close()
  const hub = await startHub({
    role: 'http',
    dataDir: path.join(cluster.dir, 'overload'),
    databaseUrl: database.url,
    keys: hubKeys,
    allowHosts: [],
    profile: options.profile,
  })
  const load: Child<Ask, Answer> = await startChild('load.ts')
  try {
    await until(hub, 'readiness', () => isReady(hub))
    const door = { port: hub.port, path: shop.path, domain: shop.domain, apiSecret: shop.apiSecret }
    const manifest = new Map<string, string>()
    const rounds: Round[] = []
    for (let repeat = -1; repeat < options.repeats; repeat++) {
      const round = await playRound(load, door, { name: `round${repeat + 1}`, manifest, options })
      if (repeat >= 0) rounds.push(round)
    }
    await verifyManifest(database, shop.connectionId, manifest)
    return partOf(rounds, manifest.size)
  } finally {
    await load.stop()
    await hub.stop()
    await database.drop()
  }
}

async function playRound(
  load: Child<Ask, Answer>,
  door: Door,
  run: { readonly name: string; readonly manifest: Map<string, string>; readonly options: Options },
): Promise<Round> {
  const seconds = run.options.quick ? 1 : 5
  const keep = (runId: string, { sha256 }: Answer) => {
    for (const [n, hash] of sha256.entries()) if (hash !== '') run.manifest.set(`${runId}-${n}`, hash)
  }
  const full = await load.ask({ kind: 'storm', door, runId: run.name, seconds, twice: 0 })
  keep(run.name, full)
  const at = new Map<number, Answer>()
  for (const share of [below, near, beyond]) {
    const runId = `${run.name}x${share * 100}`
    const perSecond = Math.round(full.perSecond * share)
    const answer = await load.ask({ kind: 'pace', door, runId, perSecond, seconds })
    keep(runId, answer)
    at.set(share, answer)
    run.options.say(
      `offered ${perSecond}/s of ${Math.round(full.perSecond)}/s: ${Math.round(answer.perSecond)}/s taken, p99 ${answer.ackP99Ms.toFixed(0)} ms, ${answer.refusedMs.length} refused`,
    )
  }
  return { capacity: full.perSecond, at }
}

function partOf(rounds: readonly Round[], events: number): Part {
  const each = (share: number, read: (answer: Answer, round: Round) => number) =>
    rounds.flatMap((round) => {
      const answer = round.at.get(share)
      return answer ? [read(answer, round)] : []
    })
  const refusals = rounds.flatMap((round) => round.at.get(beyond)?.refusedMs ?? [])
  return {
    name: 'Webhooks at their own pace',
    figures: [
      figure(
        'capacity: 64 connections that never rest',
        '/s',
        rounds.map(({ capacity }) => capacity),
      ),
      figure(
        'ack p50 at 60 % of it, from when the delivery was due',
        'ms',
        each(below, (answer) => answer.ackP50Ms),
      ),
      figure(
        'ack p99 at 60 %',
        'ms',
        each(below, (answer) => answer.ackP99Ms),
        atMost(60),
      ),
      figure(
        'ack p99 at 80 %',
        'ms',
        each(near, (answer) => answer.ackP99Ms),
        atMost(100),
      ),
      figure(
        'taken at 120 % ÷ capacity',
        'x',
        each(beyond, (answer, { capacity }) => answer.perSecond / capacity),
        atLeast(0.9),
      ),
      figure(
        'refused at 120 %',
        'x',
        each(beyond, (answer) => answer.refusedMs.length / (answer.events + answer.refusedMs.length)),
      ),
      ...(refusals.length === 0
        ? []
        : [
            figure('a refusal takes, p99', 'ms', [
              quantile(
                refusals.toSorted((a, b) => a - b),
                0.99,
              ),
            ]),
          ]),
    ],
    verified: [
      `${events} events were answered 200: each is on disk exactly once with the bytes that were sent (sha256), and nothing else is: what was refused left nothing behind`,
    ],
    profiles: [],
  }
}
