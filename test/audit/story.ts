import { randomUUID } from 'node:crypto'
import { UnreadableError } from '../../src/connector-kit/index.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import { recordIncoming } from '../../src/fulfillment/partner-files.ts'
import { storeArrivals } from '../../src/inbox/messages.ts'
import { runEffects } from '../../src/lanes/effect-lane.ts'
import { runImport } from '../../src/lanes/import-lane.ts'
import { runPush } from '../../src/lanes/push-lane.ts'
import { runRequests } from '../../src/lanes/request-lane.ts'
import { ensureLanes } from '../../src/platform/db/lane.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { aPartnerShift, aShift, fakeShelf, firstLook } from '../review/shift.ts'
import { anOrder, ids, type LineDraft, openWorld, setStock, type World } from '../support/world.ts'

const lines: Readonly<Record<string, readonly LineDraft[]>> = {
  '101': [{ listing: 'V0', quantity: 2 }], // shipped, told and proven
  '102': [{ listing: 'KIT', quantity: 1 }], // handed to the partner
  '103': [{ listing: 'V2', quantity: 9 }], // short
  '104': [{ listing: 'GONE', quantity: 1 }], // unmapped
  '105': [{ listing: 'V1', quantity: 1 }], // cancelled before anything was sent
  '106': [{ listing: 'V1', quantity: 1 }], // waits for payment
}

const translate = (raw: string) => {
  const { ref, at }: { ref: string; at: number } = JSON.parse(raw)
  const drafts = lines[ref]
  if (!drafts) throw new UnreadableError('an order of nothing')
  const more = {
    ...(ref === '105' && at > 1 ? { cancelledAt: new Date(1_800_000_000_000).toISOString() } : {}),
    ...(ref === '106' ? { hold: 'awaiting_payment' as const } : {}),
  }
  return anOrder(ref, 1_800_000_000_000 + at * 1_000, drafts, more)
}

/** One order in each of its stages, by the lanes themselves; a shop whose numbers are read back; a message that nobody can read. */
export async function playStory(): Promise<World> {
  const world = await openWorld(3)
  const tenant = <T>(work: Parameters<typeof withTenantTx<T>>[2]) => withTenantTx(world.db, world.merchantId, work)
  await connect(world)
  await setStock(world, 0, 0, 20)
  await setStock(world, 1, 0, 20)
  await setStock(world, 2, 0, 4)
  const shop = { ...aShift(world, shopPorts()), tenant }
  const partner = aPartnerShift(world)
  const arrive = async (ref: string, at: number) => {
    const arrival = { source: 'poll' as const, topic: 'order', subjectRef: ref, dedupeKey: null, headers: {} }
    const raw = Buffer.from(JSON.stringify({ ref, at }))
    await tenant((tx) => storeArrivals(tx, ids, world.shop.connectionId, [{ ...arrival, raw }]))
    await runImport(shop)
  }
  for (const ref of ['101', '102', '103', '104', '105', '106', '999']) await arrive(ref, 1)
  await arrive('105', 2)
  await runRequests(partner)
  await ship(world, '#101')
  await runEffects(shop)
  await firstLook(world, shop)
  for (let turn = 0; turn < 10; turn++) await runPush(shop)
  return world
}

const shopPorts = () => {
  const shelf = fakeShelf()
  for (const target of ['V0', 'V1', 'V2', 'KIT']) shelf.shown.set(target, 0)
  const shipments = { find: async () => null, push: async () => ({ outcome: 'applied', remote: 'R1' }) }
  return { inventory: shelf.port, orders: { translate } as never, shipments: shipments as never }
}

async function connect(world: World): Promise<void> {
  await withTenantTx(world.db, world.merchantId, async (tx) => {
    for (const [connectionId, accountId, platform] of [
      [world.shop.connectionId, world.shop.accountId, 'example'],
      [world.partner, randomUUID(), 'partner'],
    ]) {
      await tx.rows(
        `insert into channel_account (merchant_id, account_id, platform, external_account_id, name) values ($1, $2, $3, 'one', 'One')`,
        [world.merchantId, accountId, platform],
      )
      await tx.rows(
        `insert into connection (merchant_id, connection_id, account_id, connector, label, credentials) values ($1, $2, $3, $4, 'One', '')`,
        [world.merchantId, connectionId, accountId, platform],
      )
    }
    await ensureLanes(tx, world.shop.connectionId, ['import', 'effect', 'push.stock'])
    await ensureLanes(tx, world.partner, ['import', 'effect', 'files'])
    const known = { connectionId: world.partner, name: 'stock.csv', size: 4, sha256: Buffer.from('known') }
    const { fileId } = await recordIncoming(tx, ids, known)
    await tx.rows(`update partner_file set state = 'applied' where file_id = $1`, [fileId])
    await tx.rows(`insert into item (merchant_id, item_id, sku) values ($1, $2, 'LOOSE')`, [
      world.merchantId,
      ids.uuid(),
    ])
  })
}

async function ship(world: World, orderNumber: string): Promise<void> {
  await withTenantTx(world.db, world.merchantId, async (tx) => {
    const [request] = await tx.rows<{ number: string }>(
      `select f.request_number as number from fulfillment_order f join orders o using (merchant_id, order_id) where o.external_number = $1`,
      [orderNumber],
    )
    const shipped = {
      type: 'shipped' as const,
      request: request?.number ?? '',
      shipment: 'P1',
      sku: 'SKU-0',
      quantity: 2,
      carrier: 'Example Post',
      tracking: 'TRACK-1',
      shippedAt: new Date().toISOString(),
      final: true,
    }
    const report = { connectionId: world.partner, cause: { kind: 'file' as const, id: randomUUID() } }
    await partnerReported(tx, ids, report, [{ row: 2, fact: shipped }])
  })
}
