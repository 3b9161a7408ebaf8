import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type InboundEvent, UnreadableError } from '#kit'
import { mutatedBytes, mutatedJson, runs } from './mutate.ts'
import { contextOf, type Delivery, type ShopWorld, startShop, translated } from './shop-world.ts'

function portOf({ subject }: ShopWorld) {
  const port = subject.connector.inbound
  if (!port) throw new Error('this connector receives nothing')
  return port
}
function verdictOf(world: ShopWorld, { headers, raw }: Delivery) {
  return portOf(world).verify({ method: 'POST', headers, raw }, world.wire.ctx.secrets, world.wire.account.key)
}
function topicOf(world: ShopWorld, delivery: Delivery): string {
  const verdict = verdictOf(world, delivery)
  return verdict.ok ? verdict.topic : ''
}
/** Events, or null where the body is refused as unreadable. Any other error passes. */
function decodedOrNull(world: ShopWorld, delivery: Delivery & { topic: string }): readonly InboundEvent[] | null {
  try {
    return portOf(world).decode(delivery)
  } catch (error) {
    if (error instanceof UnreadableError) return null
    throw error
  }
}

function verifyTests(world: () => ShopWorld): void {
  test('every delivery of its own shop is let in, and the same changed by a byte or of another shop is not', async () => {
    const stranger = await startShop(world().subject, 'Stranger')
    const secrets = world().subject.connector.credentials.parse(stranger.connect.credentials)
    await stranger.close()
    expect(world().deliveries.length).toBeGreaterThan(20)
    for (const delivery of world().deliveries) {
      expect(verdictOf(world(), delivery)).toMatchObject({ ok: true })
      expect(portOf(world()).verify({ method: 'POST', ...delivery }, secrets, 'elsewhere')).toMatchObject({ ok: false })
    }
    const bodies = world().deliveries.map((one) => one.raw)
    const headers = world().deliveries[0]?.headers ?? {}
    fc.assert(
      fc.property(mutatedBytes(bodies), (raw) => {
        expect(verdictOf(world(), { headers, raw })).toEqual({ ok: false, reason: 'signature' })
      }),
      runs,
    )
  })

  test('whatever headers say, verify gives a verdict and does not throw', () => {
    const value = fc.option(fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.constant('A'.repeat(10_000))), {
      nil: undefined,
    })
    const changed = fc.tuple(fc.nat(), fc.nat(), value).map(([which, at, text]) => {
      const delivery = world().deliveries[which % world().deliveries.length]
      const names = Object.keys(delivery?.headers ?? {})
      return {
        raw: delivery?.raw ?? new Uint8Array(),
        headers: { ...delivery?.headers, [names[at % names.length] ?? 'x']: text },
      }
    })
    fc.assert(
      fc.property(changed, (delivery) => {
        expect(typeof verdictOf(world(), delivery).ok).toBe('boolean')
      }),
      runs,
    )
    for (const raw of [new Uint8Array(), new Uint8Array(100_000)])
      expect(verdictOf(world(), { headers: {}, raw }).ok).toBe(false)
  })
}

function decodeTests(world: () => ShopWorld): void {
  const seen = new Map<string, Delivery & { topic: string }>()
  beforeAll(() => {
    for (const delivery of world().deliveries) {
      const topic = topicOf(world(), delivery)
      if (!seen.has(topic)) seen.set(topic, { ...delivery, topic })
    }
  })

  test('decode is pure: the same bytes say the same, and stay as they were', () => {
    for (const delivery of world().deliveries) {
      const topic = topicOf(world(), delivery)
      const before = Buffer.from(delivery.raw)
      const first = portOf(world()).decode({ ...delivery, topic })
      expect(portOf(world()).decode({ ...delivery, topic, raw: Uint8Array.from(before) })).toEqual(first)
      expect(Buffer.compare(before, delivery.raw)).toBe(0)
      for (const event of first) {
        if (event.type !== 'order') continue
        expect([...world().polled.keys()]).toContain(event.ref)
        if (event.raw !== undefined) expect(translated(world(), event.raw, 'webhook').ref).toBe(event.ref)
      }
    }
  })

  test('2,000 broken bodies end as events or as unreadable, never otherwise', () => {
    const topics = [...seen.values()]
    const bytes = mutatedBytes(topics.map((one) => one.raw))
    fc.assert(
      fc.property(fc.nat(), bytes, (which, raw) => {
        const delivery = topics[which % topics.length]
        if (delivery) decodedOrNull(world(), { ...delivery, raw })
      }),
      runs,
    )
    for (const raw of ['', 'null', '[]', '0', '"text"', `${'['.repeat(10_000)}`, `{"a":${'['.repeat(50_000)}`])
      for (const delivery of topics) decodedOrNull(world(), { ...delivery, raw: Buffer.from(raw) })
  })

  test('2,000 bodies with a value that nobody expects end as events or as unreadable, and their refs are texts', () => {
    const topics = [...seen.values()]
    const texts = mutatedJson(topics.map(({ raw }) => Buffer.from(raw).toString()))
    fc.assert(
      fc.property(fc.nat(), texts, (which, text) => {
        const delivery = topics[which % topics.length]
        if (!delivery) return
        for (const event of decodedOrNull(world(), { ...delivery, raw: Buffer.from(text) }) ?? []) {
          if (event.type === 'order' || event.type === 'listing') expect(event.ref).toMatch(/^[\x20-\x7e]{1,200}$/)
        }
      }),
      runs,
    )
    expect(contextOf(world()).source).toBe('poll')
  })
}

/** What arrives from outside, rightly or wrongly signed. */
export function inboundTests(world: () => ShopWorld): void {
  describe('what its shop delivers', () => {
    verifyTests(world)
    decodeTests(world)
  })
}
