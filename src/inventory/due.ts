import type { LaneKey } from '../platform/db/lane.ts'
import type { DoorTx } from '../platform/db/tx.ts'

/** Connections whose listings are behind, or whose cursor has not reached the merchant's clock. */
export function duePushes(tx: DoorTx, olderMs: number, limit: number, only?: LaneKey): Promise<LaneKey[]> {
  return tx.rows<LaneKey>(
    `select l.merchant_id as "merchantId", l.connection_id as "connectionId", l.kind from lane l
     join connection c on c.merchant_id = l.merchant_id and c.connection_id = l.connection_id and c.status = 'active' and c.write_mode <> 'off'
     where l.kind = 'push.stock' ${only ? 'and l.merchant_id = $3 and l.connection_id = $4' : ''} and l.lease_until < now() and l.served_at <= now() - $1 * interval '1 ms' and (
       exists (select 1 from listing_push p where p.merchant_id = l.merchant_id and p.connection_id = l.connection_id
         and p.desired_version > p.confirmed_version and p.due_at <= now() - $1 * interval '1 ms')
       or exists (select 1 from listing_push p where p.merchant_id = l.merchant_id and p.connection_id = l.connection_id
         and p.recheck_at is not null and p.recheck_at <= now() - $1 * interval '1 ms')
       or coalesce((select seen_version from push_cursor x where x.merchant_id = l.merchant_id and x.connection_id = l.connection_id), 0)
         < coalesce((select version from stock_clock k where k.merchant_id = l.merchant_id), 0)) limit $2`,
    only ? [olderMs, limit, only.merchantId, only.connectionId] : [olderMs, limit],
  )
}
