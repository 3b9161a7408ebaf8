import { type Book, type Case, departed, nameOf, owedOf, sum, unitsOf } from './book.ts'
import type { HubAnswers } from './hub-answers.ts'
import type { WorldTruth } from './world-protocol.ts'

/** One promise that was not kept, in words: which order, which SKU. `units` is what the figure counts. */
export interface Break {
  readonly figure: string
  readonly units: number
  readonly what: string
}
const broken = (figure: string, units: number, what: string): Break[] => (units > 0 ? [{ figure, units, what }] : [])

interface SentWebhook {
  readonly shop: string
  readonly key: string
}

/** Deliveries that got a 2xx: from then on the hub must have them. One id sent twice is one delivery, where ids are unique. */
function acceptedDeliveries(truth: WorldTruth): SentWebhook[] {
  return truth.entries.flatMap(({ who, what, data }, index) => {
    const { status, webhookId } = data
    if (what !== 'webhook.sent' || typeof status !== 'number' || status < 200 || status > 299) return []
    return [{ shop: who, key: typeof webhookId === 'string' ? webhookId : `entry ${index}` }]
  })
}

/** Orders that the hub has not, and deliveries that it answered with 200 and has no record of. */
export function findLost(truth: WorldTruth, book: Book, hub: HubAnswers): Break[] {
  const orders = book.cases
    .filter((one) => one.hub.length === 0)
    .flatMap((one) => broken('lost', 1, `${nameOf(one)} never reached the hub`))
  const byShop = Map.groupBy(acceptedDeliveries(truth), ({ shop }) => shop)
  const deliveries = [...byShop].flatMap(([shop, sent]) => {
    const distinct = new Set(sent.map(({ key }) => key)).size
    const missing = distinct - (hub.webhooksStored[shop] ?? 0)
    return broken('lost', missing, `${shop}: ${missing} of ${distinct} webhooks were answered 200 and are nowhere`)
  })
  return [...orders, ...deliveries]
}

function toldTwice(one: Case): Break[] {
  const trackings = one.order.shipments.flatMap(({ tracking }) => (tracking === null ? [] : [tracking]))
  const repeated = trackings.length - new Set(trackings).size
  return broken('duplicated', repeated, `${nameOf(one)} was told the same parcel ${repeated + 1} times`)
}

function shippedTwice(one: Case): Break[] {
  return unitsOf(one).flatMap(({ sku, ordered, told, left }) => [
    ...broken('duplicated', left - ordered, `${nameOf(one)} ordered ${ordered} of ${sku}, ${left} left the warehouse`),
    ...broken(
      'duplicated',
      told - left,
      `${nameOf(one)} was told ${told} of ${sku} shipped, ${left} left the warehouse`,
    ),
  ])
}

/** Orders that the hub has twice; units shipped or told beyond; a request number used for two things. */
export function findDuplicated(truth: WorldTruth, book: Book): Break[] {
  const cases = book.cases.flatMap((one) => [
    ...broken('duplicated', one.hub.length - 1, `${nameOf(one)} is in the hub ${one.hub.length} times`),
    ...shippedTwice(one),
    ...toldTwice(one),
  ])
  const reused = truth.entries
    .filter(({ what, data }) => what === 'request.duplicate' && data.identical === false)
    .flatMap(({ data }) => broken('duplicated', 1, `request ${data.number} came twice with different content`))
  const strays = book.strays.flatMap(({ number }) => broken('duplicated', 1, `request ${number} is of no order`))
  return [...cases, ...reused, ...strays]
}

/** Orders that still want units, although nothing of them is short: they are stuck. */
export function findUnshipped(book: Book): Break[] {
  return book.cases.flatMap((one) => {
    const owed = owedOf(one)
    const mayWait = one.hub.some(({ short, watched }) => short > 0 || watched)
    if (owed.length === 0 || mayWait) return []
    const named = owed.map(({ sku, units }) => `${units} of ${sku}`).join(', ')
    const stage = one.hub[0]?.stage ?? 'unknown to the hub'
    return broken('unshipped', sum(owed.map(({ units }) => units)), `${nameOf(one)} waits for ${named} (${stage})`)
  })
}

/** Parcels that left for an order that wants them, and which its shop does not show with their tracking. */
export function findUnconfirmed(book: Book): Break[] {
  return book.cases.flatMap((one) => {
    if (one.order.cancelled) return []
    const told = new Set(one.order.shipments.map(({ tracking }) => tracking))
    const parcels = one.requests.flatMap(({ shipments }) => shipments)
    const units = unitsOf(one)
    const tooMany = new Set(units.filter(({ left, wanted }) => left > wanted).map(({ sku }) => sku))
    const missing = parcels.filter(
      (parcel) => !told.has(parcel.tracking) && !parcel.lines.some(({ sku }) => tooMany.has(sku)),
    )
    const invented = [...told].filter((tracking) => !parcels.some((parcel) => parcel.tracking === tracking))
    return [
      ...units.flatMap(({ sku, wanted, told: shown, left }) =>
        broken(
          'unconfirmed',
          Math.min(left, wanted) - shown,
          `${nameOf(one)} shows ${shown} of ${sku} shipped, ${left} left`,
        ),
      ),
      ...missing.flatMap(({ tracking }) => broken('unconfirmed', 1, `${nameOf(one)} does not show parcel ${tracking}`)),
      ...invented.flatMap((tracking) =>
        broken('unconfirmed', 1, `${nameOf(one)} shows parcel ${tracking}, which never left`),
      ),
    ]
  })
}

/** Money that the hub flagged, and totals that are not the shop's own. */
export function findMoney(book: Book, hub: HubAnswers): Break[] {
  const flagged = new Set(hub.moneyExceptions)
  return book.cases.flatMap((one) =>
    one.hub.flatMap(({ id, total }) => {
      const isOther = BigInt(total.replace('.', '')) !== one.order.totalMinor
      const words = isOther
        ? `the hub says ${total}, the shop ${one.order.totalMinor} minor`
        : 'the hub flagged its money'
      return broken('moneyFlagged', flagged.has(id) || isOther ? 1 : 0, `${nameOf(one)}: ${words}`)
    }),
  )
}

/** Units: asked of the warehouse and not called off, left the building, shown as shipped by the shop that sold them. */
export function countFlow(truth: WorldTruth, book: Book) {
  const rejected = new Set(
    truth.entries.filter(({ what }) => what === 'request.rejected').map(({ data }) => String(data.number)),
  )
  const taken = truth.warehouse.requests.filter(({ number, cancelled }) => !cancelled && !rejected.has(number))
  return {
    requested: sum(taken.flatMap(({ lines }) => lines.map((line) => line.requested))),
    shipped: sum(book.cases.flatMap((one) => unitsOf(one).map(({ sku }) => departed(one, sku)))),
    confirmed: sum(book.cases.flatMap((one) => unitsOf(one).map(({ told, left }) => Math.min(told, left)))),
  }
}
