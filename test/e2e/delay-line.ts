import { type PretendAnswer, type PretendCall, type PretendShop, serve } from '../../src/connector-kit/pretend.ts'

/** The wire between the hub and a shop, on which one request can be held back and let go later. */
export interface DelayLine {
  /** The shop as the hub reaches it: over this wire. Its webhooks still name its own address, so only polls count. */
  readonly shop: PretendShop
  /** Holds the next request of this kind; it neither reaches the shop nor is answered until it is let go. */
  hold(isIt: (call: PretendCall) => boolean): void
  /** The body of the held request, once there is one. */
  held(): string | null
  /** Delivers it to the shop; nobody waits for its answer any more. */
  letGo(): Promise<void>
  /** Answers in the shop's place where it gives something; null ends it. */
  meddle(answer: ((call: PretendCall) => PretendAnswer | null) | null): void
  /** Calls that came over this wire. */
  calls(): number
}

const hopHeaders = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive'])

export async function openDelayLine(shop: PretendShop): Promise<DelayLine> {
  const address = String(shop.connect.settings.storeUrl)
  let isHeld: ((call: PretendCall) => boolean) | null = null
  let waiting: { readonly call: PretendCall; readonly go: () => void } | null = null
  let meddler: ((call: PretendCall) => PretendAnswer | null) | null = null
  let calls = 0
  let delivered = Promise.withResolvers<void>()

  const forward = async (call: PretendCall) => {
    const headers = Object.entries(call.headers).filter(([name, value]) => !hopHeaders.has(name) && value !== undefined)
    const response = await fetch(`${address}${call.url.pathname}${call.url.search}`, {
      method: call.method,
      headers: Object.fromEntries(headers) as Record<string, string>,
      ...(call.body.length > 0 && { body: new Uint8Array(call.body) }),
    })
    const { 'content-encoding': _encoding, 'content-length': _length, ...kept } = Object.fromEntries(response.headers)
    for (const name of hopHeaders) delete kept[name]
    // The shop names itself by its own address; over this wire it must name the wire's.
    return {
      status: response.status,
      headers: kept,
      body: (await response.text()).replaceAll(host(address), host(wire.url)),
    }
  }
  const wire = await serve(0, async (call) => {
    calls++
    const meddled = meddler?.(call) ?? null
    if (meddled !== null) return meddled
    if (isHeld?.(call)) {
      isHeld = null
      await new Promise<void>((go) => {
        waiting = { call, go }
      })
      const answer = await forward(call)
      delivered.resolve()
      return answer
    }
    return forward(call)
  })
  return {
    shop: {
      ...shop,
      connect: { ...shop.connect, settings: { ...shop.connect.settings, storeUrl: wire.url } },
      hosts: [wire.host],
      close: async () => {
        await wire.close()
        await shop.close()
      },
    },
    hold: (isIt) => {
      isHeld = isIt
      waiting = null
      delivered = Promise.withResolvers<void>()
    },
    meddle: (answer) => {
      meddler = answer
    },
    calls: () => calls,
    held: () => waiting?.call.body.toString('utf8') ?? null,
    letGo: async () => {
      waiting?.go()
      await delivered.promise
    },
  }
}

const host = (url: string) => new URL(url).host
