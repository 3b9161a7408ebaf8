import type { UnifiedOrder } from '../../src/connector-kit/index.ts'

export interface LineDraft {
  readonly listing: string
  readonly quantity: number
  readonly cancelled?: number
}

/** A unified order that adds up, as a connector would translate it. */
export function anOrder(
  ref: string,
  changedAt: number,
  lines: readonly LineDraft[],
  more: Partial<UnifiedOrder> = {},
): UnifiedOrder {
  const eur = (minor: bigint) => ({ minor, currency: 'EUR' })
  const total = eur(BigInt(lines.reduce((n, l) => n + l.quantity, 0)) * 1000n)
  return {
    ref,
    number: `#${ref}`,
    changedAt: new Date(changedAt).toISOString(),
    placedAt: new Date(1_700_000_000_000 + Number(ref.replaceAll(/\D/g, '')) * 1000).toISOString(),
    cancelledAt: null,
    isTest: false,
    hold: null,
    remoteStatus: 'paid',
    total,
    shopTotal: total,
    refunded: eur(0n),
    parts: { shipping: eur(0n), tax: eur(0n), other: eur(0n), discount: eur(0n) },
    lines: lines.map((l, n) => ({
      ref: `${ref}-${n}`,
      listing: l.listing,
      title: l.listing,
      ordered: l.quantity,
      cancelled: l.cancelled ?? 0,
      shipped: 0,
      channelTook: l.quantity - (l.cancelled ?? 0),
      physical: true,
      total: eur(BigInt(l.quantity) * 1000n),
    })),
    shipTo: { name: 'Example Person', address1: 'Example Street 1', city: 'Example', country: 'DE' },
    billTo: null,
    buyer: null,
    ...more,
  }
}
