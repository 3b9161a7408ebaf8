/** The process in which orders are imported and reserved: in sets, one by one, and for many merchants. */
import { readAhead } from '../../src/inbox/read-ahead.ts'
import { type Db, openDb } from '../../src/platform/db/pool.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { answerParent } from './children.ts'
import { deliver, type ImportBatch, importAll, importFacts, loadBatch } from './import-shelf.ts'
import { type NineStatements, openNineStatements } from './nine-statements.ts'
import { type MadeOrder, makeOrder } from './order-body.ts'
import { hubKeys, openShop, type Shop } from './shop.ts'

export type Way = 'sets' | 'nine' | 'ones' | 'merchants'
export type Ask =
  | {
      readonly kind: 'open'
      readonly url: string
      readonly nineUrl: string
      readonly skus: number
      readonly hot: number
    }
  | { readonly kind: 'merchants'; readonly count: number }
  | { readonly kind: 'load'; readonly way: Way; readonly orders: number }
  /** Works off what was loaded. */
  | { readonly kind: 'run' }
  | { readonly kind: 'verify' }
/** `run`: orders per second. `verify`: how many orders were checked. */
export type Answer = number

const loadMax = 250
const merchantsAtOnce = 4 // as many lanes of a kind as a hub's process runs at once
const smallSkus = 20 // what each of the many merchants sells

interface Shelf {
  readonly shop: Shop
  readonly sent: MadeOrder[]
}
interface Open {
  readonly db: Db
  readonly nine: NineStatements
  readonly main: Shelf
  readonly many: Shelf[]
  readonly sentToNine: MadeOrder[]
  readonly assortment: { readonly skus: number; readonly hot: number }
  made: number
}
let bench: Open | null = null
let run = async () => 0

function make(open: Open, count: number, assortment = open.assortment): MadeOrder[] {
  const at = new Date()
  const orders = Array.from({ length: count }, (_, n) => makeOrder(open.made + n, assortment, at))
  open.made += count
  return orders
}

/** Puts deliveries into the inbox, and remembers them for the verification. */
async function send(db: Db, { shop, sent }: Shelf, orders: readonly MadeOrder[]): Promise<void> {
  sent.push(...orders)
  await deliver(db, shop, orders)
}

const ways: Record<Way, (open: Open, orders: number) => Promise<() => Promise<number>>> = {
  sets: async (open, count) => {
    await send(open.db, open.main, make(open, count))
    return () => importAll(open.db, open.main.shop)
  },
  ones: async (open, count) => {
    await send(open.db, open.main, make(open, count))
    return async () => {
      let done = 0
      for await (const { facts } of readAhead<ImportBatch>((before) => loadBatch(open.db, open.main.shop, before))) {
        for (const fact of facts) await importFacts(open.db, open.main.shop, [fact])
        done += facts.length
      }
      return done
    }
  },
  nine: async (open, count) => {
    const orders = make(open, count)
    open.sentToNine.push(...orders)
    for (let from = 0; from < orders.length; from += loadMax) await open.nine.load(orders.slice(from, from + loadMax))
    return () => open.nine.drain()
  },
  merchants: async (open) => {
    for (const shelf of open.many) await send(open.db, shelf, make(open, 1, { ...open.assortment, skus: smallSkus }))
    return async () => {
      const left = open.many.values()
      const worker = async () => {
        for (const { shop } of left)
          await importFacts(open.db, shop, (await loadBatch(open.db, shop, null))?.facts ?? [])
      }
      await Promise.all(Array.from({ length: merchantsAtOnce }, worker))
      return open.many.length
    }
  },
}

async function verifyShelf(db: Db, { shop, sent }: Shelf): Promise<number> {
  const lines = sent.flatMap((order) => order.lines)
  const units = lines.reduce((sum, line) => sum + line.quantity, 0)
  const wanted = { orders: sent.length, lines: lines.length, reserved: units, requested: units, pending: 0 }
  return withTenantTx(db, shop.merchantId, async (tx) => {
    const [held] = await tx.rows(
      `select (select count(*) from orders)::int as orders, (select count(*) from order_line)::int as lines,
         (select coalesce(sum(reserved), 0) from inventory_level)::int as reserved,
         (select coalesce(sum(requested), 0) from fulfillment_order_line)::int as requested,
         (select count(*) from inbox_message where state <> 'applied')::int as pending`,
    )
    if (JSON.stringify(held) !== JSON.stringify(wanted))
      throw new Error(`sent ${JSON.stringify(wanted)}, the hub holds ${JSON.stringify(held)}`)
    const refs = await tx.rows<{ ref: string }>('select external_id as ref from orders')
    const stored = new Set(refs.map((row) => row.ref))
    const missing = sent.filter((order) => !stored.has(order.ref))
    if (missing.length > 0) throw new Error(`${missing.length} orders are not in the hub, such as ${missing[0]?.ref}`)
    const broken = await brokenPromises(tx)
    if (Object.keys(broken).length > 0) throw new Error(`broken promises: ${JSON.stringify(broken)}`)
    return sent.length
  })
}

async function verify(open: Open): Promise<number> {
  await open.nine.verify(open.sentToNine)
  let checked = open.sentToNine.length
  for (const shelf of [open.main, ...open.many]) checked += await verifyShelf(open.db, shelf)
  return checked
}

answerParent<Ask, Answer>(async (ask) => {
  if (ask.kind === 'open') {
    const { skus, hot } = ask
    const db = openDb(ask.url)
    const shop = await openShop(db, hubKeys, { skus, onHand: 100_000_000 })
    const nine = await openNineStatements(ask.nineUrl, skus)
    bench = { db, nine, main: { shop, sent: [] }, many: [], sentToNine: [], assortment: { skus, hot }, made: 0 }
    return 0
  }
  if (bench === null) throw new Error('not open')
  if (ask.kind === 'verify') return verify(bench)
  if (ask.kind === 'merchants') {
    const catalogue = { skus: smallSkus, onHand: 1_000_000 }
    for (let n = 0; n < ask.count; n++)
      bench.many.push({ shop: await openShop(bench.db, hubKeys, catalogue), sent: [] })
    return ask.count
  }
  if (ask.kind === 'load') {
    run = await ways[ask.way](bench, ask.orders)
    return ask.orders
  }
  const from = performance.now()
  const done = await run()
  return done / ((performance.now() - from) / 1_000)
})
