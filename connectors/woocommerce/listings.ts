import { z } from 'zod'
import type { ListedListing, ListingPort } from '#kit'
import { ask, askIfRouted } from './client.ts'
import type { Credentials, WooCtx } from './settings.ts'
import { count, id, idOrNone, listOf, text } from './wire.ts'

const pageMax = 100
const parentsPerPage = 10
const variationPagesMax = 20

const stock = {
  manage_stock: z.union([z.boolean(), z.string()]).nullish(),
  stock_quantity: count,
}
const product = z.object({ id, type: text, name: text, sku: text, ...stock })
type Product = z.infer<typeof product>
const variation = z.object({
  id,
  parent_id: idOrNone,
  name: text,
  sku: text,
  attributes: listOf(z.object({ option: text })),
  ...stock,
})
type Variation = z.infer<typeof variation>

const pageToken = z.object({
  phase: z.enum(['products', 'variations', 'by-parent']),
  page: z.number().int().min(1).max(10_000),
})
type PageToken = z.infer<typeof pageToken>
interface Page {
  readonly items: readonly ListedListing[]
  readonly next: PageToken | null
}

/** Sold elsewhere, or only a way to show other products. */
const notSoldHere: ReadonlySet<string> = new Set(['external', 'grouped'])

function ofProduct(given: Product): readonly ListedListing[] {
  const tracked = given.manage_stock === true
  if (notSoldHere.has(given.type)) return []
  // Orders name the variation; the parent matters only where it holds the stock of all of them.
  if (given.type === 'variable' && !tracked) return []
  return [
    {
      ref: given.id,
      target: given.id,
      sku: given.sku || null,
      title: given.name || `product ${given.id}`,
      available: tracked ? given.stock_quantity : null,
      tracked,
    },
  ]
}

function ofVariation(given: Variation, parent: string, parentTitle: string | undefined): ListedListing {
  const tracked = given.manage_stock === true
  const options = given.attributes.map((attribute) => attribute.option).filter((option) => option !== '')
  const own = given.name || options.join(', ') || `variation ${given.id}`
  return {
    ref: given.id,
    // With stock on the parent, one number serves all variations: it is written once, through the parent's listing.
    target: given.manage_stock === 'parent' ? parent : `${parent}/${given.id}`,
    sku: given.sku || null,
    title: parentTitle === undefined || own.startsWith(parentTitle) ? own : `${parentTitle} – ${own}`,
    available: tracked ? given.stock_quantity : null,
    tracked,
  }
}

function paged(page: number, size: number) {
  return { page, per_page: size, orderby: 'id', order: 'asc' }
}

async function productPage(ctx: WooCtx, page: number): Promise<Page> {
  const params = paged(page, pageMax)
  const { data, totalPages } = await ask(ctx, { method: 'GET', path: 'products', params, shape: listOf(product) })
  const more = totalPages === null ? data.length === pageMax : page < totalPages
  const next: PageToken = more ? { phase: 'products', page: page + 1 } : { phase: 'variations', page: 1 }
  return { items: data.flatMap(ofProduct), next }
}

async function titlesOf(ctx: WooCtx, parents: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (parents.length === 0) return new Map()
  const params = { include: parents, per_page: pageMax }
  const { data } = await ask(ctx, { method: 'GET', path: 'products', params, shape: listOf(product) })
  return new Map(data.map((parent) => [parent.id, parent.name]))
}

/** All variations of the shop in one list; older versions have no such route, and are read parent by parent. */
async function variationPage(ctx: WooCtx, page: number): Promise<Page> {
  const params = paged(page, pageMax)
  const answer = await askIfRouted(ctx, { method: 'GET', path: 'variations', params, shape: listOf(variation) })
  if (answer === null) return await byParentPage(ctx, 1)
  const { data, totalPages } = answer
  const parents = [...new Set(data.flatMap(({ parent_id: parent }) => (parent === null ? [] : [parent])))]
  const titles = await titlesOf(ctx, parents)
  const items = data.flatMap((given) =>
    given.parent_id === null ? [] : [ofVariation(given, given.parent_id, titles.get(given.parent_id))],
  )
  const more = totalPages === null ? data.length === pageMax : page < totalPages
  return { items, next: more ? { phase: 'variations', page: page + 1 } : null }
}

async function variationsOf(ctx: WooCtx, parent: Product): Promise<readonly ListedListing[]> {
  const items: ListedListing[] = []
  const path = `products/${parent.id}/variations`
  for (let page = 1; page <= variationPagesMax; page += 1) {
    const { data } = await ask(ctx, { method: 'GET', path, params: paged(page, pageMax), shape: listOf(variation) })
    items.push(...data.map((given) => ofVariation(given, parent.id, parent.name)))
    if (data.length < pageMax) break
  }
  return items
}

async function byParentPage(ctx: WooCtx, page: number): Promise<Page> {
  const params = { ...paged(page, parentsPerPage), type: 'variable' }
  const { data, totalPages } = await ask(ctx, { method: 'GET', path: 'products', params, shape: listOf(product) })
  const items = (await Promise.all(data.map((parent) => variationsOf(ctx, parent)))).flat()
  const more = totalPages === null ? data.length === parentsPerPage : page < totalPages
  return { items, next: more ? { phase: 'by-parent', page: page + 1 } : null }
}

const readers = { products: productPage, variations: variationPage, 'by-parent': byParentPage }

export const listings: ListingPort<Credentials> = {
  async list(ctx, q) {
    const { phase, page } =
      q.page === null ? { phase: 'products' as const, page: 1 } : pageToken.parse(JSON.parse(q.page))
    const { items, next } = await readers[phase](ctx, page)
    return { items, next: next === null ? null : JSON.stringify(next) }
  },
}
