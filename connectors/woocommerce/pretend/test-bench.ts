import { type Faults, type PretendCall, serve, type TruthEntry } from '#kit/pretend'
import { type Bench, type Started, startStore } from './start.ts'

/** What tests of this pretend share: a store with WP-Cron run by hand and a clock that stands still until moved. */
export interface Shop extends Started {
  readonly truth: TruthEntry[]
  readonly clock: { now: number }
  readonly call: (method: string, path: string, body?: unknown) => Promise<Answer>
  readonly close: () => Promise<void>
}
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: unknown
}
export interface Receiver {
  readonly url: string
  readonly calls: PretendCall[]
  answer: (call: PretendCall) => Promise<number> | number
  readonly close: () => Promise<void>
}

/** A winter noon in UTC, 13:00 in Berlin. */
const noon = Date.parse('2026-11-23T12:00:00.000Z')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export async function openShop(
  given: Bench & { readonly seed?: number; readonly faults?: Partial<Faults> } = {},
): Promise<Shop> {
  const truth: TruthEntry[] = []
  const clock = { now: noon }
  const started = await startStore(
    {
      name: 'Laden',
      seed: given.seed ?? 1,
      timeScale: 6000,
      record: (entry) => truth.push(entry),
      ...(given.faults ? { faults: given.faults } : {}),
    },
    { cronByHand: true, now: () => clock.now, ...given },
  )
  const key = [...started.store.keys.values()][0]
  const authorization = `Basic ${Buffer.from(`${key?.key}:${key?.secret}`).toString('base64')}`
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${started.store.url}/wp-json/wc/v3/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: parsed(text) }
  }
  return { ...started, truth, clock, call, close: started.shop.close }
}

export async function openReceiver(): Promise<Receiver> {
  const calls: PretendCall[] = []
  const receiver = { calls, answer: (_call: PretendCall): Promise<number> | number => 200 }
  const server = await serve(0, async (call) => {
    const status = await receiver.answer(call)
    calls.push(call)
    const headers = status >= 300 && status < 400 ? { location: `${server.url}/elsewhere` } : {}
    return { status, headers, body: '' }
  })
  return Object.assign(receiver, { url: server.url, close: server.close })
}

/** Subscribes and forgets the ping. */
export async function subscribe(shop: Shop, receiver: Receiver, topic: string): Promise<number> {
  const made = await shop.call('POST', 'webhooks', { topic, delivery_url: receiver.url, secret: 's&<>"ü' })
  receiver.calls.length = 0
  return Number(at(made.json, 'id'))
}

/** The value at a path of foreign JSON. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (Array.isArray(inner)) return inner.at(Number(step))
    return typeof inner === 'object' && inner !== null
      ? Object.entries(inner).find(([k]) => k === step)?.[1]
      : undefined
  }, value)
}

export function rows(answer: Answer): readonly unknown[] {
  return Array.isArray(answer.json) ? answer.json : []
}

export function bodyOf(call: PretendCall | undefined): unknown {
  return parsed(call?.body.toString('utf8') ?? '')
}

export function stockItem(shop: Shop, sku: string, stock: number): void {
  shop.shop.addProduct({ sku, title: `Ding ${sku}`, priceMinor: 1999n, stock })
}

/** Buys one unit of a sku; the order's id. */
export function buyOne(shop: Shop, sku: string, quantity = 1): string {
  const bought = shop.shop.buy([{ sku, quantity }])
  if (!bought) throw new Error(`the pretend shop sold no ${sku}`)
  return bought.id
}

export function truthOf(shop: Shop, what: string): readonly TruthEntry['data'][] {
  return shop.truth.filter((entry) => entry.what === what).map((entry) => entry.data)
}
