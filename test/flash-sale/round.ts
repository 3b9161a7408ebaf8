import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRng } from '#kit/pretend'
import { saveCursor } from '../../src/connections/cursor.ts'
import type { UnifiedOrder } from '../../src/connector-kit/index.ts'
import { ordersArrived } from '../../src/flows.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import type { Shift } from '../../src/lanes/deps.ts'
import { runPush } from '../../src/lanes/push-lane.ts'
import { runRequests } from '../../src/lanes/request-lane.ts'
import type { OrderFact } from '../../src/orders/facts.ts'
import type { Db } from '../../src/platform/db/pool.ts'
import { retrying, type Tx, withTenantTx } from '../../src/platform/db/tx.ts'
import { aManifest, aShift } from '../review/shift.ts'
import { anOrder } from '../support/an-order.ts'
import { brokenPromises } from '../support/audits.ts'
import { openDock } from './dock.ts'
import { furnish, type Premises } from './premises.ts'
import { listings, type Numbers, roomFor, type Sale, wantedOf } from './sales.ts'
import { openStall, type Stall } from './stall.ts'

export interface Outcome {
  readonly sold: number
  readonly turnedAway: number
  readonly cancelled: number
  /** Units asked of the partner. */
  readonly promised: number
  /** Units that shops sold before they saw the number go down; each recorded as short. */
  readonly short: number
  /** Units put back on sale at the shop without compare-and-set, by what was hidden inside its read-write windows. */
  readonly exposed: number

  /** What must not be, in words. */
  readonly breaks: readonly string[]
}

const ids = { uuid: () => randomUUID() }
const shops = [
  { name: 'left', compareAndSet: true },
  { name: 'right', compareAndSet: true },
  { name: 'blind', compareAndSet: false },
]
const buyers = 200
const saleMs = 600
const cancels = 0.1
const twice = 0.1
const deliveryMs = 150
const batchMax = 20
const restMs = 15
const pollMs = 400
const calmWithinMs = 60_000

/** Two hundred buyers at three shops want the same few units, some through a kit; some change their minds. */
export async function playRound(db: Db, seed: number): Promise<Outcome> {
  const rng = seededRng(seed)
  const between = (from: number, to: number) => from + Math.floor(rng() * (to - from + 1))
  const stock: Numbers = { A: between(20, 120), B: between(10, 60) }
  const sales: Sale[] = []
  const weather = { rng, callMs: 12, lostAnswers: 0.03, failures: 0.03 }
  const stalls = shops.map((shop) => openStall(shop, { stock, sales }, weather))
  const premises = await furnish(db, shops, stock)
  const tenant = <T>(work: (tx: Tx) => Promise<T>) => retrying(rng, () => withTenantTx(db, premises.merchantId, work))
  const dock = openDock(stock)
  let isOver = false
  const until = async (work: () => Promise<unknown>) => {
    while (!isOver) {
      await work()
      await sleep(restMs)
    }
  }
  const pushes = stalls.map((stall, n) => pushShift(premises, n, stall))
  const requests = requestShift(premises, dock)
  const lines = stalls.map(() => openLine())
  const work = Promise.all([
    ...pushes.map((shift) => until(() => runPush(shift))),
    until(() => runRequests(requests)),
    until(() => answer(tenant, premises, dock)),
    ...lines.map((line, n) => until(() => take(tenant, { premises, shop: n, line }))),
    ...shops.map(({ name }, n) =>
      until(() => poll(tenant, { source: premises.channels[n], sold: () => sales.filter((s) => s.shop === name) })),
    ),
  ])
  work.catch(() => undefined)
  const atRest = () => tenant((tx) => isAtRest(tx, lines, dock))
  try {
    await Promise.race([work, calm(async () => (await atRest()) && shown(stalls, stock))])
    const turnedAway = await sell({ rng, stalls, sales, lines })
    await Promise.race([work, calm(atRest)])
    const cancelled = sales.filter((sale) => !sale.isSold).length
    return { ...(await judge(tenant, { stock, sales, stalls, dock })), sold: sales.length, turnedAway, cancelled }
  } finally {
    isOver = true
    await work
  }
}

/** Deliveries of one shop on their way to the hub. */
interface Line {
  readonly queue: { readonly fact: OrderFact; readonly sale: Sale }[]
  underWay: number
}
const openLine = (): Line => ({ queue: [], underWay: 0 })

async function sell({
  rng,
  stalls,
  sales,
  lines,
}: {
  readonly rng: () => number
  readonly stalls: readonly Stall[]
  readonly sales: Sale[]
  readonly lines: readonly Line[]
}): Promise<number> {
  let turnedAway = 0
  let orders = 0
  const tell = async (line: Line, sale: Sale, order: UnifiedOrder) => {
    line.underWay++
    await sleep(rng() * deliveryMs)
    line.queue.push({ sale, fact: { messageId: randomUUID(), fetchedAt: null, order } })
    line.underWay--
  }
  const send = (line: Line, sale: Sale, order: UnifiedOrder) => [
    tell(line, sale, order),
    ...(rng() < twice ? [tell(line, sale, order)] : []),
  ]
  const buy = async (): Promise<void> => {
    await sleep(rng() * saleMs)
    const at = Math.floor(rng() * stalls.length)
    const [stall, line] = [stalls[at], lines[at]]
    const listing = rng() < 0.7 ? 'A' : rng() < 0.6 ? 'KIT' : 'B'
    const quantity = 1 + Math.floor(rng() * 2)
    if (!stall || !line) return
    if (!stall.buy(listing, quantity)) {
      turnedAway++
      return
    }
    const ref = `o${++orders}`
    const placed = 1_800_000_000_000 + orders * 1_000
    const order = anOrder(ref, placed, [{ listing, quantity }])
    const sale: Sale = { shop: stall.name, listing, quantity, order, isSold: true, isMasked: false, hub: 'unknown' }
    sales.push(sale)
    const told = send(line, sale, sale.order)
    if (rng() < cancels) {
      await sleep(rng() * saleMs)
      sale.isSold = false
      stall.restock(listing, quantity)
      const cancelledAt = new Date(placed + 500_000).toISOString()
      sale.order = anOrder(ref, placed + 500_000, [{ listing, quantity, cancelled: quantity }], { cancelledAt })
      told.push(...send(line, sale, sale.order))
    }
    await Promise.all(told)
  }
  await Promise.all(Array.from({ length: buyers }, buy))
  return turnedAway
}

type Tenant = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
type Channel = Premises['channels'][number]

/** Imports what has arrived from one shop, as its lane would: in sets, each committed before the next. */
async function take(
  tenant: Tenant,
  { premises, shop, line }: { readonly premises: Premises; readonly shop: number; readonly line: Line },
): Promise<void> {
  const batch = line.queue.splice(0, batchMax)
  line.underWay++
  await bring(tenant, premises.channels[shop], batch)
  line.underWay--
}

async function bring(
  tenant: Tenant,
  source: Channel | undefined,
  batch: readonly { readonly fact: OrderFact; readonly sale: Sale }[],
): Promise<void> {
  if (batch.length === 0 || !source) return
  // From here on the hub may know of a cancellation; of a sale it surely does once that is committed.
  for (const { sale, fact } of batch) if (fact.order.cancelledAt !== null) sale.hub = 'cancelled'
  await tenant((tx) =>
    ordersArrived(
      tx,
      ids,
      source,
      batch.map(({ fact }) => fact),
    ),
  )
  for (const { sale } of batch) if (sale.hub === 'unknown') sale.hub = 'sold'
}

/** Reads all that the hub does not have yet, and says since when nothing can be missing any more. */
async function poll(
  tenant: Tenant,
  { source, sold }: { readonly source: Channel | undefined; readonly sold: () => readonly Sale[] },
): Promise<void> {
  await sleep(pollMs)
  const [begun] = await tenant((tx) => tx.rows<{ at: Date }>('select clock_timestamp() as at'))
  const fetchedAt = new Date().toISOString()
  const missing = sold().filter((sale) => sale.hub !== (sale.isSold ? 'sold' : 'cancelled'))
  const batch = missing.map((sale) => ({ sale, fact: { messageId: randomUUID(), fetchedAt, order: sale.order } }))
  await bring(tenant, source, batch)
  const completedFrom = begun?.at.toISOString() ?? null
  if (!source) return
  await tenant(async (tx) => {
    await saveCursor(tx, source.connectionId, 'orders', { value: null, completedFrom })
    // First numbers wait for this; a thousand rounds would wait for each next look.
    await tx.rows('update listing_push set due_at = now() where merchant_id = $1 and sending_version is null', [
      tx.merchantId,
    ])
  })
}

function pushShift(premises: Premises, shop: number, { inventory, compareAndSet }: Stall): Shift {
  const connectionId = premises.channels[shop]?.connectionId ?? ''
  const manifest = aManifest({ inventory: { batchMax: 50, compareAndSet, quantityMax: 1_000 } })
  const shift = aShift(premises.world, { inventory }, { connectionId, manifest })
  // A write whose answer was lost is looked for once more after so long; no call here lasts a tenth of it.
  return { ...shift, lease: { ...shift.lease, lengthMs: 1_500 } }
}

function requestShift(premises: Premises, dock: ReturnType<typeof openDock>): Shift {
  const manifest = aManifest({
    role: 'partner',
    requests: { batchMax: 50, ackWithinS: 3_600 },
    files: { pollEveryS: 60, stableForS: 0, fileBytesMax: 1_000_000 },
  })
  return aShift(premises.world, { files: dock.files as never }, { connectionId: premises.world.partner, manifest })
}

/** The partner stops what it is asked to stop. */
async function answer(tenant: Tenant, premises: Premises, dock: ReturnType<typeof openDock>): Promise<void> {
  const stopped = dock.toAnswer.splice(0)
  if (stopped.length === 0) return
  const report = { connectionId: premises.world.partner, cause: { kind: 'file', id: randomUUID() } } as const
  await tenant((tx) =>
    partnerReported(
      tx,
      ids,
      report,
      stopped.map((request, n) => ({ row: n + 2, fact: { type: 'cancel_accepted', request } })),
    ),
  )
}

const shown = (stalls: readonly Stall[], free: Numbers): boolean =>
  stalls.every((stall) => listings.every((listing) => stall.shown.get(listing) === roomFor(listing, free)))

async function isAtRest(tx: Tx, lines: readonly Line[], dock: ReturnType<typeof openDock>): Promise<boolean> {
  if (lines.some((line) => line.queue.length + line.underWay > 0) || dock.toAnswer.length > 0) return false
  const [row] = await tx.rows<{ open: number }>(
    `select ((select count(*) from listing_push where greatest(desired_version, sending_version, pushed_version) > confirmed_version or unseen > 0 or recheck_at < now() + interval '1 minute')
       + (select count(*) from push_cursor c where seen_version < (select version from stock_clock k where k.merchant_id = c.merchant_id))
       + (select count(*) from fulfillment_order where request_status = 'cancellation_requested')
       + (select count(*) from effect where state in ('pending', 'sending', 'unknown')))::int as open`,
  )
  return row?.open === 0
}

async function calm(isCalm: () => Promise<boolean>): Promise<void> {
  for (const from = Date.now(); Date.now() - from < calmWithinMs; await sleep(60)) if (await isCalm()) return
  throw new Error(`not at rest within ${calmWithinMs} ms`)
}

async function judge(
  tenant: Tenant,
  {
    stock,
    sales,
    stalls,
    dock,
  }: {
    readonly stock: Numbers
    readonly sales: readonly Sale[]
    readonly stalls: readonly Stall[]
    readonly dock: ReturnType<typeof openDock>
  },
): Promise<Pick<Outcome, 'promised' | 'short' | 'exposed' | 'breaks'>> {
  const wanted = wantedOf(sales)
  const lacking = { A: Math.max(0, wanted.A - stock.A), B: Math.max(0, wanted.B - stock.B) }
  const said = await tenant((tx) =>
    tx.rows<{ sku: string; short: number }>(
      `select i.sku, coalesce(sum(c.short), 0)::int as short from item i
       left join order_line_component c on c.merchant_id = i.merchant_id and c.item_id = i.item_id group by 1`,
    ),
  )
  const shortOf = new Map(said.map((row) => [row.sku, row.short]))
  const free = { A: Math.max(0, stock.A - wanted.A), B: Math.max(0, stock.B - wanted.B) }
  const broken = await tenant((tx) => brokenPromises(tx, 'verbs'))
  const breaks = [
    ...dock.breaks,
    ...(['A', 'B'] as const).flatMap((sku) =>
      shortOf.get(sku) === lacking[sku]
        ? []
        : [`${lacking[sku]} of ${sku} are short, the hub says ${shortOf.get(sku)}`],
    ),
    ...stalls.flatMap((stall) => [
      ...(stall.resurrected > (stall.compareAndSet ? 0 : stall.hidden)
        ? [`${stall.resurrected} units were put back on sale at ${stall.name}, ${stall.hidden} were hidden`]
        : []),
      ...listings.flatMap((listing) => {
        const [has, should] = [stall.shown.get(listing), roomFor(listing, free)]
        return has === should ? [] : [`${stall.name} shows ${has} of ${listing}, ${should} are free`]
      }),
    ]),
    ...Object.entries(broken).map(([audit, rows]) => `audit ${audit}: ${rows} rows`),
  ]
  return {
    promised: dock.promised(),
    short: lacking.A + lacking.B,
    exposed: stalls.reduce((all, stall) => all + stall.exposed + stall.resurrected, 0),
    breaks,
  }
}
