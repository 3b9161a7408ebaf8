import { z } from 'zod'
import { ChannelError } from '#kit'
import { primaryLocation } from './documents.ts'
import { ask } from './graphql.ts'
import { type ShopCtx, settingsOf } from './settings.ts'

export const ItemLevel = z.object({
  id: z.string(),
  tracked: z.boolean(),
  inventoryLevel: z.object({ quantities: z.array(z.object({ quantity: z.number().int() })) }).nullable(),
})

/** The number on sale at the location; null when Shopify keeps none there. */
export function available(item: z.output<typeof ItemLevel>): number | null {
  if (!item.tracked) return null
  return item.inventoryLevel?.quantities[0]?.quantity ?? null
}

const Primary = z.object({ location: z.object({ id: z.string() }).nullable() })

/** The location whose stock is ours: from the settings, else the shop's primary one. @throws ChannelError invalid when there is none */
export async function locationOf(ctx: ShopCtx): Promise<string> {
  const { locationId } = settingsOf(ctx)
  if (locationId !== undefined) return locationId
  const { location } = await ask(ctx, { document: primaryLocation, cost: 1, answer: Primary })
  if (location === null) throw new ChannelError('invalid', 'the shop has no location', { field: 'locationId' })
  return location.id
}
