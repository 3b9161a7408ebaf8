import { z } from 'zod'
import { cleanText, type ListedListing, type ListingPort } from '#kit'
import { listVariants } from './documents.ts'
import { ask, connectionOf } from './graphql.ts'
import { available, ItemLevel, locationOf } from './levels.ts'
import type { Credentials } from './settings.ts'

const Variants = z.object({
  productVariants: connectionOf(
    z.object({ id: z.string(), sku: z.string().nullable(), displayName: z.string(), inventoryItem: ItemLevel }),
  ),
})

const list: ListingPort<Credentials>['list'] = async (ctx, q) => {
  const variables = { after: q.page, locationId: await locationOf(ctx) }
  const answer = await ask(ctx, { document: listVariants, variables, cost: 400, answer: Variants })
  const { nodes, pageInfo } = answer.productVariants
  const items = nodes.map((variant): ListedListing => {
    const sku = cleanText(variant.sku ?? '', 200).trim()
    return {
      ref: variant.id,
      target: variant.inventoryItem.id,
      sku: sku === '' ? null : sku,
      title: cleanText(variant.displayName, 500),
      available: available(variant.inventoryItem),
      tracked: variant.inventoryItem.tracked,
    }
  })
  return { items, next: pageInfo.hasNextPage ? pageInfo.endCursor : null }
}

export const listings: ListingPort<Credentials> = { list }
