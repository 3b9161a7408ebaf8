/**
 * What every connector must do, run against the pretend far side in its own folder. Loaded by tests only, under
 * `#kit/conformance`; the kit's door does not lead here.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerTests } from './conformance/answers.ts'
import { inboundTests } from './conformance/inbound.ts'
import { manifestTests } from './conformance/manifest.ts'
import { orderTests } from './conformance/orders.ts'
import { partnerTests } from './conformance/partner.ts'
import { shipmentTests } from './conformance/shipments.ts'
import { openShopWorld, type ShopWorld } from './conformance/shop-world.ts'
import { stockTests } from './conformance/stock.ts'
import type { Subject } from './conformance/wire.ts'

/** Calls were counted all along: each drew on a budget of the manifest and went to the shop that was connected. */
function budgetTests(world: () => ShopWorld): void {
  test('every call names a budget of the manifest, reads are marked as harmless, and none goes elsewhere', () => {
    const { wire, shop, subject } = world()
    const budgets = new Set(subject.connector.manifest.budgets.map(({ id }) => id))
    expect(wire.sent.length).toBeGreaterThan(10)
    for (const request of wire.sent) {
      expect(budgets, `budget ${request.budget}`).toContain(request.budget)
      expect(shop.hosts).toContain(new URL(request.url).host)
      if (request.method === 'GET') expect(request.replaySafe).toBe(true)
      expect(request.cost ?? 1).toBeGreaterThan(0)
    }
  })
}

function channelTests(subject: Subject): void {
  let world: ShopWorld
  beforeAll(async () => {
    world = await openShopWorld(subject)
  })
  afterAll(() => world?.close())
  const { inbound, orders, inventory, shipments } = subject.connector
  if (inbound) inboundTests(() => world)
  if (orders) orderTests(() => world)
  answerTests(() => world)
  if (inventory) stockTests(() => world)
  if (shipments) shipmentTests(() => world)
  budgetTests(() => world)
}

/** Runs the suite for one connector; `name` is its folder. */
export function conformance(name: string, subject: Subject): void {
  describe(`the connector ${name}`, () => {
    manifestTests(name, subject.connector)
    if (subject.connector.manifest.role === 'channel') channelTests(subject)
    else if (subject.connector.files) partnerTests(subject)
  })
}
