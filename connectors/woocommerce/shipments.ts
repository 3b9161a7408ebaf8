import { ChannelError, type Outcome, type ShipmentCommand, type ShipmentPort } from '#kit'
import { type Found, findFulfilment, recordFulfilment } from './fulfilments.ts'
import { findNote, recordNote } from './notes.ts'
import { type OrderState, readState, writeStatus } from './order-state.ts'
import { type Credentials, fulfilmentTiers, readSettings, type WooCtx } from './settings.ts'
import { findTracking, recordTracking } from './tracking-plugin.ts'

type Recorder = (ctx: WooCtx, shipment: ShipmentCommand, order: OrderState) => Promise<string>
interface Tier {
  /** Null: this shop has no such tier (any more). */
  readonly find: (ctx: WooCtx, shipment: ShipmentCommand) => Promise<Found | null>
  readonly record: Recorder
}
const tiers: Readonly<Record<(typeof fulfilmentTiers)[number], Tier>> = {
  core: { find: findFulfilment, record: recordFulfilment },
  'tracking-plugin': { find: findTracking, record: recordTracking },
  note: { find: findNote, record: recordNote },
}

/** From the tier that the probe found downwards: a feature may have been switched off since. */
async function locate(ctx: WooCtx, shipment: ShipmentCommand): Promise<{ found: Found; record: Recorder }> {
  const start = fulfilmentTiers.indexOf(readSettings(ctx.settings).fulfilments ?? 'core')
  for (const name of fulfilmentTiers.slice(start)) {
    const { find, record } = tiers[name]
    const found = await find(ctx, shipment)
    if (found !== null) return { found, record }
  }
  throw new ChannelError('unsupported', 'this shop takes no notes on orders')
}

/** Statuses from which "completed" must not be set: it is there already, nobody wants the goods, or nobody has paid. */
const notCompletable: ReadonlySet<string> = new Set([
  'completed',
  'cancelled',
  'refunded',
  'failed',
  'trash',
  'pending',
  'checkout-draft',
  'auto-draft',
])

async function find(ctx: WooCtx, shipment: ShipmentCommand): Promise<string | null> {
  const { found } = await locate(ctx, shipment)
  if (found.remote === null || !shipment.final) return found.remote
  // The record without the status is half a push: WooCommerce leaves a fully fulfilled order "processing".
  const order = await readState(ctx, shipment.order)
  return notCompletable.has(order.status) || hasGrown(order, shipment.whole) ? found.remote : null
}

/** "Completed" says that everything left. An order with more on it than we know of was edited meanwhile: not yet. */
function hasGrown(order: OrderState, whole: ShipmentCommand['whole']): boolean {
  if (whole === undefined) return false
  const known = new Map(whole.map(({ line, quantity }) => [line, quantity]))
  return order.line_items.some(({ id, quantity }) => quantity > (known.get(id) ?? 0))
}

async function complete(ctx: WooCtx, shipment: ShipmentCommand): Promise<boolean> {
  // Read again just before: the record's call may have taken seconds, in which a merchant may have cancelled or edited.
  const order = await readState(ctx, shipment.order)
  if (notCompletable.has(order.status) || hasGrown(order, shipment.whole)) return false
  const now = await writeStatus(ctx, shipment.order, 'completed')
  if (now === 'completed') return true
  throw new ChannelError('conflict', 'the shop kept another status than completed')
}

async function record(ctx: WooCtx, shipment: ShipmentCommand): Promise<Outcome> {
  const order = await readState(ctx, shipment.order)
  const { found, record: write } = await locate(ctx, shipment)
  const wantsNews = shipment.notifyBuyer && readSettings(ctx.settings).notifyBuyer !== false
  const remote = found.remote ?? (await write(ctx, { ...shipment, notifyBuyer: wantsNews }, order))
  // The tracking first: the mail that "completed" sends carries it.
  const completed = shipment.final && (await complete(ctx, shipment))
  return { outcome: found.remote === null || completed ? 'applied' : 'already_applied', remote }
}

async function push(ctx: WooCtx, shipment: ShipmentCommand): Promise<Outcome> {
  if (shipment.lines.some(({ line }) => !/^\d{1,15}$/.test(line))) {
    const error = new ChannelError('invalid', 'a line reference is not of WooCommerce', { field: 'lines' })
    return { outcome: 'failed', error }
  }
  try {
    return await record(ctx, shipment)
  } catch (error) {
    if (error instanceof ChannelError) return { outcome: 'failed', error }
    throw error
  }
}

export const shipments: ShipmentPort<Credentials> = { find, push }
