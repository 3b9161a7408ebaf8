import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Rng } from '#kit/pretend'
import type { Hub, Part } from '../e2e/hub.ts'
import type { Cluster } from '../faults/cluster.ts'

export interface Scene {
  readonly hub: Hub
  readonly parts: readonly Part[]
  readonly cluster: Cluster
  readonly redisUrl: string | null
  readonly rng: Rng
  say(line: string): void
}

const startTries = 20

/** Starts a process as its keeper would: again and again while what it needs is away. */
async function startAgain({ hub, say }: Scene, part: Part): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await hub.start(part)
    } catch (error) {
      if (tries >= startTries) throw error
      say(`${part.name} did not start, and is started again`)
      await hub.end('SIGKILL', part.name)
      await sleep(500)
    }
  }
}

async function endAndStart(scene: Scene, signal: NodeJS.Signals, parts: readonly Part[]): Promise<void> {
  await scene.hub.end(signal, ...parts.map(({ name }) => name))
  for (const part of parts) await startAgain(scene, part)
}

/** What a misfortune does, and then undoes. */
type Misfortune = readonly [name: string, strike: (scene: Scene, part: Part) => Promise<void>]

const everywhere: readonly Misfortune[] = [
  ['kill -9', (scene, part) => endAndStart(scene, 'SIGKILL', [part])],
  ['SIGTERM', (scene, part) => endAndStart(scene, 'SIGTERM', [part])],
  [
    'kill -9 of all but',
    (scene, part) =>
      endAndStart(
        scene,
        'SIGKILL',
        scene.parts.filter((other) => other !== part),
      ),
  ],
  ['kill -9 of every process and', (scene) => endAndStart(scene, 'SIGKILL', scene.parts)],
  [
    'freeze',
    async ({ hub, rng }, part) => {
      hub.signal(part.name, 'SIGSTOP')
      await sleep(1_000 + 6_000 * rng())
      hub.signal(part.name, 'SIGCONT')
    },
  ],
  ['PostgreSQL stopped at once, beside', async ({ cluster }) => cluster.end('immediate')],
  ['PostgreSQL kill -9, beside', async ({ cluster }) => cluster.end('kill')],
]
const ofRedis: readonly Misfortune[] = [
  [
    'Redis FLUSHALL, beside',
    async ({ redisUrl }) => {
      const redis = new Redis(redisUrl ?? '')
      await redis.flushall()
      redis.disconnect()
    },
  ],
]
/** The embedded PostgreSQL is started again five times a minute and no more often. */
const postgresEveryMs = 15_000
const quietMs = { min: 4_000, more: 8_000 }

/** One after the other by the seed, until the time is up; whatever was begun is undone by then. Returns how many. */
export async function strike(scene: Scene, untilMs: number): Promise<number> {
  const { rng, parts, say } = scene
  const all = scene.redisUrl === null ? everywhere : [...everywhere, ...ofRedis]
  const one = <T>(some: readonly T[]): T => some[Math.floor(rng() * some.length)] as T
  let postgresMs = Number.NEGATIVE_INFINITY
  for (let n = 0; ; n++) {
    await sleep(Math.min(quietMs.min + quietMs.more * rng(), Math.max(0, untilMs - performance.now())))
    if (performance.now() >= untilMs) return n
    const spared = performance.now() - postgresMs < postgresEveryMs
    const [name, run] = one(all.filter(([which]) => !(spared && which.startsWith('PostgreSQL'))))
    if (name.startsWith('PostgreSQL')) postgresMs = performance.now()
    const part = one(parts)
    say(`${name} ${part.name}`)
    await run(scene, part)
  }
}
