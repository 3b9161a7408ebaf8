import { beforeAll, describe, expect, test } from 'vitest'
import type { InventoryCommand, InventoryPort, ItemResult, ListedListing, ListingPort } from '#kit'
import { bought, type ShopWorld } from './shop-world.ts'
import { failuresOf } from './wire.ts'

const pagesMax = 20

async function listAll({ subject, wire }: ShopWorld): Promise<readonly ListedListing[]> {
  const items: ListedListing[] = []
  let page: string | null = null
  for (let calls = 0; calls < pagesMax; calls++) {
    const answer: Awaited<ReturnType<ListingPort['list']>> | undefined = await subject.connector.listings?.list(
      wire.ctx,
      {
        page,
      },
    )
    items.push(...(answer?.items ?? []))
    page = answer?.next ?? null
    if (page === null) return items
  }
  throw new Error(`listings of more than ${pagesMax} pages`)
}

interface Shelf {
  readonly world: ShopWorld
  readonly port: InventoryPort
  readonly targets: ReadonlyMap<string, string>
}
const targetOf = (shelf: Shelf, sku: string) => shelf.targets.get(sku) ?? ''
const outcomeOf = (result: ItemResult | undefined) =>
  result?.outcome === 'failed' ? result.error.kind : result?.outcome

async function shownBy(shelf: Shelf, sku: string): Promise<number> {
  const target = targetOf(shelf, sku)
  return (await shelf.port.read(shelf.world.wire.ctx, [target])).get(target) ?? -1
}
async function commandFor(shelf: Shelf, sku: string, available: number): Promise<InventoryCommand> {
  return { key: crypto.randomUUID(), target: targetOf(shelf, sku), available, changeFrom: await shownBy(shelf, sku) }
}

function readTests(shelf: () => Shelf): void {
  test('every product is listed once, with the number that shoppers see, and read back so', async () => {
    const { world, targets } = shelf()
    expect([...targets.keys()].toSorted()).toEqual(['KIT-0', 'KIT-1', 'KIT-2', 'KIT-3', 'KIT-4', 'KIT-5'])
    expect(new Set(targets.values()).size).toBe(targets.size)
    for (const sku of targets.keys()) expect([sku, await shownBy(shelf(), sku)]).toEqual([sku, world.shop.shows(sku)])
    expect((await shelf().port.read(world.wire.ctx, [])).size).toBe(0)
  })
}

function writeTests(shelf: () => Shelf): void {
  test('a batch is written row by row: an unknown target fails alone, and each key is answered once', async () => {
    const { port, world } = shelf()
    const good = [await commandFor(shelf(), 'KIT-1', 11), await commandFor(shelf(), 'KIT-4', 14)]
    const gone = { ...good[0], key: 'gone', target: targetOf(shelf(), 'KIT-1').replace(/\d+$/, '987654321') }
    const batch = [good[0], gone, good[1]].filter((one): one is InventoryCommand => one?.target !== undefined)
    const results = await port.push(world.wire.ctx, batch)
    expect(results.map(({ key }) => key).toSorted()).toEqual(batch.map(({ key }) => key).toSorted())
    const byKey = new Map(results.map((one) => [one.key, outcomeOf(one)]))
    expect(batch.map(({ key }) => byKey.get(key))).toEqual([
      'applied',
      expect.stringMatching(/^(not_found|invalid)$/),
      'applied',
    ])
    expect([world.shop.shows('KIT-1'), world.shop.shows('KIT-4')]).toEqual([11, 14])
  })

  test('the same write sent again changes nothing and is no failure', async () => {
    const { port, world } = shelf()
    const command = await commandFor(shelf(), 'KIT-2', 22)
    expect(outcomeOf((await port.push(world.wire.ctx, [command]))[0])).toBe('applied')
    expect(['applied', 'already_applied', 'conflict']).toContain(
      outcomeOf((await port.push(world.wire.ctx, [command]))[0]),
    )
    expect(world.shop.shows('KIT-2')).toBe(22)
  })

  test('a sale that the write did not know of is not put back on sale where the channel can compare', async () => {
    const { port, world } = shelf()
    const command = await commandFor(shelf(), 'KIT-3', 33)
    bought(world.shop, 'KIT-3', 2)
    const before = world.shop.shows('KIT-3')
    const [result] = await port.push(world.wire.ctx, [command])
    const { compareAndSet } = world.subject.connector.manifest.inventory ?? { compareAndSet: false }
    expect(world.shop.compareAndSet).toBe(compareAndSet)
    expect([outcomeOf(result), world.shop.shows('KIT-3')]).toEqual(
      compareAndSet ? ['conflict', before] : ['applied', 33],
    )
  })

  test('impossible quantities are refused for their row', async () => {
    const { port, world } = shelf()
    const base = await commandFor(shelf(), 'KIT-5', 5)
    for (const available of [-1, 3_000_000_000]) {
      const errors = await failuresOf(port.push(world.wire.ctx, [{ ...base, key: `k${available}`, available }]))
      expect([available, errors.map(({ kind }) => kind)]).toEqual([available, ['invalid']])
    }
  })
}

function faultTests(shelf: () => Shelf): void {
  test('a write whose answer got lost is never told as refused, can be read, and repeats harmlessly', async () => {
    const { port, world } = shelf()
    const command = await commandFor(shelf(), 'KIT-0', 44)
    world.shop.setFaults({ failAfterEffect: 1 })
    const errors = await failuresOf(port.push(world.wire.ctx, [command]))
    world.shop.setFaults({ failAfterEffect: 0 })
    for (const { kind } of errors) expect(['transient', 'outcome_unknown', 'rate_limited']).toContain(kind)
    expect(await shownBy(shelf(), 'KIT-0')).toBe(44)
    expect(['applied', 'already_applied', 'conflict']).toContain(
      outcomeOf((await port.push(world.wire.ctx, [command]))[0]),
    )
    expect(world.shop.shows('KIT-0')).toBe(44)
  })

  test('a write that the shop dropped behind a convincing answer is seen by reading', async () => {
    const { port, world } = shelf()
    const before = world.shop.shows('KIT-5')
    const command = await commandFor(shelf(), 'KIT-5', 55)
    world.shop.setFaults({ dropWrite: 1 })
    await failuresOf(port.push(world.wire.ctx, [command]))
    world.shop.setFaults({ dropWrite: 0 })
    expect([world.shop.shows('KIT-5'), await shownBy(shelf(), 'KIT-5')]).toEqual([before, before])
  })
}

/** What the shop shows, and how it is changed. */
export function stockTests(world: () => ShopWorld): void {
  describe('its stock', () => {
    let open: Shelf
    beforeAll(async () => {
      const port = world().subject.connector.inventory
      if (!port) throw new Error('this connector writes no stock')
      const listed = (await listAll(world())).filter((one) => one.tracked && one.sku !== null)
      open = { world: world(), port, targets: new Map(listed.map((one) => [one.sku ?? '', one.target])) }
    })
    readTests(() => open)
    writeTests(() => open)
    faultTests(() => open)
  })
}
