import type { LaneKey } from '../platform/db/lane.ts'
import type { DoorTx } from '../platform/db/tx.ts'

/** Work of a kind that only a newer version knows is left to it: a lane that can do nothing about it must not turn for it. */
const known = `'request', 'request_cancel', 'shipped', 'cancel', 'release'`

/** Connections with effects that wait for longer than `olderMs`. */
export function dueEffects(tx: DoorTx, olderMs: number, limit: number, only?: LaneKey): Promise<LaneKey[]> {
  return tx.rows<LaneKey>(
    `select distinct e.merchant_id as "merchantId", e.connection_id as "connectionId", 'effect' as kind
     from effect e join connection c on c.merchant_id = e.merchant_id and c.connection_id = e.connection_id and c.status = 'active'
     and (c.write_mode in ('canary', 'on') or e.kind = 'release') where e.state in ('pending', 'sending', 'unknown', 'accepted') and e.due_at <= now() - $1 * interval '1 ms' and e.kind in (${known})
     ${only ? 'and e.merchant_id = $3 and e.connection_id = $4' : ''} limit $2`,
    only ? [olderMs, limit, only.merchantId, only.connectionId] : [olderMs, limit],
  )
}
