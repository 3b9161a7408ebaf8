import { z } from 'zod'
import { exceptionShape, orderShape } from './hub-answers.ts'
import { type ConnectionLag, lagOf } from './rest.ts'
import type { Scene } from './scene.ts'
import type { Numbers, Progress } from './world-protocol.ts'

/** One look at everything, for the terminal and the status page alike. */
export interface Look {
  readonly at: string
  readonly progress: Progress
  readonly stages: Readonly<Record<string, number>>
  readonly orders: readonly {
    readonly shop: string
    readonly number: string
    readonly stage: string
    readonly total: string
    readonly tracking: readonly string[]
  }[]
  readonly stock: readonly {
    readonly sku: string
    readonly title: string
    readonly hot: boolean
    readonly ledger: number
    readonly shops: Numbers
  }[]
  readonly shops: readonly string[]
  readonly lag: readonly ConnectionLag[]
  readonly exceptions: readonly { readonly kind: string; readonly about: string; readonly detail: string }[]
}

const ordersShown = 50
const exceptionsShown = 50
const levelShape = z.object({ sku: z.string(), available: z.number() })
const shipmentShape = z.object({ order: z.string(), tracking: z.string().nullable() })
const pageOf = <T>(item: z.ZodType<T>) => z.object({ items: z.array(item) })

function stagesOf(orders: readonly { readonly stage: string }[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(orders, ({ stage }) => stage)].map(([stage, all]) => [stage, all.length]))
}

function stockOf(
  scene: Scene,
  shops: readonly { name: string; shows: Numbers }[],
  ledger: ReadonlyMap<string, number>,
) {
  return scene.opened.shelves.map(({ sku, title, hot }) => ({
    sku,
    title,
    hot,
    ledger: ledger.get(sku) ?? 0,
    shops: Object.fromEntries(
      shops.flatMap(({ name, shows }) => (shows[sku] === undefined ? [] : [[name, shows[sku]]])),
    ),
  }))
}

export async function lookAt(scene: Scene): Promise<Look> {
  const { merchant, world } = scene
  const { api, connections } = merchant
  const [levels, orders, shipments, exceptions, lag] = await Promise.all([
    api.all('/inventory/levels', levelShape),
    api.all('/orders', orderShape),
    api.get('/shipments?limit=200', pageOf(shipmentShape)),
    api.get(`/exceptions?state=open&limit=${exceptionsShown}`, pageOf(exceptionShape)),
    lagOf(merchant),
  ])
  const glance = await world.ask({ kind: 'glance' })
  const trackings = Map.groupBy(shipments.items, ({ order }) => order)
  const named = new Map(orders.map((o) => [o.id, `${connections.get(o.connection) ?? ''} ${o.number}`]))
  return {
    at: new Date().toISOString(),
    progress: glance.progress,
    stages: stagesOf(orders),
    orders: orders.slice(0, ordersShown).map(({ id, connection, number, stage, total }) => ({
      shop: connections.get(connection) ?? connection,
      number,
      stage,
      total: `${total.amount} ${total.currency}`,
      tracking: (trackings.get(id) ?? []).flatMap(({ tracking }) => (tracking === null ? [] : [tracking])),
    })),
    stock: stockOf(scene, glance.shops, new Map(levels.map(({ sku, available }) => [sku, available]))),
    shops: glance.shops.map(({ name }) => name),
    lag,
    exceptions: exceptions.items.map(({ kind, subject, detail }) => ({
      kind,
      about: named.get(subject.id) ?? `${subject.kind} ${subject.id}`,
      detail: JSON.stringify(detail),
    })),
  }
}
