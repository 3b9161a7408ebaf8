import { epochMs } from './real-database.ts'
import type { World } from './world.ts'

const waiting = `select
  (select count(*)::int from inbox_message where state = 'pending') as messages,
  (select count(*)::int from listing_push where desired_version > confirmed_version or unseen > 0 or late_until > $1) as listings,
  (select count(*)::int from push_cursor p where seen_version < (select version from stock_clock k where k.merchant_id = p.merchant_id)) as cursors,
  (select count(*)::int from effect where state in ('pending', 'sending', 'unknown') or (state = 'accepted' and kind in ('shipped', 'request_cancel'))) as effects,
  (select count(*)::int from fulfillment_order where connection_id is not null and status = 'open' and request_status = 'unsubmitted') as requests,
  (select count(*)::int from connection c where connector <> 'sim-warehouse' and not exists (select 1 from sync_cursor s
     where s.connection_id = c.connection_id and stream = 'orders' and completed_from > $2)) as "unpolled",
  (select count(*)::int from lane where lease_token is not null) as lanes`

/** What is still to be done; empty when nobody has anything to do. Every shop was polled since `sinceMs`. */
export async function restOf(
  { real, loom, warehouse, webhooksUnderWay }: World,
  sinceMs: number,
): Promise<ReadonlyMap<string, number>> {
  const at = (ms: number) => new Date(epochMs + ms).toISOString()
  const outside = { warehouse: warehouse.busy() ? 1 : 0, files: warehouse.untaken(), webhooks: webhooksUnderWay() }
  const busy = Object.entries(outside).filter(([, n]) => n > 0)
  if (busy.length === 0) {
    const [row = {}] = await real.look<Record<string, number>>(waiting, [at(loom.now()), at(sinceMs)])
    busy.push(...Object.entries(row).filter(([, n]) => n > 0))
  }
  return new Map(busy)
}
