import { z } from 'zod'
import { withTenantTx } from '../platform/db/tx.ts'
import { principalOf } from '../platform/http/access.ts'
import { listProcesses } from '../platform/work/heartbeat.ts'
import type { Api, ApiDeps, ApiPlugin } from './deps.ts'
import { answers, shownTime, showTime, showTimeOrNull } from './fields.ts'

const lanes = ['read', 'stock', 'tell', 'warehouse'] as const

interface LaneRow {
  readonly lane: (typeof lanes)[number]
  readonly waiting: number
  readonly oldest: Date | null
  readonly lastError: string | null
}

/** Counted no further: beyond it, how much there is says less than how old it is. */
const few = 10_000
const open = `('pending', 'sending', 'unknown')`
const effects = (
  kinds: string,
) => `(select e.created_at as at, e.reason from effect e where e.merchant_id = $1 and e.kind in (${kinds})
  and e.state in ${open} limit ${few}) x`
const lane = (name: string, from: string) =>
  `select '${name}' as lane, count(*)::int as waiting, min(x.at) as oldest, max(x.reason) as "lastError" from ${from}`

/** By what waits longest, not by how much there is. Work that is put off until later is not late and does not count. */
const waiting = [
  lane(
    'read',
    `(select received_at as at, reason from inbox_message where merchant_id = $1 and state = 'pending' and due_at <= now() limit ${few}) x`,
  ),
  lane(
    'stock',
    `(select due_at as at, error as reason from listing_push where merchant_id = $1 and desired_version > confirmed_version and due_at <= now() limit ${few}) x`,
  ),
  lane('tell', effects(`'shipped', 'cancel'`)),
  lane('warehouse', effects(`'request', 'request_cancel'`)),
].join(' union all ')

const shownStatus = z.object({
  lanes: z.array(
    z.object({
      lane: z.enum(lanes),
      waiting: z.int(),
      oldest: shownTime.nullable().describe('When the work was there that has waited longest.'),
      lastError: z.string().nullable(),
    }),
  ),
  processes: z.array(
    z.object({
      role: z.string(),
      version: z.string(),
      startedAt: shownTime,
      seenAt: shownTime,
      draining: z.boolean(),
      silent: z.boolean().describe('It has not said for half a minute that it is there.'),
    }),
  ),
  database: z.object({ answerMs: z.int() }),
})

const silentMs = 30_000

/** Whether the hub keeps up: what has waited longest, and who is at work. */
export const statusRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    route(app, deps)
  }

function route(app: Api, deps: ApiDeps): void {
  app.get('/status', {
    config: { scope: 'status:read' },
    schema: { response: answers(shownStatus) },
    handler: async (request) => {
      const { merchantId } = principalOf(request)
      const fromMs = deps.ports.clock.ms()
      const processes = await listProcesses(deps.db)
      const answerMs = Math.round(deps.ports.clock.ms() - fromMs)
      const rows = await withTenantTx(deps.db, merchantId, (tx) => tx.rows<LaneRow & object>(waiting, [merchantId]), {
        snapshot: true,
      })
      const nowMs = deps.ports.clock.now().getTime()
      return {
        lanes: rows.map((row) => ({ ...row, oldest: showTimeOrNull(row.oldest) })),
        processes: processes.map((one) => ({
          ...one,
          startedAt: showTime(one.startedAt),
          seenAt: showTime(one.seenAt),
          silent: nowMs - one.seenAt.getTime() > silentMs,
        })),
        database: { answerMs },
      }
    },
  })
}
