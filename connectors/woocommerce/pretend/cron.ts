import { worldSleep } from '#kit/pretend'
import { payloadOf, send, settle } from './deliveries.ts'
import { type Dials, hit } from './faults.ts'
import { type Action, nextId, type Store } from './model.ts'

const periodMs = 60_000
/** Action Scheduler claims so many at a time, and forgets its object cache between claims. */
const claimMax = 25
const claimsMax = 400

export interface Cron {
  /** Queues a delivery for each active webhook of the topic, unless one with the same arguments is waiting or under way. */
  readonly announce: (topic: string, resourceId: number) => void
  /** One visit of WP-Cron: everything due is delivered, one after another. */
  readonly run: () => Promise<void>
  readonly quiet: () => boolean
  readonly start: () => void
  readonly stop: () => Promise<void>
}

/** Claims what is due; the dials may lose, hold back or reorder some. */
function claim(store: Store, dials: Dials): readonly Action[] {
  const due = store.actions.filter((action) => action.notBefore <= store.now()).slice(0, claimMax)
  const kept = due.filter((action) => {
    if (hit(dials, 'drop')) {
      store.actions.splice(store.actions.indexOf(action), 1)
      store.record('webhook.lost', { topic: action.topic, resource: action.resourceId })
      return false
    }
    if (action.delayed || !hit(dials, 'delay')) return true
    action.delayed = true
    action.notBefore = store.now() + heldBackMs(dials)
    return false
  })
  const late = kept.filter(() => hit(dials, 'reorder'))
  return [...kept.filter((action) => !late.includes(action)), ...late]
}

function heldBackMs(dials: Dials): number {
  return (periodMs * (1 + 2 * dials.rng())) / dials.timeScale
}

/**
 * Delivers one claim. All payloads are made when the claim is taken, and while an action waits or is under way an equal
 * one is not queued: so an order cancelled meanwhile is announced with its old status, and no later delivery tells the
 * new one. Observed in 4 of 4 tries on WooCommerce 11.0.1 (2026-11-23): the runner's object cache is old. Here the cache
 * is as old as the claim, the harshest reading of what was seen.
 */
async function deliverClaim(store: Store, dials: Dials, claimed: readonly Action[]): Promise<void> {
  const sequence = nextId(store, 'event')
  const payloads = claimed.map((action) => payloadOf(store, action))
  for (const [index, action] of claimed.entries()) {
    const body = payloads[index] ?? ''
    const times = hit(dials, 'duplicate') ? 2 : 1
    for (let time = 0; time < times; time += 1) {
      const webhook = store.webhooks.get(action.webhookId)
      // A deleted webhook sends no more; a paused or disabled one still sends what was queued.
      if (webhook) settle(store, { webhook, action, sequence }, await send(store, dials, { webhook, action, body }))
    }
    store.actions.splice(store.actions.indexOf(action), 1)
  }
}

export function cronOf(store: () => Store, dials: Dials): Cron {
  let running = false
  let loop: Promise<void> = Promise.resolve()
  const stopping = new AbortController()
  const run = async () => {
    if (running) return
    running = true
    for (let claims = 0; claims < claimsMax && !stopping.signal.aborted; claims += 1) {
      const claimed = claim(store(), dials)
      if (claimed.length === 0) break
      await deliverClaim(store(), dials, claimed)
    }
    running = false
  }
  const forever = async () => {
    while (!stopping.signal.aborted) {
      await worldSleep(periodMs, dials.timeScale, stopping.signal).catch(() => undefined)
      if (!stopping.signal.aborted) await run()
    }
  }
  return {
    announce: (topic, resourceId) => {
      const { webhooks, actions } = store()
      for (const { id: webhookId, status, topic: wanted } of webhooks.values()) {
        if (status !== 'active' || wanted !== topic) continue
        if (actions.some((action) => action.webhookId === webhookId && action.resourceId === resourceId)) continue
        actions.push({ webhookId, resourceId, topic, notBefore: 0, delayed: false })
      }
    },
    run,
    quiet: () => !running && store().actions.length === 0,
    start: () => {
      loop = forever()
    },
    stop: () => {
      stopping.abort()
      return loop
    },
  }
}
