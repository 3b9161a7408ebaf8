/** Import and reservation as the import lane does them, without the lane around. */
import { connector as shopify } from '../../connectors/shopify/index.ts'
import { ordersArrived } from '../../src/flows.ts'
import { insertDeliveries } from '../../src/inbox/insert-deliveries.ts'
import { endMessages, type Message, pendingMessages } from '../../src/inbox/messages.ts'
import { packBody } from '../../src/inbox/pack-body.ts'
import { readAhead } from '../../src/inbox/read-ahead.ts'
import { readMessages } from '../../src/lanes/read-messages.ts'
import type { OrderFact } from '../../src/orders/facts.ts'
import { systemIds } from '../../src/platform/base/ids.ts'
import type { Db } from '../../src/platform/db/pool.ts'
import { retrying, withIngestTx, withTenantTx } from '../../src/platform/db/tx.ts'
import type { MadeOrder } from './order-body.ts'
import type { Shop } from './shop.ts'

/** A shop's connection as the import knows it. */
export type ImportShop = Pick<Shop, 'merchantId' | 'accountId' | 'connectionId' | 'domain'>

const loadMax = 250
const asLanes = { plansOnce: true }

/** Puts deliveries into the inbox, as the http role leaves them there. */
export async function deliver(db: Db, shop: ImportShop, orders: readonly MadeOrder[], topic = 'create'): Promise<void> {
  for (let from = 0; from < orders.length; from += loadMax) {
    const batch = await Promise.all(
      orders.slice(from, from + loadMax).map(async ({ ref, body }) => {
        const raw = Buffer.from(body)
        return {
          merchantId: shop.merchantId,
          messageId: systemIds.uuid(),
          connectionId: shop.connectionId,
          source: 'webhook' as const,
          topic: `orders/${topic}`,
          dedupeKey: topic === 'create' ? ref : `${ref} ${topic}`,
          headers: { 'occurred-at': new Date().toISOString() },
          raw,
          packed: await packBody(raw),
        }
      }),
    )
    await withIngestTx(db, (tx) => insertDeliveries(tx, batch))
  }
}

export interface ImportBatch {
  readonly last: Message
  readonly facts: readonly OrderFact[]
}

/** What the import lane does with its oldest 200 messages. */
export async function loadBatch(db: Db, shop: ImportShop, before: ImportBatch | null): Promise<ImportBatch | null> {
  const messages = await withTenantTx(
    db,
    shop.merchantId,
    (tx) => pendingMessages(tx, shop.connectionId, before?.last ?? null),
    asLanes,
  )
  const last = messages.at(-1)
  if (!last) return null
  const { facts, ends, fetches } = await readMessages({ connector: shopify, settings: { shop: shop.domain } }, messages)
  if (ends.length > 0 || fetches.size > 0)
    throw new Error(`a message was not read as an order: ${ends[0]?.reason ?? ''}`)
  return { last, facts }
}

/** @throws Error where an order was not taken: the bench sends nothing twice that it does not count on */
export function importFacts(db: Db, shop: ImportShop, facts: readonly OrderFact[]): Promise<void> {
  return retrying(Math.random, () =>
    withTenantTx(
      db,
      shop.merchantId,
      async (tx) => {
        const arrivals = await ordersArrived(tx, systemIds, shop, facts)
        await endMessages(
          tx,
          arrivals.map(({ messageId, kind }) => {
            if (kind !== 'applied') throw new Error(`an order was ${kind}`)
            return { messageId, state: kind }
          }),
        )
      },
      asLanes,
    ),
  )
}

/** Works off a shop's inbox in sets, the next one read while one is imported. Returns how many orders there were. */
export async function importAll(db: Db, shop: ImportShop): Promise<number> {
  let done = 0
  for await (const { facts } of readAhead<ImportBatch>((before) => loadBatch(db, shop, before))) {
    await importFacts(db, shop, facts)
    done += facts.length
  }
  return done
}
