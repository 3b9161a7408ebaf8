import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type HubApi, openHubApi } from '../demo/hub-api.ts'
import type { Child } from './children.ts'
import type { Door } from './deliveries.ts'
import type { HubProcess } from './hub-process.ts'
import { skuOf } from './order-body.ts'
import type { Answer as SinkAnswer, Ask as SinkAsk } from './sink.ts'
import { domainOf, tokenOf } from './sink-shops.ts'

/** What is asked of a hub here: to be there under these names. */
type HubAddress = Pick<HubProcess, 'url' | 'port' | 'installToken'>
export type Sink = Child<SinkAsk, SinkAnswer>

export interface Catalogue {
  readonly shops: number
  /** Which of the sink's shops is this merchant's first; the others follow it. */
  readonly first?: number
  readonly skus: number
  readonly onHand: number
}

const apiSecret = 'shpss_bench'
const perCall = 200
const linedUpWithinMs = 120_000

/** A merchant's first day through the public API: SKUs, a place, a count, shops. Returns the doors of the shops. */
export async function openMerchant(hub: HubAddress, sink: Sink, catalogue: Catalogue): Promise<readonly Door[]> {
  const install = openHubApi(hub.url, hub.installToken)
  const made = await install.post('/merchants', { name: 'Bench' }, z.object({ key: z.object({ secret: z.string() }) }))
  const api = openHubApi(hub.url, made.key.secret)
  const { port } = await sink.ask({ kind: 'look' })
  const first = catalogue.first ?? 0
  for (let n = 0; n < catalogue.shops; n++) await connect(api, first + n, port)
  await api.post('/locations', { code: 'DOCK', name: 'Dock', rank: 1 }, z.unknown())
  for (let from = 0; from < catalogue.skus; from += perCall) {
    const skus = Array.from({ length: Math.min(perCall, catalogue.skus - from) }, (_, n) => skuOf(from + n))
    await api.post('/items', { items: skus.map((sku) => ({ sku, title: sku })) }, z.unknown())
    const lines = skus.map((sku) => ({ sku, location: 'DOCK', set: catalogue.onHand }))
    await api.post('/inventory/adjustments', { lines, reason: 'first count' }, z.unknown())
  }
  return untilSubscribed(hub, sink, { first, shops: catalogue.shops })
}

async function connect(api: HubApi, shop: number, port: number): Promise<void> {
  const credentials = { shop: domainOf(shop), accessToken: tokenOf(shop), apiSecret }
  const settings = { shop: domainOf(shop), baseUrl: `http://127.0.0.1:${port}` }
  const body = { connector: 'shopify', label: `Bench ${shop}`, credentials, settings }
  await api.post('/connections', body, z.unknown())
}

/** The hub tells the shops where their webhooks go; that is how the bench learns its addresses. */
async function untilSubscribed(
  hub: HubAddress,
  sink: Sink,
  { first, shops }: { readonly first: number; readonly shops: number },
): Promise<readonly Door[]> {
  for (const from = performance.now(); performance.now() - from < linedUpWithinMs; await sleep(10)) {
    const { webhooks } = await sink.ask({ kind: 'look' })
    const uris = webhooks.slice(first, first + shops).flatMap(([uri]) => (uri === undefined ? [] : [uri]))
    if (uris.length < shops) continue
    return uris.map((uri, n) => ({
      port: hub.port,
      path: new URL(uri).pathname,
      domain: domainOf(first + n),
      apiSecret,
    }))
  }
  throw new Error('the hub did not subscribe to the webhooks of its shops')
}

/** Waits until every shop, or each of `only`, shows these numbers. @throws Error naming what it shows instead */
export async function untilShown(sink: Sink, wanted: readonly number[], only?: readonly number[]): Promise<void> {
  let wrong = ''
  for (const from = performance.now(); performance.now() - from < linedUpWithinMs; await sleep(100)) {
    const { shown } = await sink.ask({ kind: 'look' })
    wrong =
      shown.flatMap((shop, n) =>
        (only?.includes(n) === false ? [] : shop).flatMap((has, sku) =>
          has === wanted[sku] ? [] : [`shop ${n} shows ${has} of ${skuOf(sku)}, not ${wanted[sku]}`],
        ),
      )[0] ?? ''
    if (wrong === '') return
  }
  throw new Error(`the shops were not brought up to date: ${wrong}`)
}
