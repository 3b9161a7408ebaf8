import { itemView, levelView, locationView } from './catalog-views.ts'
import { apiError, type Info, type RequestContext, type UserError, userError } from './context.ts'
import { once } from './idempotency.ts'
import { levelOf, moveStock, unseenUnits } from './inventory.ts'
import { gid, idOf, now, type Product } from './state.ts'
import { apiTime } from './wire.ts'

interface Row {
  readonly inventoryItemId: string
  readonly locationId: string
  readonly changeFromQuantity?: number | null
}
interface SetRow extends Row {
  readonly quantity: number
}
interface AdjustRow extends Row {
  readonly delta: number
}
interface Input {
  readonly name: string
  readonly reason: string
  readonly referenceDocumentUri?: string | null
}
interface Planned {
  readonly product: Product
  readonly from: number
  readonly to: number
  readonly changeFrom: number | null
}

const rowsMax = 250
const quantityMax = 1_000_000_000
const tooHigh = "The total quantity can't be higher than 1,000,000,000."
const twice = 'The combination of inventoryItemId and locationId must be unique.'
const stale = 'The changeFromQuantity value does not match persisted value.'
// shopify.dev "manage inventory quantities and states" (the list is remembered, not read back).
const reasons = new Set([
  'correction',
  'cycle_count_available',
  'damaged',
  'movement_canceled',
  'movement_created',
  'movement_received',
  'movement_updated',
  'other',
  'promotion',
  'quality_control',
  'received',
  'reservation_created',
  'reservation_deleted',
  'reservation_updated',
  'restock',
  'safety_stock',
  'shrinkage',
])

/** Refusals of the whole request, before any idempotency key is spent. */
function refuseRows(rows: readonly Row[], type: string): void {
  if (rows.length > rowsMax) {
    throw apiError(
      `The input array size of ${rows.length} is greater than the maximum allowed of ${rowsMax}.`,
      'MAX_INPUT_SIZE_EXCEEDED',
    )
  }
  if (rows.some((row) => !('changeFromQuantity' in row))) {
    throw apiError(`${type} must include the following argument: changeFromQuantity`, 'INVALID_FIELD_ARGUMENTS')
  }
}

function inputErrors(input: Input, nameCode: string): UserError[] {
  const errors: UserError[] = []
  if (input.name !== 'available' && input.name !== 'on_hand') {
    errors.push(userError(['input', 'name'], "The quantity name must be either 'available' or 'on_hand'.", nameCode))
  }
  if (!reasons.has(input.reason)) {
    errors.push(userError(['input', 'reason'], 'The specified reason is invalid.', 'INVALID_REASON'))
  }
  const uri = input.referenceDocumentUri
  if (uri && !/^(?:gid:\/\/[^/]+\/[^/]+\/.+|(?!gid:)[a-z][a-z0-9+.-]*:\/\/.+)$/i.test(uri)) {
    const field = ['input', 'referenceDocumentUri']
    errors.push(userError(field, 'The specified reference document is invalid.', 'INVALID_REFERENCE_DOCUMENT'))
  }
  return errors
}

interface Plan {
  readonly rows: readonly Planned[]
  readonly errors: readonly UserError[]
}

type Refuse = (field: string, message: string, code: string) => void

function planRow(
  ctx: RequestContext,
  row: Row,
  onHand: boolean,
  refuse: Refuse,
): { readonly product: Product; readonly hidden: number; readonly from: number } | null {
  const product = ctx.shop.items.get(idOf('InventoryItem', row.inventoryItemId) ?? '')
  if (!product) {
    refuse('inventoryItemId', 'The specified inventory item could not be found.', 'INVALID_INVENTORY_ITEM')
    return null
  }
  if (idOf('Location', row.locationId) !== ctx.shop.location.id) {
    refuse('locationId', 'The specified location could not be found.', 'INVALID_LOCATION')
    return null
  }
  const level = levelOf(ctx.shop, product)
  const hidden = onHand ? level.committed : 0
  return { product, hidden, from: level.available + hidden }
}

/** What each row would do; any error stops all of them. */
function plan<R extends Row>(
  ctx: RequestContext,
  given: { readonly list: 'quantities' | 'changes'; readonly onHand: boolean; readonly errors: readonly UserError[] },
  rows: readonly R[],
  target: (row: R, from: number) => number,
): Plan {
  const errors: UserError[] = [...given.errors]
  const planned: Planned[] = []
  const seen = new Set<Product>()
  rows.forEach((row, index) => {
    const refuse: Refuse = (field, message, code) => {
      errors.push(userError(['input', given.list, String(index), field], message, code))
    }
    const found = planRow(ctx, row, given.onHand, refuse)
    if (!found) return
    const { product, hidden, from } = found
    if (seen.has(product)) refuse('inventoryItemId', twice, 'NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR')
    seen.add(product)
    const to = target(row, from)
    const changeFrom = row.changeFromQuantity ?? null
    planned.push({ product, from: from - hidden, to: to - hidden, changeFrom })
    if (to > quantityMax) refuse('quantity', tooHigh, 'INVALID_QUANTITY_TOO_HIGH')
    if (given.list === 'quantities' && to < 0) {
      refuse('quantity', "The quantity can't be negative.", 'INVALID_QUANTITY_NEGATIVE')
    }
    if (changeFrom !== null && changeFrom !== from) refuse('changeFromQuantity', stale, 'CHANGE_FROM_QUANTITY_STALE')
  })
  return { rows: planned, errors }
}

/** Writes all rows or none, and notes each for the judge. */
function settle(
  ctx: RequestContext,
  input: Input,
  planned: Plan,
): Record<string, unknown> & { userErrors: readonly UserError[] } {
  const { shop } = ctx
  const refused = planned.errors.length > 0
  const applied = !refused && !ctx.dropWrite
  for (const { product, from, to, changeFrom } of planned.rows) {
    const raised = applied && changeFrom === null ? Math.max(0, to - from) : 0
    const unseen = unseenUnits(shop, product)
    const dropped = !refused && ctx.dropWrite
    shop.tell('stock.written', { sku: product.sku, from, to, changeFrom, applied, dropped, raised, unseen, by: 'api' })
  }
  if (refused) return { inventoryAdjustmentGroup: null, userErrors: planned.errors }
  const changed = planned.rows.filter(({ from, to }) => from !== to)
  if (applied) {
    ctx.announce.levels(
      moveStock(
        shop,
        changed.map(({ product, from, to }) => ({ product, available: to - from })),
      ),
    )
  }
  return { inventoryAdjustmentGroup: changed.length > 0 ? groupView(ctx, input, changed) : null, userErrors: [] }
}

function groupView(ctx: RequestContext, input: Input, changed: readonly Planned[]) {
  const { shop } = ctx
  const changes = changed.flatMap(({ product, from, to }) => {
    const committed = levelOf(shop, product).committed
    const about = { delta: to - from, item: () => itemView(shop, product), location: () => locationView(shop) }
    return [
      { ...about, name: 'available', quantityAfterChange: to, ledgerDocumentUri: null },
      { ...about, name: 'on_hand', quantityAfterChange: to + committed, ledgerDocumentUri: null },
    ]
  })
  return {
    __typename: 'InventoryAdjustmentGroup',
    id: gid('InventoryAdjustmentGroup', shop.newId()),
    createdAt: apiTime(now()),
    reason: input.reason,
    referenceDocumentUri: input.referenceDocumentUri ?? null,
    changes: () => changes,
  }
}

export const inventoryMutations = {
  inventorySetQuantities: (args: { input: Input & { quantities: SetRow[] } }, ctx: RequestContext, info: Info) => {
    const { input } = args
    refuseRows(input.quantities, 'InventoryQuantityInput')
    return once(ctx, info, args, () => {
      const errors = inputErrors(input, 'INVALID_NAME')
      const given = { list: 'quantities', onHand: input.name === 'on_hand', errors } as const
      return settle(
        ctx,
        input,
        plan(ctx, given, input.quantities, (row) => row.quantity),
      )
    })
  },
  inventoryAdjustQuantities: (args: { input: Input & { changes: AdjustRow[] } }, ctx: RequestContext, info: Info) => {
    const { input } = args
    refuseRows(input.changes, 'InventoryChangeInput')
    return once(ctx, info, args, () => {
      const errors = inputErrors(input, 'INVALID_QUANTITY_NAME')
      const given = { list: 'changes', onHand: input.name === 'on_hand', errors } as const
      return settle(
        ctx,
        input,
        plan(ctx, given, input.changes, (row, from) => from + row.delta),
      )
    })
  },
  inventoryActivate: (
    args: { inventoryItemId: string; locationId: string; available?: number | null },
    ctx: RequestContext,
    info: Info,
  ) =>
    once(ctx, info, args, () => {
      const product = ctx.shop.items.get(idOf('InventoryItem', args.inventoryItemId) ?? '')
      const here = idOf('Location', args.locationId) === ctx.shop.location.id
      if (product && here) return { inventoryLevel: levelView(ctx.shop, product), userErrors: [] }
      const [field, what] = product ? ['locationId', 'location'] : ['inventoryItemId', 'inventory item']
      const errors = [userError([field ?? ''], `The specified ${what} could not be found.`)]
      return { inventoryLevel: null, userErrors: errors }
    }),
}
