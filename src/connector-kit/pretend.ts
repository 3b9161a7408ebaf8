/**
 * Scaffolding of the pretend world: what every fake far side shares. It runs in its own process and imports
 * nothing of the hub, so that hub and truth cannot make the same mistake.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A seeded stream of numbers in [0, 1) (mulberry32): the same seed tells the same story. */
export type Rng = () => number

export function seededRng(seed: number): Rng {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Probabilities 0..1 of each fault, per call or per delivery. All zero: a calm world. */
export interface Faults {
  /** Our webhooks: sent twice, held back behind a later one, never sent, sent late. */
  duplicate: number
  reorder: number
  drop: number
  delay: number
  /** Answers of the far side's API. */
  throttle: number
  failBefore: number
  failAfterEffect: number
  /** 200, but the write did not happen. */
  dropWrite: number
  hang: number
}
export const calm: Readonly<Faults> = {
  duplicate: 0,
  reorder: 0,
  drop: 0,
  delay: 0,
  throttle: 0,
  failBefore: 0,
  failAfterEffect: 0,
  dropWrite: 0,
  hang: 0,
}

/** What truly happened at a far side, in order. Verdicts are computed from this, never from the hub's tables. */
export interface TruthEntry {
  readonly at: number
  readonly who: string
  readonly what: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface PretendOptions {
  readonly name: string
  readonly seed: number
  /** Divides retry delays, cron periods and token lives; never HTTP latency. 60 = a minute passes in a second. */
  readonly timeScale: number
  readonly faults?: Partial<Faults>
  /** Called for each thing that truly happened. */
  readonly record: (entry: TruthEntry) => void
  /** Fixed port (0 = any free one), so that a restarted world keeps its address. */
  readonly port?: number
}

export interface PretendLine {
  readonly sku: string
  readonly quantity: number
}
export interface TruthOrder {
  readonly id: string
  readonly number: string
  readonly placedAt: string
  readonly cancelled: boolean
  readonly totalMinor: bigint
  readonly currency: string
  /** `wanted`: ordered minus what was removed or refunded before shipping. `shipped`: as this shop was told. */
  readonly lines: readonly {
    readonly sku: string
    readonly ordered: number
    readonly wanted: number
    readonly shipped: number
  }[]
  readonly shipments: readonly { readonly tracking: string | null; readonly lines: readonly PretendLine[] }[]
}

/** Any far side: what the hub must be told to connect, and how the world drives it. */
interface PretendBase {
  readonly name: string
  /** Goes verbatim into the hub's connect call. */
  readonly connect: {
    readonly connector: string
    readonly label: string
    readonly credentials: Record<string, unknown>
    readonly settings: Record<string, unknown>
  }
  /** host:port pairs that the hub's development egress setting must admit. */
  readonly hosts: readonly string[]
  setFaults(faults: Partial<Faults>): void
  /** True when nothing of its own is under way: no webhook queued or retrying, no picker busy. */
  quiet(): boolean
  close(): Promise<void>
}
export interface PretendShop extends PretendBase {
  readonly kind: string
  /** True where a write names the number it replaces. */
  readonly compareAndSet: boolean
  addProduct(product: {
    readonly sku: string
    readonly title: string
    readonly priceMinor: bigint
    readonly stock: number
  }): void
  /** A shopper's checkout; null when the shop itself shows too little. Decrements the shop's own number at once. */
  buy(lines: readonly PretendLine[]): { readonly id: string } | null
  /** Cancels and puts the units back on the shop's own number. False when it cannot (shipped, unknown, already cancelled). */
  cancel(orderId: string): boolean
  /** Changes the quantity of a line before it ships; false when impossible. */
  edit(orderId: string, sku: string, quantity: number): boolean
  /** Money back. With a line: those units are no longer wanted when unshipped. Never puts units back on sale. */
  refund(orderId: string, line: PretendLine | null): boolean
  /** The number that a shopper sees now. */
  shows(sku: string): number
  orders(): readonly TruthOrder[]
}
export interface PretendWarehouse extends PretendBase {
  readonly kind: string
  /** Physical stock, before the first order. Dropped off as a stock file too. */
  stock(levels: readonly { readonly sku: string; readonly onHand: number }[]): void
  onHand(sku: string): number
  /** Every request it took in, how much it was promised and what truly left the building. */
  requests(): readonly {
    readonly number: string
    readonly orderNumber: string
    readonly cancelled: boolean
    readonly lines: readonly { readonly sku: string; readonly requested: number; readonly shipped: number }[]
    readonly shipments: readonly { readonly tracking: string; readonly lines: readonly PretendLine[] }[]
  }[]
}

/** Each `connectors/<name>/pretend/index.ts` exports `startPretend` of one of these types. */
export type StartPretendShop = (options: PretendOptions) => Promise<PretendShop>
export type StartPretendWarehouse = (options: PretendOptions) => Promise<PretendWarehouse>

export interface PretendCall {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}
export interface PretendAnswer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body: string
}

const bodyBytesMax = 5_000_000

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > bodyBytesMax) throw new Error('pretend: body too large')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function write(response: ServerResponse, answer: PretendAnswer): void {
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
  response.end(answer.body)
}

/** A loopback HTTP server with one handler; returns its base URL. The handler's throw becomes a 500, which tests must notice. */
export async function serve(
  port: number,
  handler: (call: PretendCall) => Promise<PretendAnswer | 'hang' | 'reset'>,
): Promise<{ url: string; host: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const answer = async () => {
      const body = await readBody(request)
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([k, v]) => [k, Array.isArray(v) ? v.join(', ') : v]),
      )
      const reply = await handler({
        method: request.method ?? 'GET',
        url: new URL(request.url ?? '/', 'http://pretend'),
        headers,
        body,
      })
      if (reply === 'reset') request.socket.destroy()
      else if (reply !== 'hang') write(response, reply)
    }
    answer().catch((error: unknown) => {
      process.stderr.write(`pretend server: ${error instanceof Error ? error.stack : String(error)}\n`)
      write(response, { status: 500, body: '{"pretend":"defect"}' })
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}`,
    host,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** POSTs one webhook as a sender does; resolves to the status, or 0 when no answer came in time. Redirects are not followed. */
export async function deliver(
  url: string,
  headers: Record<string, string>,
  body: string,
  timeoutMs: number,
): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return 0
  }
}

/** Waits in the world's own time: `ms` divided by the scale. */
export function worldSleep(ms: number, timeScale: number, signal?: AbortSignal): Promise<void> {
  return sleep(ms / timeScale, undefined, signal ? { signal, ref: false } : { ref: false })
}
