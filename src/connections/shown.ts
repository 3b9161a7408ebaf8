import { z } from 'zod'
import type { ApiDeps } from '../api/deps.ts'
import { shownId, shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound } from '../platform/http/problem.ts'
import { showBackfill, shownBackfill } from './backfill.ts'
import { versionOf } from './change-connection.ts'
import { healthOf, shownHealth } from './health.ts'
import { writeModes } from './modes.ts'
import { type KnownConnection, readConnection } from './read.ts'

export const shownConnection = z.object({
  id: shownId,
  connector: z.string(),
  label: z.string(),
  account: z.object({ key: z.string(), name: z.string() }),
  status: z.string(),
  statusReason: z.string().nullable(),
  writeMode: z.enum(writeModes),
  canarySkus: z.array(z.string()).describe('With canary: the SKUs whose stock is written.'),
  handsOverFrom: shownTime
    .nullable()
    .describe('Orders placed from then on go to warehouses. Null: none do; they are only watched.'),
  settings: z.record(z.string(), z.unknown()),
  ordersFrom: shownTime,
  lastOrderSeenAt: shownTime.nullable(),
  lastSuccessAt: shownTime.nullable(),
  lastError: z.string().nullable(),
  lag: z.object({ pendingMessages: z.int(), listingsBehind: z.int(), effectsOpen: z.int() }),
  health: shownHealth,
  backfill: shownBackfill,
  createdAt: shownTime,
  version: z.string().describe('Send it with a change to be told when somebody else was faster.'),
})
export type ShownConnection = z.infer<typeof shownConnection>

/** How connections are shown, by what their connectors say of themselves. */
export function openShow({ connectors, ports }: Pick<ApiDeps, 'connectors' | 'ports'>) {
  const show = (row: KnownConnection): ShownConnection => ({
    id: publicId('connection', row.connectionId),
    connector: row.connector,
    label: row.label,
    account: { key: row.accountKey, name: row.accountName },
    status: row.status,
    statusReason: row.statusReason,
    writeMode: row.writeMode,
    canarySkus: [...row.canarySkus],
    handsOverFrom: showTimeOrNull(row.handsOverFrom),
    settings: { ...row.settings },
    ordersFrom: showTime(row.ordersFrom),
    lastOrderSeenAt: showTimeOrNull(row.lastOrderSeenAt),
    lastSuccessAt: showTimeOrNull(row.lastSuccessAt),
    lastError: row.lastError,
    lag: { pendingMessages: row.pendingMessages, listingsBehind: row.listingsBehind, effectsOpen: row.effectsOpen },
    health: healthOf(row, connectors.get(row.connector)?.manifest, ports.clock.now()),
    backfill: showBackfill(row),
    createdAt: showTime(row.createdAt),
    version: versionOf(row),
  })
  const shown = async (tx: Tx, connectionId: string): Promise<ShownConnection> => {
    const row = await readConnection(tx, connectionId)
    if (row === null) throw notFound()
    return show(row)
  }
  return { show, shown }
}
