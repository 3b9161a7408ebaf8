import { z } from 'zod'
import { dock, type Merchant } from './setup.ts'

/** What the merchant's own people do, by the hub's API. */

/** A click while the hub is away comes to nothing; whoever still sees the request clicks again. */
function forgiveAbsence(cause: unknown): void {
  if (!(cause instanceof TypeError)) throw cause
}

/** Where the warehouse refused a request or lost a unit on the way, they ask again. Returns how many requests that were. */
export async function askAgain({ api }: Merchant): Promise<number> {
  const refused = await api.all('/fulfillment-orders?status=incomplete', z.object({ id: z.string() }))
  for (const { id } of refused) await api.post(`/fulfillment-orders/${id}/retry`, {}, z.unknown()).catch(forgiveAbsence)
  return refused.length
}

const levelShape = z.object({ sku: z.string(), available: z.number() })
const plenty = 5

/**
 * A clerk goes along the shelves: one unit off, found again, on. All shelves at the same moment, so that many changes of
 * stock race for their place in line; nothing comes after them that would put right what was passed over. Returns the
 * corrections that the hub did not take.
 */
export async function recountShelves({ api }: Merchant): Promise<string[]> {
  const levels = await api.all('/inventory/levels', levelShape)
  const correct = (sku: string, delta: number) => {
    const lines = [{ sku, location: dock.code, delta }]
    return api.post('/inventory/adjustments', { lines, reason: delta < 0 ? 'missing' : 'found again' }, z.unknown())
  }
  const shelves = levels.filter(({ available }) => available >= plenty)
  const done = await Promise.allSettled(shelves.map(({ sku }) => correct(sku, -1).then(() => correct(sku, 1))))
  return done.flatMap((one) => (one.status === 'rejected' ? [`a correction failed: ${one.reason}`] : []))
}
