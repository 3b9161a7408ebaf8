import { setTimeout as sleep } from 'node:timers/promises'
import { openDb } from '../../src/platform/db/pool.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import type { Sink } from '../bench/merchant.ts'
import { skuOf } from '../bench/order-body.ts'
import type { Cluster } from '../faults/cluster.ts'
import { heldOf, type Manifest } from '../faults/manifest.ts'
import { brokenPromises } from '../support/audits.ts'

export interface Verdict {
  readonly lost: number
  readonly duplicated: number
  readonly oversold: number
  readonly recoverySeconds: number
  readonly auditViolations: number
}
type Say = (line: string) => void
interface Looked {
  readonly cluster: Cluster
  readonly sink: Sink
}

const recoverMsMax = 600_000
const lookEveryMs = 250
const auditMsMax = 300_000
const tellEveryMs = 10_000
const waiting = `select (select count(*) from inbox_message where state = 'pending')::int as messages,
  (select count(*) from listing_push where desired_version > confirmed_version)::int as listings,
  (select count(*) from effect where state in ('pending', 'sending', 'unknown', 'accepted'))::int as effects`
const levels = `select i.sku, sum(l.on_hand - l.reserved - l.unavailable - l.denied)::int as free, sum(greatest(0, l.reserved - l.on_hand))::int as over
  from inventory_level l join item i using (merchant_id, item_id) group by 1`

/** Units that a shop offers beyond what is free, and units reserved beyond what is there. */
async function oversold({ cluster, sink }: Looked): Promise<number> {
  const { rows } = await cluster.database.asAdmin((admin) =>
    admin.query<{ sku: string; free: number; over: number }>(levels),
  )
  const free = new Map(rows.map((row) => [row.sku, row.free]))
  const { shown } = await sink.ask({ kind: 'look' })
  const offered = shown.flatMap((shop) =>
    shop.map((has, sku) => Math.max(0, has - Math.max(0, free.get(skuOf(sku)) ?? 0))),
  )
  return [...offered, ...rows.map(({ over }) => over)].reduce((sum, units) => sum + units, 0)
}

/** Seconds from the last misfortune until nothing waits any more. */
async function recovered({ cluster }: Looked, lastMs: number, say: Say): Promise<number> {
  let toldMs = performance.now()
  while (performance.now() - lastMs < recoverMsMax) {
    const left = await cluster.database
      .asAdmin(async (admin) => (await admin.query<Record<string, number>>(waiting)).rows[0] ?? {})
      .catch((error: unknown) => ({ unknown: 1, why: String(error) }))
    if (Object.values(left).every((n) => n === 0)) break
    if (performance.now() - toldMs > tellEveryMs) {
      say(`still waiting: ${JSON.stringify(left)}`)
      toldMs = performance.now()
    }
    await sleep(lookEveryMs)
  }
  return Math.round((performance.now() - lastMs) / 100) / 10
}

async function violations({ cluster }: Looked, say: Say): Promise<number> {
  const { rows } = await cluster.database.asAdmin((admin) =>
    admin.query<{ id: string }>('select merchant_id as id from merchant'),
  )
  const db = openDb(cluster.database.url, { work: 2, ingest: 1 })
  let count = 0
  for (const { id } of rows) {
    const asked = withTenantTx(
      db,
      id,
      async (tx) => {
        await tx.rows(`set local statement_timeout = '${auditMsMax}ms'`) // a million orders take their time
        return brokenPromises(tx, 'lanes')
      },
      { deadlineMs: 10 * auditMsMax },
    )
    const found = await asked
    if (Object.keys(found).length > 0) say(`broken: ${JSON.stringify(found)}`)
    count += Object.values(found).reduce((sum, n) => sum + Math.max(1, n), 0)
  }
  await db.close()
  return count
}

/** What became of everything, once it has come to rest. */
export async function judge(
  looked: Looked,
  manifest: Manifest,
  { lastMs, say }: { readonly lastMs: number; readonly say: Say },
): Promise<Verdict> {
  const recoverySeconds = await recovered(looked, lastMs, say)
  const held = await heldOf(looked.cluster.database, manifest)
  const { rows } = await looked.cluster.database.asAdmin((admin) =>
    admin.query<{ n: number }>(
      'select count(*)::int as n from (select 1 from orders group by merchant_id, external_id having count(*) > 1) d',
    ),
  )
  return {
    lost: held.lost.length + held.ordersLost.length,
    duplicated: held.duplicated.length + Number(rows[0]?.n ?? 0),
    oversold: await oversold(looked),
    recoverySeconds,
    auditViolations: await violations(looked, say),
  }
}

export function isKept(verdict: Verdict): boolean {
  const { lost, duplicated, oversold, auditViolations, recoverySeconds } = verdict
  return lost + duplicated + oversold + auditViolations === 0 && recoverySeconds <= 60
}
