import { expect, test } from 'vitest'
import type { Connector } from '#kit'

const day = 86_400
const mebibyte = 1024 * 1024

function portsAgree({ manifest, ...ports }: Connector): void {
  expect(manifest.push !== null, 'manifest.push needs inbound, and the other way round').toBe(
    ports.inbound !== undefined,
  )
  expect(manifest.orders !== null, 'manifest.orders and the port orders').toBe(ports.orders !== undefined)
  expect(manifest.inventory !== null, 'manifest.inventory and the port inventory').toBe(ports.inventory !== undefined)
  expect(manifest.shipment !== null, 'manifest.shipment and the port shipments').toBe(ports.shipments !== undefined)
  expect(manifest.files !== null, 'manifest.files and the port files').toBe(ports.files !== undefined)
  expect(manifest.requests !== null, 'requests are for partners').toBe(manifest.role === 'partner')
  if (ports.subscriptions) expect(ports.inbound, 'who subscribes must be able to receive').toBeDefined()
  if (ports.inventory) expect(ports.listings, 'stock is pushed to listings').toBeDefined()
  if (ports.auth.authorizeUrl) expect(manifest.asks ?? [], 'a consent page needs asks').not.toEqual([])
  if (manifest.role === 'partner') expect(ports.orders, 'partners sell nothing').toBeUndefined()
}

function limitsAreSane({ manifest }: Connector): void {
  const { push, orders, inventory, requests, files, budgets } = manifest
  const within = (value: number, least: number, most: number, what: string) =>
    expect(value >= least && value <= most, `${what}: ${value} is not within ${least} and ${most}`).toBe(true)
  if (push) {
    within(push.answerWithinMs, 500, 60_000, 'push.answerWithinMs')
    within(push.bodyBytesMax, 10_000, 10 * mebibyte, 'push.bodyBytesMax')
    within(push.freshForS, 0, day, 'push.freshForS')
  }
  if (orders) {
    within(orders.pageMax, 1, 1_000, 'orders.pageMax')
    within(orders.getMax, 1, 1_000, 'orders.getMax')
    within(orders.pollEveryS, 10, day, 'orders.pollEveryS')
    within(orders.overlapS, 1, day, 'orders.overlapS')
  }
  if (inventory) {
    within(inventory.batchMax, 1, 1_000, 'inventory.batchMax')
    within(inventory.quantityMax, 999, 2_147_483_647, 'inventory.quantityMax')
  }
  if (requests) within(requests.batchMax, 1, 10_000, 'requests.batchMax')
  if (files) within(files.fileBytesMax, mebibyte, 200 * mebibyte, 'files.fileBytesMax')
  expect(new Set(budgets.map(({ id }) => id)).size, 'two budgets with one id').toBe(budgets.length)
  for (const budget of budgets) {
    within(budget.perSecond, 0.001, 10_000, `${budget.id}.perSecond`)
    within(budget.burst, 1, 100_000, `${budget.id}.burst`)
    within(budget.concurrentMax, 1, 100, `${budget.id}.concurrentMax`)
  }
}

/** What the hub may rest on without running the connector's code. */
export function manifestTests(name: string, connector: Connector): void {
  test('its manifest is plain data, named like its folder, and agrees with its ports', () => {
    expect(connector.manifest.kind).toBe(name)
    expect(JSON.parse(JSON.stringify(connector.manifest))).toEqual(connector.manifest)
    portsAgree(connector)
    limitsAreSane(connector)
  })

  test('what its consent page needs to know are settings of its own', () => {
    for (const { setting } of connector.manifest.asks ?? []) {
      const refused = connector.settings.safeParse({ [setting]: {} }).error?.issues ?? []
      expect(
        refused.some(({ path }) => path[0] === setting),
        `${setting} is no setting`,
      ).toBe(true)
    }
  })

  test('empty credentials and settings are refused by its schemas, not by a crash', () => {
    for (const schema of [connector.credentials, connector.settings]) {
      for (const given of [{}, null, undefined, 'text', []]) {
        expect(schema.safeParse(given).success, `${JSON.stringify(given)} passes`).toBe(false)
      }
    }
  })
}
