import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { askAgain } from './people.ts'
import type { Merchant } from './setup.ts'
import type { WorldClient } from './world-client.ts'
import type { Glance } from './world-protocol.ts'

const lagShape = z.object({
  id: z.string(),
  status: z.string(),
  lastError: z.string().nullable(),
  lag: z.object({ pendingMessages: z.number(), listingsBehind: z.number(), effectsOpen: z.number() }),
})
export interface ConnectionLag {
  readonly name: string
  readonly status: string
  readonly lastError: string | null
  readonly pendingMessages: number
  readonly listingsBehind: number
  readonly effectsOpen: number
}

/** What the hub has still to do, by connection. */
export async function lagOf({ api, connections }: Merchant): Promise<ConnectionLag[]> {
  const rows = await api.all('/connections', lagShape)
  return rows.map(({ id, lag, status, lastError }) => ({ name: connections.get(id) ?? id, status, lastError, ...lag }))
}

const waits = (lag: ConnectionLag) => lag.pendingMessages + lag.listingsBehind + lag.effectsOpen > 0

function movingIn({ progress }: Glance): string[] {
  return [
    ...(progress.shoppersDone ? [] : [`shoppers placed ${progress.placed} of ${progress.target} orders`]),
    ...(progress.quiet ? [] : ['a shop or the warehouse is still busy']),
  ]
}

function waitingIn(lags: readonly ConnectionLag[]): string[] {
  return [
    ...lags.filter(waits).map((lag) => {
      const { name, pendingMessages, listingsBehind, effectsOpen, lastError } = lag
      const work = `${pendingMessages} messages, ${listingsBehind} listings, ${effectsOpen} effects`
      return `${name}: ${work} wait${lastError === null ? '' : ` (${lastError})`}`
    }),
  ]
}

const lookEveryMs = 300
const askAgainEveryMs = 2_000

/**
 * Waits until nothing moves: for `settleMs` no number, order, request or parcel changed and nothing was under way in
 * the world, and then the hub has no work either (a poll may bring it a message that changes nothing at any time, so
 * that is asked last). Returns what is stuck when `deadline` comes first; nothing when all is at rest.
 */
export async function untilAtRest(
  world: WorldClient,
  merchant: Merchant,
  limits: { readonly settleMs: number; readonly deadline: number },
): Promise<string[]> {
  let mark = ''
  let since = Date.now()
  let askedAt = 0
  let busy: string[] = []
  for (; Date.now() < limits.deadline; await sleep(lookEveryMs)) {
    const glance = await world.ask({ kind: 'glance' })
    busy = movingIn(glance)
    if (Date.now() - askedAt > askAgainEveryMs) {
      askedAt = Date.now()
      if ((await askAgain(merchant)) > 0) busy.push('requests are being asked again')
    }
    if (busy.length > 0 || glance.mark !== mark) {
      mark = glance.mark
      since = Date.now()
    } else if (Date.now() - since >= limits.settleMs) {
      busy = waitingIn(await lagOf(merchant))
      if (busy.length === 0) return []
    }
  }
  return busy.length > 0 ? busy : ['numbers keep changing']
}
