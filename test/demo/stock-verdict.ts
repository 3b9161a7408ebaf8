import { type Book, owedBySku, sum } from './book.ts'
import type { HubAnswers } from './hub-answers.ts'
import type { Break } from './order-verdict.ts'
import type { Resurrected } from './resurrection.ts'
import type { Numbers, ShopTruth, WorldTruth } from './world-protocol.ts'

const at = (numbers: Numbers, sku: string): number => numbers[sku] ?? 0

interface Shelf {
  readonly sku: string
  /** Units on the shelf that nobody waits for: what every shop should show. */
  readonly free: number
  /** Units that orders wait for and that are not there. */
  readonly short: number
}

export function shelvesOf(truth: WorldTruth, book: Book): Shelf[] {
  const owed = owedBySku(book)
  return Object.keys(truth.warehouse.initial).map((sku) => {
    const balance = at(truth.warehouse.onHand, sku) - (owed.get(sku) ?? 0)
    return { sku, free: Math.max(0, balance), short: Math.max(0, -balance) }
  })
}

/** Shops that show another number than what is free. */
export function findMismatch(truth: WorldTruth, shelves: readonly Shelf[]): Break[] {
  return truth.shops.flatMap(({ name, shows }) =>
    shelves.flatMap(({ sku, free }) => {
      const shown = shows[sku]
      if (shown === undefined || shown === free) return []
      return [{ figure: 'stockMismatch', units: 1, what: `${name} shows ${shown} of ${sku}, ${free} are free` }]
    }),
  )
}

/**
 * Units asked of the warehouse beyond what it had. Units that it broke itself and had not reported are no promise of
 * the hub's, so they are taken off.
 */
function promisedBeyond(truth: WorldTruth): Break[] {
  const units = (what: string, sku: string) =>
    sum(truth.entries.filter((e) => e.what === what && e.data.sku === sku).map((e) => Number(e.data.units)))
  return Object.keys(truth.warehouse.initial).flatMap((sku) => {
    const beyond = units('request.oversold', sku) - units('stock.damaged', sku)
    if (beyond <= 0) return []
    return [
      { figure: 'oversold', units: beyond, what: `the warehouse was asked for ${beyond} of ${sku} that it had not` },
    ]
  })
}

function leftRaised(truth: WorldTruth, shelves: readonly Shelf[]): Break[] {
  return truth.shops.flatMap(({ name, shows }) =>
    shelves.flatMap(({ sku, free }) => {
      const units = at(shows, sku) - free
      if (units <= 0) return []
      return [{ figure: 'oversold', units, what: `${name} still offers ${units} of ${sku} that are not there` }]
    }),
  )
}

export function findOversold(truth: WorldTruth, shelves: readonly Shelf[], raised: readonly Resurrected[]): Break[] {
  const resurrected = raised.filter(({ compareAndSet }) => compareAndSet)
  return [
    ...promisedBeyond(truth),
    ...resurrected.map(({ units, what }) => ({ figure: 'oversold', units, what })),
    ...leftRaised(truth, shelves),
  ]
}

/** Where a shop has no compare-and-set: at most this share of what it sold may be put back on sale inside read-write windows. */
const exposureBound = { share: 0.02, units: 5 }

function judgeShop(
  shop: ShopTruth,
  truth: WorldTruth,
  found: readonly Resurrected[],
): { units: number; breaks: Break[] } {
  const writes = truth.entries.filter((e) => e.who === shop.name && e.what === 'stock.written')
  const sold = sum(shop.orders.flatMap(({ lines }) => lines.map((line) => line.ordered)))
  const bound = exposureBound.units + Math.ceil(exposureBound.share * sold)
  const raised = sum(writes.map((e) => Number(e.data.raised ?? 0)))
  const inWindow = raised + sum(found.map((one) => one.inWindow))
  const outside = found.filter((one) => one.units > one.inWindow)
  const beyond = `${shop.name}: ${inWindow} units were put back on sale between read and write, ${bound} is the bound`
  return {
    units: raised + sum(found.map((one) => one.units)),
    breaks: [
      ...outside.map(({ units, inWindow: excused, what }) => ({ figure: 'exposure', units: units - excused, what })),
      ...(inWindow > bound ? [{ figure: 'exposure', units: inWindow - bound, what: beyond }] : []),
    ],
  }
}

/** Units that blind writes put back on sale inside one read-write window. Outside of a window it could have been known. */
export function judgeExposure(
  truth: WorldTruth,
  raised: readonly Resurrected[],
): { exposure: number; breaks: Break[] } {
  const judged = truth.shops
    .filter(({ compareAndSet }) => !compareAndSet)
    .map((shop) =>
      judgeShop(
        shop,
        truth,
        raised.filter(({ shop: name }) => name === shop.name),
      ),
    )
  return { exposure: sum(judged.map(({ units }) => units)), breaks: judged.flatMap(({ breaks }) => breaks) }
}

/** Every unit short by truth must be recorded as short in the hub, no more and no fewer, with an open exception. */
export function findShortMismatch(shelves: readonly Shelf[], hub: HubAnswers): Break[] {
  const recorded = Map.groupBy(hub.shorts, ({ sku }) => sku)
  const units = shelves.flatMap(({ sku, short }) => {
    const said = sum((recorded.get(sku) ?? []).map((row) => row.units))
    if (said === short) return []
    return [
      { figure: 'short', units: Math.abs(said - short), what: `${short} of ${sku} are short, the hub says ${said}` },
    ]
  })
  const told = new Set(hub.shortExceptions)
  const silent = [...new Set(hub.shorts.map(({ orderId }) => orderId))].filter((orderId) => !told.has(orderId))
  return [
    ...units,
    ...silent.map((orderId) => ({ figure: 'short', units: 1, what: `${orderId} is short and no exception says so` })),
  ]
}
