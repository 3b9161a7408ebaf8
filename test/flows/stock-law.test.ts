import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { seededRng } from '#kit/pretend'
import type { PartnerFact } from '../../src/connector-kit/index.ts'
import { ordersArrived } from '../../src/flows.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import { submitRequests } from '../../src/fulfillment/submit-requests.ts'
import { markHanded } from '../../src/inventory/hand-off.ts'
import { retrying, withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, type LineDraft, openWorld, setStock, type World } from '../support/world.ts'

let world: World
afterEach(() => world.close())

interface Live {
  changedAt: number
  lines: LineDraft[]
  cancelled: boolean
}

const bring = (w: World, orders: readonly { ref: string; live: Live }[]) =>
  retrying(Math.random, () =>
    withTenantTx(w.db, w.merchantId, (tx) =>
      ordersArrived(
        tx,
        ids,
        w.shop,
        orders.map(({ ref, live }) => ({
          messageId: randomUUID(),
          fetchedAt: null,
          order: anOrder(
            ref,
            live.changedAt,
            live.lines,
            live.cancelled ? { cancelledAt: new Date(live.changedAt).toISOString() } : {},
          ),
        })),
      ),
    ),
  )

async function submitSome(w: World, rng: () => number): Promise<void> {
  await withTenantTx(w.db, w.merchantId, async (tx) => {
    const due = await tx.rows<{ id: string }>(
      `select fulfillment_order_id as id from fulfillment_order where request_status = 'unsubmitted' and status = 'open'`,
    )
    const sent = await submitRequests(
      tx,
      due.filter(() => rng() < 0.6).map((d) => d.id),
      60,
    )
    await markHanded(
      tx,
      sent.flatMap((s) => s.units),
      1,
    )
  })
}

async function reportSome(w: World, rng: () => number): Promise<void> {
  const open = await withTenantTx(w.db, w.merchantId, (tx) =>
    tx.rows<{ number: string; state: string; sku: string; open: number }>(
      `select f.request_number as number, f.request_status as state, i.sku, greatest(x.requested - x.rejected - x.cancelled - x.shipped, 0) as open from fulfillment_order f
     join fulfillment_order_line x using (merchant_id, fulfillment_order_id) join item i using (merchant_id, item_id)
     where f.request_status <> 'unsubmitted' and f.status = 'in_progress'`,
    ),
  )
  const facts: PartnerFact[] = []
  for (const line of open) {
    const dice = rng()
    if (dice < 0.15) facts.push({ type: 'accepted', request: line.number })
    else if (dice < 0.25 && line.state === 'cancellation_requested')
      facts.push({ type: 'cancel_accepted', request: line.number })
    else if (dice < 0.3) facts.push({ type: 'rejected', request: line.number, reason: 'address' })
    else if (dice < 0.7 && line.open > 0) {
      const quantity = rng() < 0.1 ? line.open + 1 : 1 + Math.floor(rng() * line.open)
      const fact: PartnerFact = {
        type: 'shipped',
        request: line.number,
        shipment: `S${Math.floor(rng() * 1e9)}`,
        sku: line.sku,
        quantity,
        carrier: 'dhl',
        tracking: 'T1',
        shippedAt: new Date().toISOString(),
        final: rng() < 0.2,
        ...(rng() < 0.5 ? { short: Math.floor(rng() * 3) } : {}),
      }
      facts.push(fact)
      if (rng() < 0.3) facts.push(fact)
    }
  }
  const rows = facts.map((fact, n) => ({ row: n + 2, fact }))
  const report = { connectionId: w.partner, cause: { kind: 'file' as const, id: randomUUID() } }
  for (let again = 0; again < 2; again++)
    await withTenantTx(w.db, w.merchantId, (tx) => partnerReported(tx, ids, report, rows))
}

async function step(w: World, rng: () => number, orders: Map<string, Live>): Promise<void> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(rng() * list.length)] as T
  const dice = rng()
  if (dice < 0.35) {
    const batch = Array.from({ length: 1 + Math.floor(rng() * 5) }, () => {
      const ref = `o${orders.size + 1}`
      const lines = Array.from({ length: 1 + Math.floor(rng() * 3) }, () => ({
        listing: pick(w.listings),
        quantity: 1 + Math.floor(rng() * 3),
      }))
      orders.set(ref, { changedAt: 1_800_000_000_000 + orders.size * 1000, lines, cancelled: false })
      return ref
    })
    await bring(
      w,
      batch.map((ref) => ({ ref, live: orders.get(ref) as Live })),
    )
  } else if (dice < 0.55 && orders.size > 0) {
    const ref = pick([...orders.keys()])
    const live = orders.get(ref) as Live
    live.changedAt += 1000
    if (rng() < 0.4) live.cancelled = !live.cancelled
    else
      live.lines = live.lines.map((l) =>
        rng() < 0.5
          ? { ...l, cancelled: Math.floor(rng() * (l.quantity + 1)) }
          : { ...l, quantity: l.quantity + 1, cancelled: 0 },
      )
    await bring(w, [{ ref, live }])
  } else if (dice < 0.7)
    await setStock(w, Math.floor(rng() * w.items.length), rng() < 0.5 ? 0 : 1, Math.floor(rng() * 12))
  else if (dice < 0.82) await submitSome(w, rng)
  else await reportSome(w, rng)
}

test.each([1, 2, 3, 4, 5, 6])(
  'whatever happens to orders and stock, every law of quantities holds after every commit (seed %i)',
  async (seed) => {
    world = await openWorld(4)
    const rng = seededRng(seed)
    const orders = new Map<string, Live>()
    for (let n = 0; n < 60; n++) {
      await step(world, rng, orders)
      const broken = await withTenantTx(world.db, world.merchantId, brokenPromises)
      expect(broken, `seed ${seed}, step ${n}`).toEqual({})
    }
  },
)
