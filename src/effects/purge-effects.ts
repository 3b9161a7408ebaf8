import { isOver } from '../orders/read.ts'
import {
  daysAgo,
  firstId,
  idBefore,
  type PurgeAnswer,
  type Purged,
  type PurgePage,
  purged,
} from '../platform/db/purge.ts'
import type { Tx } from '../platform/db/tx.ts'

/**
 * Lets go of effects that are proven or were taken back, once their order is over: until then they are what makes a thing
 * happen once. What was given up or could never be proven stays with its order, for whoever asks.
 */
export async function purgeEffects(tx: Tx, { keepDays, after, limit }: PurgePage): Promise<Purged> {
  const [answer] = await tx.rows<PurgeAnswer & object>(
    `with old as materialized (
       select effect_id, order_id from effect where merchant_id = $1 and effect_id > $3 and effect_id < ${idBefore('$2')}
         and settled_at < ${daysAgo('$2')} and state in ('confirmed', 'refused') order by effect_id limit $4
     ), over as materialized (select order_id from (select distinct order_id from old) o where ${isOver('o.order_id')}),
     gone as (
       delete from effect where merchant_id = $1 and state in ('confirmed', 'refused')
         and effect_id = any(array(select effect_id from old join over using (order_id))) returning 1
     )
     select (select count(*) from old)::int as seen, (select count(*) from gone)::int as gone,
       (select effect_id from old order by 1 desc limit 1) as last`,
    [tx.merchantId, keepDays, after ?? firstId, limit],
  )
  return purged(answer, limit)
}
