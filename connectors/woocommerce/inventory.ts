import { z } from 'zod'
import { ChannelError, type InventoryCommand, type InventoryPort, type ItemResult } from '#kit'
import { ask } from './client.ts'
import { manifest } from './manifest.ts'
import type { Credentials, WooCtx } from './settings.ts'
import { count, id, listOf } from './wire.ts'

const batchMax = 100
const quantityMax = manifest.inventory?.quantityMax ?? 0

interface Target {
  readonly parent: string | null
  readonly id: string
}

/** "12" is a product, "12/34" a variation of it. */
function targetOf(text: string): Target | null {
  const match = /^(?:(\d{1,19})\/)?(\d{1,19})$/.exec(text)
  return match?.[2] === undefined ? null : { parent: match[1] ?? null, id: match[2] }
}

const nameOf = (parent: string | null, ref: string) => (parent === null ? ref : `${parent}/${ref}`)
const collectionOf = (parent: string | null) => (parent === null ? 'products' : `products/${parent}/variations`)

/** One call each: products together, variations by parent (`products/batch` refuses a variation), at most 100. */
function groups<T>(
  list: readonly T[],
  targetIn: (item: T) => Target,
): readonly { parent: string | null; items: T[] }[] {
  const open = new Map<string | null, T[]>()
  const all: { parent: string | null; items: T[] }[] = []
  for (const item of list) {
    const { parent } = targetIn(item)
    const items = open.get(parent)
    if (items !== undefined && items.length < batchMax) {
      items.push(item)
      continue
    }
    const group = { parent, items: [item] }
    open.set(parent, group.items)
    all.push(group)
  }
  return all
}

const stock = z.object({
  id,
  manage_stock: z.union([z.boolean(), z.string()]).nullish(),
  stock_quantity: count,
})
const written = z.object({
  id,
  manage_stock: z.union([z.boolean(), z.string()]).nullish(),
  stock_quantity: count,
  error: z.object({ code: z.union([z.string(), z.number()]).transform(String) }).optional(),
})
type Written = z.infer<typeof written>

async function read(ctx: WooCtx, targets: readonly string[]): Promise<ReadonlyMap<string, number | null>> {
  const wanted = [...new Set(targets)].flatMap((target) => targetOf(target) ?? [])
  const answers = groups(wanted, (target) => target).map(async ({ parent, items }) => {
    const params = { include: items.map((item) => item.id), per_page: batchMax }
    const { data } = await ask(ctx, { method: 'GET', path: collectionOf(parent), params, shape: listOf(stock) })
    return data.map((row): [string, number | null] => [
      nameOf(parent, row.id),
      row.manage_stock === true ? row.stock_quantity : null,
    ])
  })
  return new Map((await Promise.all(answers)).flat())
}

function failed(key: string, error: ChannelError): ItemResult {
  return { key, outcome: 'failed', error }
}

function itemError(code: string): ChannelError {
  const remoteCode = /^[\w.-]{1,80}$/.test(code) ? code : 'unreadable'
  const gone = remoteCode.endsWith('_invalid_id')
  const words = gone ? 'no such product' : 'the shop refuses this quantity'
  return new ChannelError(gone ? 'not_found' : 'invalid', `WooCommerce: ${remoteCode}: ${words}`, { remoteCode })
}

/** A 200 proves nothing: without stock management the write is ignored, so the answer is compared with what was sent. */
function judge(command: InventoryCommand, row: Written | undefined): ItemResult {
  const { key, available } = command
  if (row === undefined) {
    return failed(key, new ChannelError('transient', 'WooCommerce left this product out of its batch answer'))
  }
  if (row.error !== undefined) return failed(key, itemError(row.error.code))
  if (row.manage_stock === 'parent') {
    return failed(key, new ChannelError('unsupported', 'the stock of this variation is kept on its parent product'))
  }
  if (row.manage_stock !== true) {
    return failed(key, new ChannelError('unsupported', 'stock management is off for this product'))
  }
  if (row.stock_quantity !== available) {
    const words = `sent ${available}, the shop shows ${row.stock_quantity ?? 'nothing'}`
    return failed(key, new ChannelError('conflict', `WooCommerce did not keep the quantity: ${words}`))
  }
  return { key, outcome: 'applied' }
}

interface Write {
  readonly command: InventoryCommand
  readonly target: Target
}

async function writeGroup(ctx: WooCtx, parent: string | null, items: readonly Write[]): Promise<readonly ItemResult[]> {
  // Never `manage_stock`: switching it on is the merchant's choice. Never null: it would set 0 (11.0.1, 2026-11-23).
  const update = items.map(({ command, target }) => ({ id: Number(target.id), stock_quantity: command.available }))
  try {
    const { data } = await ask(ctx, {
      method: 'POST',
      path: `${collectionOf(parent)}/batch`,
      body: { update },
      replaySafe: true,
      shape: z.object({ update: listOf(written) }),
    })
    const rows = new Map(data.update.map((row) => [row.id, row]))
    return items.map(({ command, target }) => judge(command, rows.get(target.id)))
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    return items.map(({ command }) => failed(command.key, error))
  }
}

function acceptable(command: InventoryCommand): Write | ChannelError {
  const target = targetOf(command.target)
  if (target === null)
    return new ChannelError('invalid', `"${command.target.slice(0, 40)}" is no product of WooCommerce`)
  if (!Number.isInteger(command.available) || command.available < 0 || command.available > quantityMax) {
    return new ChannelError('invalid', `a quantity is a whole number from 0 to ${quantityMax}`, { field: 'available' })
  }
  return { command, target }
}

async function push(ctx: WooCtx, batch: readonly InventoryCommand[]): Promise<readonly ItemResult[]> {
  const results: ItemResult[] = []
  const writes: Write[] = []
  for (const command of batch) {
    const write = acceptable(command)
    if (write instanceof ChannelError) results.push(failed(command.key, write))
    else writes.push(write)
  }
  const sent = groups(writes, (write) => write.target).map(({ parent, items }) => writeGroup(ctx, parent, items))
  return [...results, ...(await Promise.all(sent)).flat()]
}

export const inventory: InventoryPort<Credentials> = { read, push }
