import { afterAll, beforeAll, expect, test } from 'vitest'
import { purgeAnswers } from '../../src/api/transactions.ts'
import { purgeEffects } from '../../src/effects/purge-effects.ts'
import { purgeFiles } from '../../src/fulfillment/purge-files.ts'
import { purgeMessages } from '../../src/inbox/purge-messages.ts'
import { purgeChanges } from '../../src/inventory/purge-changes.ts'
import { purgeExceptions } from '../../src/journal/purge-exceptions.ts'
import { purgeTimeline } from '../../src/journal/purge-timeline.ts'
import { purgePersons } from '../../src/orders/purge-persons.ts'
import type { Purged, PurgePage } from '../../src/platform/db/purge.ts'
import type { Tx } from '../../src/platform/db/tx.ts'
import { type BusyWorld, openBusyWorld } from '../platform/db/busy-world.ts'
import { type Cost, explaining } from '../platform/db/explain.ts'

let world: BusyWorld
beforeAll(async () => {
  world = await openBusyWorld()
}, 60_000)
afterAll(() => world.close())

const verbs: Readonly<Record<string, (tx: Tx, page: PurgePage) => Promise<Purged>>> = {
  purgeMessages,
  purgePersons,
  purgeFiles,
  purgeAnswers,
  purgeChanges,
  purgeEffects,
  purgeTimeline,
  purgeExceptions,
}
const limit = 50
const perRow = 100
/** From tomorrow everything is old. */
const keepDays = -1

test.each(Object.entries(verbs))(
  '%s looks at its page, not at the merchant, while statistics are young',
  async (_, verb) => {
    const costs: Cost[] = []
    const undo = new Error('undone')
    await world
      .tenant(async (tx) => {
        await verb(explaining(tx, costs), { keepDays, after: null, limit })
        throw undo
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error
      })
    expect(costs.length).toBeGreaterThan(0)
    const dear = costs.filter((cost) => cost.removed > perRow * limit || cost.read > perRow * limit)
    expect(dear.map((cost) => `${cost.worst}: removed ${cost.removed}, read ${cost.read}`)).toEqual([])
  },
)
