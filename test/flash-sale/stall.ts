import { setTimeout as sleep } from 'node:timers/promises'
import { ChannelError, type Connector, type InventoryCommand, type ItemResult } from '../../src/connector-kit/index.ts'
import { listings, type Numbers, roomFor, type Sale, unitsOf } from './sales.ts'

/** A shop in the sale: what it shows, what it sells, and what the hub's writes did to it. */
export interface Stall {
  readonly name: string
  readonly compareAndSet: boolean
  readonly shown: Map<string, number>
  readonly inventory: NonNullable<Connector['inventory']>
  /** Units that a write put back on sale although the hub could have known better. Not allowed where a write compares. */
  resurrected: number
  /** Units sold between a read and a blind write, which put them back: what a shop without compare-and-set costs. */
  exposed: number
  /** Units sold or returned between a read and a blind write: nobody can see them missing, so as many may come back later. */
  hidden: number
  buy(listing: string, quantity: number): boolean
  restock(listing: string, quantity: number): void
}

export interface Weather {
  readonly rng: () => number
  readonly callMs: number
  readonly lostAnswers: number
  readonly failures: number
}

/**
 * The sales that the hub cannot leave out of a number for this listing: those it has, and of this shop's own all that
 * are missing from what it shows. There a purchase and a return that are both unknown make up for one another.
 */
const heldBack = (sale: Sale, shop: string, listing: string): boolean =>
  sale.shop === shop && sale.listing === listing
    ? sale.isSold && (sale.hub === 'sold' || !sale.isMasked)
    : sale.hub === 'sold'

export function openStall(
  { name, compareAndSet }: { readonly name: string; readonly compareAndSet: boolean },
  { stock, sales }: { readonly stock: Numbers; readonly sales: readonly Sale[] },
  weather: Weather,
): Stall {
  const shown = new Map<string, number>(listings.map((listing) => [listing, 0]))
  const seenAt = new Map<string, ReadonlySet<Sale>>()
  const leg = () => sleep(weather.rng() * weather.callMs)
  const fails = (share: number) => weather.rng() < share

  /** The most that a write decided after the last read may name. */
  const most = (listing: string): number => {
    const taken = { A: 0, B: 0 }
    for (const sale of seenAt.get(listing) ?? []) {
      if (!heldBack(sale, name, listing)) continue
      const units = unitsOf(sale.listing, sale.quantity)
      taken.A += units.A
      taken.B += units.B
    }
    return roomFor(listing, { A: stock.A - taken.A, B: stock.B - taken.B })
  }
  const hiddenBy = (target: string) =>
    sales.filter((s) => s.shop === name && s.listing === target && s.hub === 'unknown' && !seenAt.get(target)?.has(s))
  const hide = (sale: Sale) => {
    if (!sale.isMasked) stall.hidden += sale.quantity
    sale.isMasked = true
  }
  const write = ({ key, target, available, changeFrom }: InventoryCommand): ItemResult => {
    const now = shown.get(target) ?? 0
    if (compareAndSet && now !== changeFrom) {
      return { key, outcome: 'failed', error: new ChannelError('conflict', 'the number has changed') }
    }
    stall.resurrected += Math.max(0, available - Math.max(now, most(target)))
    if (available > now) stall.exposed += Math.max(0, Math.min(available, changeFrom) - now)
    if (!compareAndSet) for (const sale of hiddenBy(target)) hide(sale)
    shown.set(target, available)
    return { key, outcome: 'applied' }
  }
  const stall: Stall = {
    name,
    compareAndSet,
    shown,
    resurrected: 0,
    exposed: 0,
    hidden: 0,
    buy: (listing, quantity) => {
      const left = (shown.get(listing) ?? 0) - quantity
      if (left >= 0) shown.set(listing, left)
      return left >= 0
    },
    restock: (listing, quantity) => void shown.set(listing, (shown.get(listing) ?? 0) + quantity),
    inventory: {
      read: async (_, targets) => {
        await leg()
        if (fails(weather.failures)) throw new ChannelError('transient', 'the shop is busy')
        for (const target of targets) seenAt.set(target, new Set(sales.filter((s) => heldBack(s, name, target))))
        const answer = new Map(targets.map((target) => [target, shown.get(target) ?? null]))
        await leg()
        return answer
      },
      push: async (_, commands) => {
        await leg()
        if (fails(weather.failures)) throw new ChannelError('transient', 'the shop is busy')
        const results = commands.map(write)
        await leg()
        if (fails(weather.lostAnswers)) throw new ChannelError('outcome_unknown', 'the answer was lost')
        return results
      },
    },
  }
  return stall
}
