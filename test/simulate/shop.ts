import type { Call, FarSide, Reply } from './network.ts'

/** How a channel behaves; the connector's manifest says the same. */
export interface ShopTraits {
  readonly name: string
  readonly compareAndSet: boolean
  /** Its webhooks hold the order, and a delivery id that is stable. Without: a hint, with an id that is not. */
  readonly carriesOrder: boolean
  /** Its clock is ahead of the hub's by so much. */
  readonly clockAheadMs: number
}
export interface ShopLine {
  readonly id: string
  readonly listing: string
  /** As first ordered, or as edited up. */
  ordered: number
  /** Units which the buyer no longer wants. */
  cancelled: number
  /** Units that the shop was told have left. */
  told: number
}
export interface ShopOrder {
  readonly id: string
  readonly placedAt: number
  readonly lines: ShopLine[]
  readonly parcels: {
    readonly tracking: string
    readonly lines: { readonly line: string; readonly quantity: number }[]
  }[]
  changedAt: number
  /** Reading heads of the shop see the change from then on. */
  visibleAt: number
  cancelled: boolean
}
export interface StockWrite {
  readonly listing: string
  readonly from: number
  readonly to: number
}
export interface Shop extends ShopTraits {
  readonly orders: Map<string, ShopOrder>
  readonly shows: Map<string, number>
  readonly listings: readonly { readonly ref: string; readonly sku: string }[]
  readonly side: FarSide
  buy(lines: readonly { readonly listing: string; readonly quantity: number }[]): ShopOrder | null
  cancel(order: ShopOrder): boolean
  /** The buyer wants fewer or more units of a line. */
  change(order: ShopOrder, line: ShopLine, delta: number): boolean
  /** Something that nobody ships: a note. */
  touch(order: ShopOrder): void
  bodyOf(order: ShopOrder): string
}
export interface ShopWorld {
  now(): number
  /** Something about an order changed: the shop's webhooks begin. */
  changed(shop: Shop, order: ShopOrder): void
  /** How much later its reading heads see a change. */
  lagMs(): number
  /** Of a batch, this item alone is refused. */
  refusesItem(): boolean
  read(shop: Shop, listings: readonly string[]): void
  written(shop: Shop, write: StockWrite): void
}

const pageSize = 3
export const wanted = (line: ShopLine): number => line.ordered - line.cancelled

const rawOf = (shop: ShopTraits, order: ShopOrder) => ({
  id: order.id,
  number: `${shop.name}-${order.id}`,
  // Shops tell whole seconds.
  changedAt: Math.floor(order.changedAt / 1_000) * 1_000,
  placedAt: order.placedAt,
  cancelled: order.cancelled,
  lines: order.lines.map(({ id, listing, ordered, cancelled }) => ({ id, listing, ordered, cancelled })),
})

export function openShop(
  traits: ShopTraits,
  listings: Shop['listings'],
  { world, shown }: { readonly world: ShopWorld; readonly shown: ReadonlyMap<string, number> },
): Shop {
  const clock = () => world.now() + traits.clockAheadMs
  const stamp = (order: ShopOrder) => {
    order.changedAt = clock()
    order.visibleAt = world.now() + world.lagMs()
    world.changed(shop, order)
  }
  const put = (listing: string, units: number) => shop.shows.set(listing, (shop.shows.get(listing) ?? 0) + units)
  const shop: Shop = {
    ...traits,
    orders: new Map(),
    shows: new Map(shown),
    listings,
    side: (call) => answer(shop, world, call),
    bodyOf: (order) => JSON.stringify(rawOf(traits, order)),
    buy: (lines) => {
      for (const { listing, quantity } of lines) put(listing, -quantity)
      if (lines.some(({ listing }) => (shop.shows.get(listing) ?? 0) < 0)) {
        for (const { listing, quantity } of lines) put(listing, quantity)
        return null
      }
      const id = String(1_000 + shop.orders.size)
      const order: ShopOrder = {
        id,
        placedAt: clock(),
        changedAt: 0,
        visibleAt: 0,
        cancelled: false,
        parcels: [],
        lines: lines.map(({ listing, quantity }, n) => ({
          id: `${id}-${n}`,
          listing,
          ordered: quantity,
          cancelled: 0,
          told: 0,
        })),
      }
      shop.orders.set(id, order)
      stamp(order)
      return order
    },
    cancel: (order) => {
      if (order.cancelled || order.lines.some((line) => line.told > 0)) return false
      order.cancelled = true
      for (const line of order.lines) put(line.listing, wanted(line))
      stamp(order)
      return true
    },
    change: (order, line, delta) => {
      const fits = delta < 0 ? wanted(line) + delta >= line.told : (shop.shows.get(line.listing) ?? 0) >= delta
      if (order.cancelled || !fits) return false
      if (delta < 0) line.cancelled -= delta
      else line.ordered += delta
      put(line.listing, -delta)
      stamp(order)
      return true
    },
    touch: stamp,
  }
  return shop
}

interface Body {
  readonly since?: number | null
  readonly page?: string | null
  readonly refs?: readonly string[]
  readonly targets?: readonly string[]
  readonly items?: readonly {
    readonly key: string
    readonly target: string
    readonly to: number
    readonly from: number
  }[]
  readonly order?: string
  readonly tracking?: string
  readonly lines?: readonly { readonly line: string; readonly quantity: number }[]
}

function answer(shop: Shop, world: ShopWorld, { path, body }: Call): Reply {
  const asked = (body ?? {}) as Body
  if (path === '/orders') return listOrders(shop, world, asked)
  if (path === '/orders/get') return { status: 200, body: (asked.refs ?? []).map((ref) => orderAt(shop, ref)) }
  if (path === '/listings')
    return { status: 200, body: shop.listings.map((l) => ({ ...l, shows: shop.shows.get(l.ref) })) }
  if (path === '/stock') {
    world.read(shop, asked.targets ?? [])
    return { status: 200, body: (asked.targets ?? []).map((target) => [target, shop.shows.get(target) ?? null]) }
  }
  if (path === '/stock/set') return { status: 200, body: setStock(shop, world, asked) }
  if (path === '/parcels') return { status: 200, body: hasParcel(shop, asked) }
  if (path === '/parcels/add') return addParcel(shop, asked)
  return { status: 404 }
}

const orderAt = (shop: Shop, ref: string) => {
  const order = shop.orders.get(ref)
  return { ref, raw: order === undefined ? null : shop.bodyOf(order) }
}

/** Oldest change first; a page ends where the next begins, whatever changes meanwhile. */
function listOrders(shop: Shop, world: ShopWorld, { since, page }: Body): Reply {
  const key = (order: ShopOrder) => `${String(order.changedAt).padStart(15, '0')} ${order.id}`
  const from = page ?? String(Math.max(0, since ?? 0)).padStart(15, '0')
  const found = [...shop.orders.values()]
    .filter((order) => order.visibleAt <= world.now() && key(order) > from)
    .sort((a, b) => (key(a) < key(b) ? -1 : 1))
  const some = found.slice(0, pageSize)
  const last = some.at(-1)
  const next = found.length > pageSize && last !== undefined ? key(last) : null
  return {
    status: 200,
    body: { orders: some.map((order) => shop.bodyOf(order)), next, newest: last?.changedAt ?? null },
  }
}

function setStock(shop: Shop, world: ShopWorld, { items = [] }: Body) {
  return items.map(({ key, target, to, from }) => {
    const now = shop.shows.get(target)
    if (now === undefined) return { key, outcome: 'unknown' }
    if (world.refusesItem()) return { key, outcome: 'busy' }
    if (shop.compareAndSet && now !== from) return { key, outcome: 'conflict' }
    shop.shows.set(target, to)
    world.written(shop, { listing: target, from: now, to })
    return { key, outcome: 'set' }
  })
}

const parcelOf = (shop: Shop, { order = '', tracking }: Body) =>
  shop.orders.get(order)?.parcels.find((parcel) => parcel.tracking === tracking)

const hasParcel = (shop: Shop, asked: Body) => parcelOf(shop, asked) !== undefined

/** A parcel told twice is shown twice: the shop does not know the hub's mind. Beyond what is left of a line it takes nothing. */
function addParcel(shop: Shop, asked: Body): Reply {
  const order = shop.orders.get(asked.order ?? '')
  if (order === undefined || order.cancelled) return { status: 422 }
  const lines = (asked.lines ?? []).flatMap(({ line: id, quantity }) => {
    const line = order.lines.find((one) => one.id === id)
    const units = line === undefined ? 0 : Math.min(quantity, wanted(line) - line.told)
    return line === undefined || units <= 0 ? [] : [{ line, id, units }]
  })
  if (lines.length === 0) return { status: 422 }
  for (const { line, units } of lines) line.told += units
  order.parcels.push({
    tracking: asked.tracking ?? '',
    lines: lines.map(({ id, units }) => ({ line: id, quantity: units })),
  })
  return { status: 200, body: `p${order.parcels.length}` }
}
