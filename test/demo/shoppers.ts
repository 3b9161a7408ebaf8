import type { PretendLine, PretendShop, Rng } from '#kit/pretend'
import type { Progress, Shelf } from './world-protocol.ts'

export interface Shoppers {
  progress(): Omit<Progress, 'quiet'>
  stop(): void
}

interface Story {
  readonly shops: readonly PretendShop[]
  readonly shelves: readonly Shelf[]
  readonly rng: Rng
  readonly target: number
  readonly meanGapMs: number
  readonly timers: Set<NodeJS.Timeout>
  placed: number
  cancelled: number
  edited: number
  refunded: number
}

const cancelRate = 0.1
const editRate = 0.06
const refundRate = 0.06
const hotShare = 0.35
const basketTries = 12

function pick<T>(rng: Rng, choices: readonly T[]): T | undefined {
  return choices[Math.floor(rng() * choices.length)]
}
const between = (rng: Rng, least: number, most: number) => least + rng() * (most - least)

function later(story: Story, ms: number, then: () => void): void {
  const timer = setTimeout(() => {
    story.timers.delete(timer)
    then()
  }, ms)
  story.timers.add(timer)
}

/** One to three SKUs; a hot one in it means that the shopper came for it. */
function fillBasket(story: Story, shop: PretendShop): PretendLine[] {
  const { rng, shelves } = story
  const shown = shelves.filter(({ sku }) => shop.shows(sku) > 0)
  const wantsHot = rng() < hotShare
  const hot = shown.filter((shelf) => shelf.hot)
  const lines = new Map<string, number>()
  const size = rng() < 0.7 ? 1 : rng() < 0.7 ? 2 : 3
  for (let n = 0; n < size; n += 1) {
    const from = n === 0 && wantsHot && hot.length > 0 ? hot : shown
    const shelf = pick(rng, from)
    if (shelf) lines.set(shelf.sku, Math.min(shop.shows(shelf.sku), rng() < 0.85 ? 1 : 2))
  }
  return [...lines].map(([sku, quantity]) => ({ sku, quantity }))
}

function checkOut(
  story: Story,
): { readonly shop: PretendShop; readonly id: string; readonly lines: PretendLine[] } | null {
  for (let tries = 0; tries < basketTries; tries += 1) {
    const shop = pick(story.rng, story.shops)
    const lines = shop ? fillBasket(story, shop) : []
    const order = shop && lines.length > 0 ? shop.buy(lines) : null
    if (shop && order) return { shop, id: order.id, lines }
  }
  return null
}

/**
 * What a shopper or the shop's staff do afterwards. Cancels come quickly or when the parcel is just being picked; edits
 * and refunds at any time. Whatever the shop refuses by then is no event.
 */
function planAfterlife(story: Story, bought: { shop: PretendShop; id: string; lines: PretendLine[] }): void {
  const { rng } = story
  const { shop, id, lines } = bought
  const line = pick(rng, lines)
  const dice = rng()
  if (!line) return
  if (dice < cancelRate) {
    const wait = rng() < 0.4 ? between(rng, 50, 1_500) : between(rng, 3_000, 9_000)
    later(story, wait, () => {
      if (shop.cancel(id)) story.cancelled += 1
    })
  } else if (dice < cancelRate + editRate) {
    const more = rng() < 0.5 || line.quantity === 1
    later(story, between(rng, 200, 6_000), () => {
      if (shop.edit(id, line.sku, line.quantity + (more ? 1 : -1))) story.edited += 1
    })
  } else if (dice < cancelRate + editRate + refundRate) {
    const what = rng() < 0.5 ? { sku: line.sku, quantity: 1 } : null
    later(story, between(rng, 500, 12_000), () => {
      if (shop.refund(id, what)) story.refunded += 1
    })
  }
}

function shopOnce(story: Story): void {
  const bought = checkOut(story)
  if (bought) {
    story.placed += 1
    planAfterlife(story, bought)
  }
  if (story.placed < story.target) later(story, -Math.log(1 - story.rng()) * story.meanGapMs, () => shopOnce(story))
}

/** Seeded shoppers over all shops, until as many orders are placed as asked and everything that follows from them is done. */
export function startShoppers(
  world: { readonly shops: readonly PretendShop[]; readonly shelves: readonly Shelf[]; readonly rng: Rng },
  target: number,
  ordersPerSecond: number,
): Shoppers {
  const story: Story = {
    ...world,
    target,
    meanGapMs: 1_000 / ordersPerSecond,
    timers: new Set(),
    placed: 0,
    cancelled: 0,
    edited: 0,
    refunded: 0,
  }
  shopOnce(story)
  return {
    progress: () => ({
      target,
      placed: story.placed,
      cancelled: story.cancelled,
      edited: story.edited,
      refunded: story.refunded,
      shoppersDone: story.placed >= target && story.timers.size === 0,
    }),
    stop: () => {
      for (const timer of story.timers) clearTimeout(timer)
      story.timers.clear()
    },
  }
}
