import { z } from 'zod'
import type { Api, ApiDeps } from '../api/deps.ts'
import { answers, showMoney, shownId, shownMoney, shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import { reading } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import { confirmedToday, readWorkQueue, type WorkGroup } from './work-queue.ts'

export const shownGroup = z.object({
  kind: z.string().describe('An exception’s kind; held_here and held_by_channel: orders that wait for a word.'),
  cause: z
    .object({
      kind: z.enum(['listing', 'item', 'connection', 'hold']),
      id: shownId.nullable(),
      name: z.string().nullable(),
    })
    .nullable()
    .describe('What is behind all of them: mended once, all are.'),
  things: z.int(),
  orders: z.int(),
  money: z.array(shownMoney).describe('What the orders come to, by currency.'),
  oldestAt: shownTime,
  dueAt: shownTime.nullable().describe('By when, where that is known.'),
  sample: z.object({
    detail: z.record(z.string(), z.unknown()),
    order: shownId.nullable(),
    orderNumber: z.string().nullable(),
  }),
})
const shownToday = z.object({
  groups: z.array(shownGroup),
  more: z.boolean().describe('More is open than was looked at.'),
  confirmed: z.object({
    count: z.int().describe('Parcels that their channels have shown as shipped since the day began.'),
    more: z.boolean(),
    lastAt: shownTime.nullable(),
    dayStart: shownTime.describe('In the merchant’s time zone.'),
  }),
})

const noun = { item: 'item', connection: 'connection' } as const

const showCause = (cause: WorkGroup['cause']): z.infer<typeof shownGroup>['cause'] => {
  if (cause === null) return null
  const { kind, id, name } = cause
  const isNamed = id !== null && (kind === 'item' || kind === 'connection')
  return { kind, name, id: isNamed ? publicId(noun[kind], id) : null }
}

const showGroup = ({ cause, money, oldestAt, sample, ...rest }: WorkGroup): z.infer<typeof shownGroup> => ({
  ...rest,
  cause: showCause(cause),
  money: money.map(({ minor, currency }) => showMoney(minor, currency)),
  oldestAt: showTime(oldestAt),
  sample: {
    detail: { ...sample.detail },
    order: sample.orderId === null ? null : publicId('order', sample.orderId),
    orderNumber: sample.orderNumber,
  },
})

/** The first page of the day: what needs a person, and what was finished since it began. */
export function todayRoute(app: Api, deps: ApiDeps): void {
  app.get('/today', {
    config: { scope: 'exceptions:read' },
    schema: { response: answers(shownToday) },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const { groups, more } = await readWorkQueue(tx)
        const { count, lastAt, dayStart, more: moreConfirmed } = await confirmedToday(tx)
        const confirmed = {
          count,
          more: moreConfirmed,
          lastAt: showTimeOrNull(lastAt),
          dayStart: showTime(dayStart),
        }
        return { groups: groups.map(showGroup), more, confirmed }
      }),
  })
}
