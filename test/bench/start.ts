import { rmSync } from 'node:fs'
import path from 'node:path'
import { startChild } from './children.ts'
import type { Cluster } from './cluster.ts'
import { type Door, headOf, sign } from './deliveries.ts'
import { atMost, figure, type Part } from './figures.ts'
import { type HubProcess, isReady, startHub, until } from './hub-process.ts'
import { openMerchant, type Sink } from './merchant.ts'
import type { Options } from './options.ts'
import { makeOrder } from './order-body.ts'
import { openLine } from './sender.ts'

const assortment = { skus: 1, hot: 1 }

/** From the start of the process to the first webhook that is on disk: with a new data directory, and with its own. */
export async function benchStart(cluster: Cluster, options: Options): Promise<Part> {
  const [cold, ready, warm]: [number[], number[], number[]] = [[], [], []]
  for (let repeat = 0; repeat < options.repeats; repeat++) {
    const sink: Sink = await startChild('sink.ts')
    const dataDir = path.join(cluster.dir, `start-${repeat}`)
    try {
      const { port } = await sink.ask({ kind: 'open', shops: 1, skus: 1 })
      const start = (at?: number) =>
        startHub({
          role: 'all',
          dataDir,
          databaseUrl: null,
          keys: null,
          allowHosts: [`127.0.0.1:${port}`],
          profile: options.profile,
          ...(at !== undefined && { port: at }),
        })
      const first = await start()
      const { door, readyS, acceptedS } = await coldStart(first, sink).finally(() => first.stop())
      const second = await start(door.port)
      const warmS = await firstAccepted(second, door, 'warm').finally(() => second.stop())
      options.say(`cold: ready ${readyS.toFixed(2)} s, webhook ${acceptedS.toFixed(2)} s; warm: ${warmS.toFixed(2)} s`)
      ready.push(readyS)
      cold.push(acceptedS)
      warm.push(warmS)
    } finally {
      await sink.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  }
  return {
    name: 'Start',
    figures: [
      figure(
        'cold start to the first accepted webhook (new database, merchant, shop connected and subscribed)',
        's',
        cold,
        atMost(6),
      ),
      figure('warm start to the first accepted webhook', 's', warm, atMost(3)),
      figure('cold start to readiness', 's', ready),
    ],
    verified: ['each webhook was new to the hub and answered 200 with the id of the stored message'],
    profiles: options.profile === null ? [] : [`${options.profile}/main-*.cpuprofile`],
  }
}

async function coldStart(
  hub: HubProcess,
  sink: Sink,
): Promise<{ readonly door: Door; readonly readyS: number; readonly acceptedS: number }> {
  await until(hub, 'readiness', () => isReady(hub))
  const readyS = (performance.now() - hub.startedMs) / 1_000
  const [door] = await openMerchant(hub, sink, { shops: 1, skus: 1, onHand: 1_000 })
  if (!door) throw new Error('no door')
  return { door, readyS, acceptedS: await firstAccepted(hub, door, 'cold') }
}

/** Seconds from the start of the process until a webhook is answered 200. */
async function firstAccepted(hub: HubProcess, door: Door, eventId: string): Promise<number> {
  const signed = sign(makeOrder(eventId.length, assortment, new Date()), door.apiSecret)
  await until(hub, 'a webhook accepted', async () => {
    const line = await openLine(door)
    const status = await line.send({ head: headOf(door, signed, eventId), raw: signed.raw })
    line.close()
    return status === 200
  })
  return (performance.now() - hub.startedMs) / 1_000
}
