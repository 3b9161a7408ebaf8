import { z } from 'zod'

const text = z.string()
const exception = z.object({
  id: text,
  kind: text,
  subject: z.object({ kind: text, id: text }),
  detail: z.record(text, z.unknown()),
  resolvedAt: text.nullable(),
})
const event = z.object({
  kind: text,
  cause: z.object({ kind: text, id: text }),
  data: z.record(text, z.unknown()),
})
const request = z.object({
  id: text,
  requestNumber: text,
  status: text,
  requestStatus: text,
  lines: z.array(z.object({ sku: text, requested: z.int(), rejected: z.int(), cancelled: z.int(), shipped: z.int() })),
})
const component = z.object({
  sku: text,
  need: z.int(),
  short: z.int(),
  excess: z.int(),
  reserved: z.int(),
  handedOff: z.int(),
  shipped: z.int(),
})
const head = z.object({
  id: text,
  number: text,
  externalId: text,
  stage: text,
  cancelledAt: text.nullable(),
  moneyDelta: z.object({ amount: text, currency: text }),
})
const order = head.extend({
  lines: z.array(
    z.object({ sku: text.nullable(), ordered: z.int(), cancelled: z.int(), components: z.array(component) }),
  ),
  persons: z.array(z.unknown()).nullable(),
  fulfillmentOrders: z.array(request),
  shipments: z.array(
    z.object({ tracking: text.nullable(), lines: z.array(z.object({ sku: text, quantity: z.int() })) }),
  ),
  exceptions: z.array(exception),
  timeline: z.array(event),
})
const connection = z.object({
  id: text,
  label: text,
  status: text,
  lag: z.object({ pendingMessages: z.int(), listingsBehind: z.int(), effectsOpen: z.int() }),
})
const level = z.object({ onHand: z.int(), reserved: z.int(), available: z.int() })
const message = z.object({ id: text, source: text, topic: text, subject: text.nullable(), state: text })
const listing = z.object({ id: text, sku: text.nullable(), connection: text })

export type Order = z.infer<typeof order>
export type Exception = z.infer<typeof exception>
export type Connection = z.infer<typeof connection>
export type Level = z.infer<typeof level>
export type Message = z.infer<typeof message>

/** The hub's HTTP API, as any program outside of it has it: what a test needs, checked on the way in. */
export interface Api {
  call<T>(route: string, shape: z.ZodType<T>, body?: unknown): Promise<T>
  /** The text of any answer, for those who look for what must not be in it. */
  text(path: string): Promise<string>
  /** Orders of the shop with this id there, whole. One order: at most one. */
  ordersOf(externalId: string): Promise<Order[]>
  connections(): Promise<Connection[]>
  messages(): Promise<Message[]>
  exceptions(kind: string): Promise<Exception[]>
  /** Over all locations. */
  level(sku: string): Promise<Level>
  listingsOf(sku: string): Promise<z.infer<typeof listing>[]>
}

const callMs = 20_000
const pageOf = <T>(item: z.ZodType<T>) => z.object({ items: z.array(item) })

export function openApi(url: string, token: string): Api {
  const ask = async (route: string, body?: unknown): Promise<string> => {
    const [method = 'GET', address = ''] = route.split(' ')
    const response = await fetch(`${url}/api/v1${address}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(callMs),
    })
    const answer = await response.text()
    if (!response.ok) throw new Error(`${route}: ${response.status} ${answer.slice(0, 500)}`)
    return answer
  }
  const call = async <T>(route: string, shape: z.ZodType<T>, body?: unknown): Promise<T> =>
    shape.parse(JSON.parse(await ask(route, body)))
  const list = async <T>(address: string, item: z.ZodType<T>): Promise<T[]> =>
    (await call(`GET ${address}${address.includes('?') ? '&' : '?'}limit=200`, pageOf(item))).items
  return {
    call,
    text: (address) => ask(`GET ${address}`),
    ordersOf: async (externalId) => {
      const heads = (await list('/orders', head)).filter((o) => o.externalId.split('/').at(-1) === externalId)
      return Promise.all(heads.map((o) => call(`GET /orders/${o.id}`, order)))
    },
    connections: () => list('/connections', connection),
    messages: () => list('/inbox/messages', message),
    exceptions: (kind) => list(`/exceptions?kind=${kind}&state=open`, exception),
    level: async (sku) => {
      const found = await list(`/inventory/levels?sku=${encodeURIComponent(sku)}`, level)
      const sum = (name: keyof Level) => found.reduce((units, one) => units + one[name], 0)
      return { onHand: sum('onHand'), reserved: sum('reserved'), available: sum('available') }
    },
    listingsOf: (sku) => list(`/listings?sku=${encodeURIComponent(sku)}`, listing),
  }
}
