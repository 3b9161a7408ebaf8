import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type HubApi, openHubApi } from './hub-api.ts'
import type { HubProcess } from './hub-process.ts'
import type { WorldClient } from './world-client.ts'
import type { Opened } from './world-protocol.ts'

interface Owner {
  readonly email: string
  readonly password: string
}

/** The merchant in the hub, ready to sell. */
export interface Merchant {
  readonly api: HubApi
  /** Connection id to the far side's name in the pretend world. */
  readonly connections: Map<string, string>
  /** Connections that a person made while the demo ran. */
  readonly newcomers: Set<string>
  /** Who signs in to the console. */
  readonly owner: Owner
}

/** Where the pretended warehouse is, in the hub's words. */
export const dock = { code: 'north-dock', name: 'North dock', rank: 1 }
const linedUpWithinMs = 90_000

async function createMerchant(hub: HubProcess): Promise<{ readonly api: HubApi; readonly owner: Owner }> {
  const install = openHubApi(hub.url, hub.installToken)
  const made = await install.post(
    '/merchants',
    { name: 'Example Home Goods', timeZone: 'Europe/Berlin' },
    z.object({ merchant: z.object({ id: z.string() }), key: z.object({ secret: z.string() }) }),
  )
  const owner = { email: 'owner@example.com', password: `demo ${randomBytes(9).toString('base64url')}` }
  const asked = { merchant: made.merchant.id, email: owner.email }
  const { token } = await install.post('/installation/invitations', asked, z.object({ token: z.string() }))
  await install.post('/invitations/accept', { token, password: owner.password }, z.unknown())
  return { api: openHubApi(hub.url, made.key.secret), owner }
}

/** What a merchant does on the first day: their SKUs, the warehouse, a first count, then their shops. */
export async function setUpMerchant(hub: HubProcess, world: Opened): Promise<Merchant> {
  const { api, owner } = await createMerchant(hub)
  await api.post('/items', { items: world.shelves.map(({ sku, title }) => ({ sku, title })) }, z.unknown())
  const connections = new Map<string, string>()
  for (const { kind, ...connect } of world.connects) {
    const body = kind === 'warehouse' ? { ...connect, location: dock } : connect
    const { id } = await api.post('/connections', body, z.object({ id: z.string() }))
    connections.set(id, connect.label)
    if (kind === 'warehouse') {
      const lines = world.shelves.map(({ sku, onHand }) => ({ sku, location: dock.code, set: onHand }))
      await api.post('/inventory/adjustments', { lines, reason: 'first count' }, z.unknown())
    }
  }
  return { api, connections, newcomers: new Set(), owner }
}

/** Waits until every shop shows the warehouse's number of every SKU. @throws Error naming what does not */
export async function untilLinedUp(world: WorldClient): Promise<void> {
  let wrong: string[] = []
  for (const from = Date.now(); Date.now() - from < linedUpWithinMs; await sleep(100)) {
    const { shops, onHand } = await world.ask({ kind: 'glance' })
    wrong = shops.flatMap(({ name, shows }) =>
      Object.entries(shows).flatMap(([sku, shown]) =>
        shown === onHand[sku] ? [] : [`${name} shows ${shown} of ${sku}, the warehouse has ${onHand[sku]}`],
      ),
    )
    if (wrong.length === 0) return
  }
  throw new Error(`the shops did not take the first count: ${wrong.slice(0, 5).join('; ')} (${wrong.length} in all)`)
}
