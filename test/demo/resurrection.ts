import type { TruthEntry } from '#kit/pretend'
import { type Book, orderKey } from './book.ts'
import type { WorldTruth } from './world-protocol.ts'

/** Units that a write of the hub put back on sale on a shop which had already sold them. */
export interface Resurrected {
  readonly shop: string
  readonly units: number
  /** Of these, sold so recently that the write may have been on its way; only where no compare-and-set could stop it. */
  readonly inWindow: number
  readonly compareAndSet: boolean
  readonly what: string
}
/** How long a sale elsewhere may be news to the hub: after its webhook was accepted, and at most. */
export interface Lag {
  readonly afterToldMs: number
  readonly atMostMs: number
  /** How long a read and the write that follows it may lie apart: the deadline of a call, when calls hang. */
  readonly windowMs: number
}
export const calmLag: Lag = { afterToldMs: 2_000, atMostMs: 15_000, windowMs: 3_000 }
export const chaosLag: Lag = { afterToldMs: 10_000, atMostMs: 40_000, windowMs: 30_000 }

interface Sale {
  readonly shop: string
  readonly order: string
  readonly units: number
  readonly at: number
  toldAt: number | null
}
interface Replay {
  /** Units free by the books: first stock, minus what was sold, plus what came free again. */
  readonly free: Map<string, number>
  readonly sales: Map<string, Sale[]>
  /** Request numbers that the warehouse took in, by order. */
  readonly handedOff: Map<string, string[]>
  readonly cancelled: Set<string>
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
const lines = (value: unknown): { sku: string; quantity: number }[] => (Array.isArray(value) ? value : [])
const orderOf = ({ who, data }: TruthEntry): string => orderKey(who, text(data.orderId ?? data.order))

function free(replay: Replay, sku: string, units: number): void {
  replay.free.set(sku, (replay.free.get(sku) ?? 0) + units)
}

function sell(replay: Replay, entry: TruthEntry, sku: string, units: number): void {
  free(replay, sku, -units)
  const sale = { shop: entry.who, order: orderOf(entry), units, at: entry.at, toldAt: null }
  replay.sales.set(sku, [...(replay.sales.get(sku) ?? []), sale])
}

function edited(replay: Replay, entry: TruthEntry): void {
  const { data } = entry
  const delta = Number(data.delta ?? Number(data.to) - Number(data.from))
  if (delta > 0) sell(replay, entry, text(data.sku), delta)
  else free(replay, text(data.sku), -delta)
}

function refunded(replay: Replay, { data }: TruthEntry): void {
  if (typeof data.sku === 'string') free(replay, data.sku, Number(data.unshipped))
  for (const { sku, quantity } of lines(data.lines)) free(replay, sku, quantity)
}

/** What a cancelled order wanted comes free, unless the warehouse has it in hand: then when it agrees to stop. */
function freeOrder(replay: Replay, book: Book, order: string, sign: 1 | -1): void {
  for (const line of book.byOrder.get(order)?.order.lines ?? []) free(replay, line.sku, sign * line.ordered)
}

function handed(replay: Replay, book: Book, number: string): void {
  const one = book.byRequest.get(number)
  if (!one) return
  const order = orderKey(one.shop, one.order.id)
  const before = replay.handedOff.get(order) ?? []
  replay.handedOff.set(order, [...before, number])
  if (before.length === 0 && replay.cancelled.has(order)) freeOrder(replay, book, order, -1)
}

function calledOff(replay: Replay, book: Book, number: string): void {
  const one = book.byRequest.get(number)
  if (!one) return
  const order = orderKey(one.shop, one.order.id)
  const left = (replay.handedOff.get(order) ?? []).filter((other) => other !== number)
  replay.handedOff.set(order, left)
  if (left.length === 0 && replay.cancelled.has(order)) freeOrder(replay, book, order, 1)
}

function told(replay: Replay, entry: TruthEntry): void {
  const { data } = entry
  if (typeof data.status !== 'number' || data.status < 200 || data.status > 299) return
  const isOrder = text(data.topic).startsWith('order')
  if (!isOrder) return
  const order = orderKey(entry.who, text(data.orderId ?? data.resource))
  for (const sales of replay.sales.values())
    for (const sale of sales) if (sale.order === order) sale.toldAt ??= entry.at
}

function step(replay: Replay, book: Book, entry: TruthEntry): void {
  const { what, data } = entry
  if (what === 'order.placed') for (const { sku, quantity } of lines(data.lines)) sell(replay, entry, sku, quantity)
  else if (what === 'order.edited') edited(replay, entry)
  else if (what === 'order.refunded') refunded(replay, entry)
  else if (what === 'order.cancelled') {
    const order = orderOf(entry)
    replay.cancelled.add(order)
    if ((replay.handedOff.get(order) ?? []).length === 0) freeOrder(replay, book, order, 1)
  } else if (what === 'request.received') handed(replay, book, text(data.number))
  else if (what === 'request.cancelled' || what === 'request.rejected') calledOff(replay, book, text(data.number))
  else if (what === 'webhook.sent') told(replay, entry)
}

/** Units sold at other shops of which the hub may not know yet. */
function newsElsewhere(replay: Replay, sku: string, write: TruthEntry, lag: Lag): number {
  return (replay.sales.get(sku) ?? [])
    .filter(({ shop, at }) => shop !== write.who && write.at - at <= lag.atMostMs)
    .filter(({ toldAt }) => toldAt === null || write.at - toldAt <= lag.afterToldMs)
    .reduce((units, sale) => units + sale.units, 0)
}

function soldJustNow(replay: Replay, sku: string, write: TruthEntry, lag: Lag): number {
  return (replay.sales.get(sku) ?? [])
    .filter(({ shop, at }) => shop === write.who && write.at - at <= lag.windowMs)
    .reduce((units, sale) => units + sale.units, 0)
}

/** Sales of this shop of which the hub was not told when it wrote, as the shop itself noted at the write. */
function unseenAt({ data }: TruthEntry): number {
  if (data.applied === false) return 0
  return Number(data.unseen ?? data.blind ?? 0)
}

/**
 * Replays the log and looks at every write that raised a number while the shop had sales that the hub was never shown.
 * Such a write may raise the number for other reasons, so it is held against what truly was free: only units beyond
 * that, and beyond what was news to the hub from elsewhere, were put back on sale.
 */
export function findResurrected(truth: WorldTruth, book: Book, lag: Lag): Resurrected[] {
  const replay: Replay = {
    free: new Map(Object.entries(truth.warehouse.initial)),
    sales: new Map(),
    handedOff: new Map(),
    cancelled: new Set(),
  }
  const shops = new Map(truth.shops.map((shop) => [shop.name, shop]))
  const found: Resurrected[] = []
  for (const entry of truth.entries) {
    step(replay, book, entry)
    const shop = shops.get(entry.who)
    if (entry.what !== 'stock.written' || !shop) continue
    const { from, to } = { from: Number(entry.data.from), to: Number(entry.data.to) }
    const sku = text(entry.data.sku)
    const truly = Math.max(0, (replay.free.get(sku) ?? 0) + newsElsewhere(replay, sku, entry, lag))
    const units = Math.min(unseenAt(entry), to - from, to - truly)
    if (units <= 0) continue
    const what = `${entry.who} was raised from ${from} to ${to} of ${sku} at ${new Date(entry.at).toISOString()}, ${truly} were free`
    const { compareAndSet } = shop
    const inWindow = compareAndSet ? 0 : Math.min(units, soldJustNow(replay, sku, entry, lag))
    found.push({ shop: shop.name, units, inWindow, compareAndSet, what })
  }
  return found
}
