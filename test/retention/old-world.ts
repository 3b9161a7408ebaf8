import { openLook } from '../../src/audit/look.ts'
import { openPurgeRound, type PurgeRound } from '../../src/lanes/purge-round.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { createMetrics } from '../../src/platform/observe/metrics.ts'
import { brokenPromises } from '../support/audits.ts'
import type { World } from '../support/world.ts'

const keep = { messagesDays: 30, personsDays: 30, historyDays: 400 }
export interface Purger extends PurgeRound {
  /** As an hour later: all that is due, in this one run. */
  again(): Promise<number>
  readonly logged: string[]
}

export function openPurger(world: World, rest = async () => {}): Purger {
  const logged: string[] = []
  const log = createLog({ level: 'warn', stream: { write: (line) => void logged.push(line) } })
  const round = openPurgeRound({
    db: world.db,
    ports: systemPorts(),
    log,
    metrics: createMetrics(),
    keep,
    rest,
  })
  return {
    ...round,
    logged,
    again: async () => {
      await world.database.asAdmin((admin) =>
        admin.query(`insert into lane (merchant_id, connection_id, kind) select merchant_id, merchant_id, 'purge' from merchant
          on conflict (merchant_id, connection_id, kind) do update set due_at = now() where lane.lease_until < now()`),
      )
      return round.run()
    },
  }
}

/** What the audits find, all of them, looking as the merchant does. */
export const broken = (world: World) => openLook(world.db, world.merchantId)((tx) => brokenPromises(tx, 'lanes'))

/**
 * Everything in the tables as if it had happened so many days earlier. Ids tell their age, so all of them are made older
 * too: the same id anew wherever it stands.
 */
export async function age(world: World, days: number): Promise<void> {
  await world.database.asAdmin(async (admin) => {
    await admin.query('begin; set local session_replication_role = replica')
    const { rows } = await admin.query<{ name: string; columns: string[]; times: string[] }>(
      `select c.relname as name,
         array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and a.atttypid = 'uuid'::regtype
           and a.attname = any('{order_id,message_id,effect_id,file_id,subject_id,cause_id,fulfillment_order_id,shipment_id,line_id}')) as columns,
         array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
           and a.attname not in ('due_at', 'changed_at') and a.atttypid in ('timestamptz'::regtype, 'date'::regtype)) as times
       from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
         and c.relname not in ('lane', 'api_key', 'merchant', 'connection')`,
    )
    // Random ids become ids of their age by their first 48 bits; each table gives the same answer for the same id.
    const older = (column: string) =>
      `(lpad(to_hex((extract(epoch from now() - interval '${days} days') * 1000)::bigint), 12, '0') || substr(replace(${column}::text, '-', ''), 13))::uuid`
    for (const { name, columns, times } of rows) {
      const sets = [
        ...columns.map((column) => `${column} = ${older(column)}`),
        ...times.map((column) => `${column} = ${column} - interval '${days} days'`),
      ]
      if (sets.length > 0) await admin.query(`update ${name} set ${sets.join(', ')}`)
    }
    await admin.query('commit')
  })
}
