/**
 * The hub with everything but the far side's allowances: the bench asks how fast the hub is, and Shopify's smallest
 * plan (100 points a second) would answer in its place. Otherwise what src/main.ts does with a given database.
 */
import { loadConfig } from '../../src/config.ts'
import { loadConnectors } from '../../src/connectors.ts'
import { openHub } from '../../src/hub.ts'
import { createLog } from '../../src/platform/observe/log.ts'

const plenty = { perSecond: 1_000_000, burst: 1_000_000 }

const config = loadConfig()
const connectors = await loadConnectors()
const unlimited = [...connectors].map(([kind, connector]) => {
  const budgets = connector.manifest.budgets.map((budget) => ({ ...budget, ...plenty }))
  return [kind, { ...connector, manifest: { ...connector.manifest, budgets } }] as const
})
const hub = await openHub({
  config,
  databaseUrl: config.databaseUrl ?? '',
  connectors: new Map(unlimited),
  log: createLog({ level: config.logLevel, role: config.role }),
})
process.once('SIGTERM', async () => {
  await hub.stop()
  process.exit(0)
})
process.on('disconnect', () => process.exit(1))
