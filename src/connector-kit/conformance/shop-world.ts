import { vi } from 'vitest'
import {
  type OrderPage,
  type RawOrder,
  type ShipmentCommand,
  type TranslateContext,
  type UnifiedOrder,
  UnreadableError,
} from '#kit'
import { type PretendShop, serve } from '#kit/pretend'
import { openWire, type Subject, type Wire } from './wire.ts'

export interface Delivery {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly raw: Uint8Array
}
/** A shop with a story behind it, read once by poll and once by the webhooks that it sent. */
export interface ShopWorld {
  readonly subject: Subject
  readonly shop: PretendShop
  readonly wire: Wire
  /** Every order, by ref, as the poll brought it. */
  readonly polled: ReadonlyMap<string, RawOrder>
  /** Sizes of the pages that brought them. */
  readonly pages: readonly number[]
  readonly watermark: string
  readonly deliveries: readonly Delivery[]
  close(): Promise<void>
}

const skus = Array.from({ length: 6 }, (_, n) => `KIT-${n}`)
const stock = 900
const pagesMax = 60
/** A minute of the far side's own timers passes in a tenth of a second. */
const timeScale = 600

export async function startShop(subject: Subject, name: string): Promise<PretendShop> {
  const shop = await subject.start({ name, seed: 7, timeScale, record: () => undefined })
  if (!('buy' in shop)) throw new Error('the pretend side of a channel is a shop')
  for (const [n, sku] of skus.entries()) {
    shop.addProduct({ sku, title: `Thing ${n}`, priceMinor: 1_999n + BigInt(n) * 333n, stock })
  }
  return shop
}

export function bought(shop: PretendShop, sku: string, quantity: number): string {
  const order = shop.buy([{ sku, quantity }])
  if (!order) throw new Error(`the pretend shop sold no ${sku}`)
  return order.id
}

/** More orders than fit on a page, most of them within one second, and what happens to orders afterwards. */
function tellStory(shop: PretendShop, orders: number): void {
  for (let n = 0; n < orders; n++) {
    const sku = skus[n % skus.length] ?? ''
    const other = skus[(n + 1) % skus.length] ?? ''
    const lines = [{ sku, quantity: 1 + (n % 3) }, ...(n % 4 === 0 ? [{ sku: other, quantity: 2 }] : [])]
    const order = shop.buy(lines)
    if (!order) throw new Error('the pretend shop is sold out')
    if (n % 11 === 3) shop.cancel(order.id)
    if (n % 11 === 5) shop.edit(order.id, sku, 4)
    if (n % 11 === 7) shop.refund(order.id, { sku, quantity: 1 })
    if (n % 11 === 9) shop.refund(order.id, null)
  }
}

/** Reads a list to its end. */
export async function pollAll(
  { subject, wire }: Pick<ShopWorld, 'subject' | 'wire'>,
  since: string | null,
): Promise<Pick<ShopWorld, 'polled' | 'pages' | 'watermark'>> {
  const polled = new Map<string, RawOrder>()
  const pages: number[] = []
  let page: string | null = null
  for (let calls = 0; calls < pagesMax; calls++) {
    const answer: OrderPage | undefined = await subject.connector.orders?.list(wire.ctx, {
      since,
      from: '2020-01-01T00:00:00.000Z',
      page,
    })
    if (!answer) throw new Error('this connector lists no orders')
    pages.push(answer.items.length)
    for (const item of answer.items) polled.set(item.ref, item)
    page = answer.next
    if (page === null) return { polled, pages, watermark: answer.watermark }
  }
  throw new Error(`a list of more than ${pagesMax} pages`)
}

/** Listens where the hub would: greets what must be greeted, accepts the rest. */
async function openDoor(subject: Subject) {
  const deliveries: Delivery[] = []
  const door = await serve(0, async ({ method, headers, body }) => {
    const greeting = subject.connector.inbound?.greet?.({ method, headers, raw: body }) ?? null
    if (greeting === null) deliveries.push({ headers, raw: new Uint8Array(body) })
    return greeting ?? { status: 200, body: 'ok' }
  })
  return { deliveries, ...door }
}

export async function openShopWorld(subject: Subject): Promise<ShopWorld> {
  const { connector } = subject
  const shop = await startShop(subject, 'Conformance')
  const wire = await openWire(connector, shop)
  const door = await openDoor(subject)
  await connector.subscriptions?.ensure(wire.ctx, `${door.url}/in`)
  tellStory(shop, (connector.manifest.orders?.pageMax ?? 20) + 12)
  await vi.waitUntil(() => shop.quiet(), { timeout: 20_000, interval: 20 })
  const deliveries = [...door.deliveries]
  const read = await pollAll({ subject, wire }, null)
  return {
    subject,
    shop,
    wire,
    deliveries,
    ...read,
    close: async () => {
      await shop.close()
      await door.close()
    },
  }
}

export const contextOf = (world: ShopWorld, source: TranslateContext['source'] = 'poll'): TranslateContext => ({
  source,
  settings: world.wire.ctx.settings,
})

export function translated(world: ShopWorld, raw: string, source?: TranslateContext['source']): UnifiedOrder {
  const order = world.subject.connector.orders?.translate(raw, contextOf(world, source))
  if (!order) throw new Error('this connector translates no orders')
  return order
}

/** The order, or null where the body is refused as unreadable. Any other error passes. */
export function translatedOrNull(world: ShopWorld, raw: string): UnifiedOrder | null {
  try {
    return translated(world, raw)
  } catch (error) {
    if (error instanceof UnreadableError) return null
    throw error
  }
}

/** Refs hold the shop's own id of the order, so one ref tells the others. */
function refOf(world: ShopWorld, truthId: string): string {
  const known = [...world.polled.values()].map((item) => ({
    ref: item.ref,
    number: translated(world, item.raw).number,
  }))
  for (const { ref, number } of known.slice(0, 1)) {
    const own = world.shop.orders().find((one) => one.number === number)
    if (own && ref.includes(own.id)) return ref.replace(own.id, truthId)
  }
  throw new Error('the refs of this connector do not hold the id that its pretend shop tells')
}

/** A fresh order of one line, as the channel shows it now. */
export async function freshOrder(
  world: ShopWorld,
  quantity: number,
): Promise<{ truthId: string; order: UnifiedOrder }> {
  const truthId = bought(world.shop, skus[0] ?? '', quantity)
  const [got] = (await world.subject.connector.orders?.get(world.wire.ctx, [refOf(world, truthId)])) ?? []
  if (!got || 'missing' in got) throw new Error(`the shop does not show order ${truthId}`)
  return { truthId, order: translated(world, got.raw, 'fetch') }
}

export function shipmentOf(order: UnifiedOrder, more: Partial<ShipmentCommand> = {}): ShipmentCommand {
  const tracking = `TRACK${order.number.replaceAll(/\W/g, '')}`
  return {
    key: `shp_${tracking}.1`,
    order: order.ref,
    lines: order.lines.map((line) => ({ line: line.ref, quantity: line.ordered - line.cancelled })),
    final: true,
    carrier: 'DHL',
    tracking,
    trackingUrl: null,
    shippedAt: new Date().toISOString(),
    notifyBuyer: false,
    ...more,
  }
}

/** What the shop itself says of an order. */
export function truthOf(world: ShopWorld, truthId: string) {
  const truth = world.shop.orders().find((one) => one.id === truthId)
  if (!truth) throw new Error(`the shop knows no order ${truthId}`)
  return truth
}
