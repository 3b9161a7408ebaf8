/** The process: settings in, role chosen, and a stop that leaves nothing behind. */
import closeWithGrace from 'close-with-grace'
import { ConfigError, loadConfig } from './config.ts'
import { loadConnectors } from './connectors.ts'
import { openHub } from './hub.ts'
import { migrate } from './platform/db/migrate.ts'
import { type Embedded, startEmbedded } from './platform/embedded/start.ts'
import { createLog } from './platform/observe/log.ts'

const stopMs = 25_000

async function start(): Promise<void> {
  const config = loadConfig()
  const log = createLog({ level: config.logLevel, role: config.role })
  const embedded: Embedded | null =
    config.databaseUrl === null
      ? await startEmbedded({ dir: config.dataDir, maxConnections: 150, log: (line) => log.debug({ line: 1 }, line) })
      : null
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? ''
  await migrate(databaseUrl)
  if (config.role === 'migrate') {
    await embedded?.stop()
    return
  }
  const hub = await openHub({ config, databaseUrl, connectors: await loadConnectors(), log })
  log.info(
    {
      address: hub.address,
      database: embedded === null ? 'external' : 'embedded',
      queue: config.redisUrl === null ? 'postgresql' : 'redis',
    },
    'hub.started',
  )
  if (hub.address !== null) process.stdout.write(`Crossdock listens on ${config.publicUrl}\n`)
  closeWithGrace({ delay: stopMs }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'hub.crashed')
    log.info({ signal }, 'hub.stopping')
    await hub.stop()
    await embedded?.stop() // last: everything above still writes
  })
}

start().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  )
  process.exit(1)
})
