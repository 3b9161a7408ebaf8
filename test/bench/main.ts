/** `npm run bench`: every figure that Crossdock promises, each a ratio inside this run, each verified. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { benchAck } from './ack.ts'
import { benchChannels } from './channels.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { benchFairness } from './fairness.ts'
import { isMet, type Part } from './figures.ts'
import { benchFlow } from './flow.ts'
import { benchGrowth } from './growth.ts'
import { observeMachine } from './machine.ts'
import { benchMemory } from './memory.ts'
import { type Options, type PartName, readOptions, usage } from './options.ts'
import { benchOverload } from './overload.ts'
import { benchPipeline } from './pipeline.ts'
import { type Report, toMarkdown } from './report.ts'
import { benchSets } from './sets.ts'
import { benchStart } from './start.ts'

const benches: Record<PartName, (cluster: Cluster, options: Options) => Promise<Part>> = {
  ack: benchAck,
  overload: benchOverload,
  sets: benchSets,
  flow: benchFlow,
  pipeline: benchPipeline,
  memory: benchMemory,
  channels: benchChannels,
  fairness: benchFairness,
  growth: benchGrowth,
  start: benchStart,
}

async function run(options: Options): Promise<Report> {
  const endObserving = observeMachine()
  const cluster = await startCluster(options.profile)
  try {
    const parts: Part[] = []
    for (const name of options.parts) {
      options.say(`— ${name}`)
      parts.push(await benches[name](cluster, options))
    }
    return { machine: endObserving(cluster.version), quick: options.quick, parts }
  } finally {
    await cluster.stop()
  }
}

function writeJson(file: string, report: Report): void {
  const parts = report.parts.map((part) => ({
    ...part,
    figures: part.figures.map((figure) => ({ ...figure, met: isMet(figure) })),
  }))
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ ...report, parts }, null, 2)}\n`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
try {
  const options = readOptions(process.argv.slice(2))
  const report = await run(options)
  writeJson(options.json, report)
  process.stdout.write(toMarkdown(report))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n${usage}`)
  process.exitCode = 1
}
