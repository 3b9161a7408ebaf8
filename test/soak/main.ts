/** Load and misfortune for as long as one likes, and then the books: what was acknowledged is there, once, and nothing was sold twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRng } from '#kit/pretend'
import { startChild } from '../bench/children.ts'
import { openMerchant, type Sink } from '../bench/merchant.ts'
import { openHub, type Part } from '../e2e/hub.ts'
import { openCluster } from '../faults/cluster.ts'
import { openSender, type Sender } from '../faults/manifest.ts'
import { flashSale } from '../flash-sale/main.ts'
import { strike } from './misfortunes.ts'
import { type Options, readOptions, usage } from './options.ts'
import { isKept, judge } from './verdict.ts'

const catalogue = { shops: 2, skus: 500, onHand: 5_000 }
const assortment = { skus: catalogue.skus, hot: 0.1 }
const tellTwice = 0.03
const tellEveryMs = 30_000
const outstandingMax = 20_000
const parts: readonly Part[] = [
  { name: 'http', role: 'http' },
  { name: 'worker-1', role: 'worker' },
  { name: 'worker-2', role: 'worker' },
]

const startedMs = performance.now()
const say = (line: string) =>
  void process.stderr.write(`${String(Math.round((performance.now() - startedMs) / 1_000)).padStart(6)} s  ${line}\n`)

/** Open loop: every webhook has its moment, whether the hub is there or not, and is told until it is acknowledged. */
async function load(senders: readonly Sender[], { perSecond, seed }: Options, untilMs: number): Promise<void> {
  const rng = seededRng(seed ^ 0x50ad)
  const fromMs = performance.now()
  const open = new Set<Promise<void>>()
  for (let n = 0; performance.now() < untilMs; await sleep(5)) {
    const due = Math.floor(((performance.now() - fromMs) / 1_000) * perSecond)
    for (; n < due && open.size < outstandingMax; n++) {
      const delivery = senders[n % senders.length]?.deliver({ triesMax: 10_000, twice: rng() < tellTwice })
      if (!delivery) continue
      open.add(delivery)
      void delivery.finally(() => open.delete(delivery))
    }
  }
  await Promise.all(open)
}

const sum = (senders: readonly Sender[], of: 'sent' | 'refused' | 'unanswered') =>
  senders.reduce((all, sender) => all + sender.manifest()[of], 0)

async function soak(options: Options): Promise<boolean> {
  const endings: (() => unknown)[] = []
  try {
    const cluster = await openCluster({ settings: { shared_buffers: '256MB' } })
    endings.push(cluster.close)
    const sink: Sink = await startChild('sink.ts')
    endings.push(sink.stop)
    const { port } = await sink.ask({ kind: 'open', shops: catalogue.shops, skus: catalogue.skus })
    const hub = await openHub({
      databaseUrl: cluster.database.url,
      redisUrl: options.redisUrl,
      allowHosts: [`127.0.0.1:${port}`],
      logLevel: 'info',
      env: { POLL_EVERY_S: '60' },
    })
    endings.push(hub.close)
    await hub.start(...parts)
    const { port: hubPort } = new URL(hub.url)
    const address = { url: hub.url, installToken: hub.installToken, port: Number(hubPort) }
    const doors = await openMerchant(address, sink, catalogue)
    // One shop's orders never meet another's number.
    const senders = doors.map((door, n) => openSender(door, { from: n * 100_000_000, assortment, sockets: 48 }))
    endings.push(...senders.map((sender) => sender.close))
    say(`${options.perSecond} webhooks a second for ${options.minutes} minutes, seed ${options.seed}`)

    const acknowledged = () => senders.reduce((all, sender) => all + sender.manifest().acked.size, 0)
    const tell = setInterval(
      () => say(`${acknowledged()} acknowledged, ${sum(senders, 'refused')} refused`),
      tellEveryMs,
    )
    endings.push(() => clearInterval(tell))
    const untilMs = performance.now() + options.minutes * 60_000
    const scene = { hub, parts, cluster, redisUrl: options.redisUrl, rng: seededRng(options.seed), say }
    const [misfortunes] = await Promise.all([
      strike(scene, untilMs).then((count) => ({ count, lastMs: performance.now() })),
      load(senders, options, untilMs),
    ])
    say(`${misfortunes.count} misfortunes; coming to rest`)
    const acked = new Map(senders.flatMap((sender) => [...sender.manifest().acked]))
    const manifest = { ...(senders[0] as Sender).manifest(), acked }
    const verdict = await judge({ cluster, sink }, manifest, { lastMs: misfortunes.lastMs, say })
    const report = {
      minutes: options.minutes,
      seed: options.seed,
      misfortunes: misfortunes.count,
      sent: sum(senders, 'sent'),
      acknowledged: acked.size,
      refused: sum(senders, 'refused'),
      unanswered: sum(senders, 'unanswered'),
      ...verdict,
    }
    process.stdout.write(`${JSON.stringify(report)}\n`)
    if (!isKept(verdict)) say(`the hub's log:\n${hub.log().slice(-5_000)}`)
    return isKept(verdict)
  } finally {
    for (const end of endings.toReversed()) await end()
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  const { flashSale: rounds, seed } = options
  process.exitCode = (await (rounds === null ? soak(options) : flashSale({ rounds, seed }, say))) ? 0 : 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n${usage}`)
  process.exitCode = 1
}
