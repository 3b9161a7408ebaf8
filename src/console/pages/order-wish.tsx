import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { connectionsQuery } from '../api/queries.ts'
import type { CancelWish, FulfillmentOrder, WholeOrder } from '../api/types.ts'
import { Icon } from '../parts/icons.tsx'
import { Action } from '../parts/remedies.tsx'
import { timeText, useZone } from '../parts/time.tsx'
import { counted, platformName } from '../parts/words.ts'

/** Requests that a partner has in hand, or was asked to stop. */
export const inHand = ({ requestStatus, status, partner }: FulfillmentOrder): boolean =>
  partner !== null &&
  ['submitted', 'accepted', 'cancellation_requested'].includes(requestStatus) &&
  ['open', 'in_progress'].includes(status)

/** What people call the partners of these requests. */
export function usePartners(requests: readonly FulfillmentOrder[]): string {
  const connections = useQuery(connectionsQuery).data?.items ?? []
  const labels = requests.flatMap(({ partner }) => connections.find(({ id }) => id === partner)?.label ?? [])
  return [...new Set(labels)].join(' and ') || 'The warehouse'
}

interface Said {
  readonly title: string
  readonly body: string
  readonly critical?: boolean
}
interface Known {
  readonly partner: string
  readonly channel: string
  readonly at: (iso: string | null) => string
}

const agreedTo = (order: WholeOrder) =>
  order.fulfillmentOrders.filter(
    ({ requestStatus, cancelRequestedAt }) => cancelRequestedAt !== null && requestStatus === 'cancellation_accepted',
  )

function stopped(order: WholeOrder, wish: CancelWish, { partner, channel, at }: Known): Said {
  const stays = order.lines.flatMap((line) => line.components).reduce((sum, part) => sum + part.excess, 0)
  const back = order.lines.flatMap((line) => line.components.map(({ sku }) => `${line.ordered} × ${sku}`))
  return {
    title: `${channel} shows it as cancelled since ${at(order.cancelledAt)}.`,
    body:
      stays > 0
        ? `${counted(stays, 'unit')} stay held: ${partner} was asked to stop ${at(wish.askedAt)} and has not let go of them yet.`
        : `Stock is back: ${back.join(', ')}.`,
  }
}

const wishes: Readonly<Record<CancelWish['state'], (order: WholeOrder, wish: CancelWish, known: Known) => Said>> = {
  asked: (_order, wish, { partner, channel, at }) => ({
    title: `Asked ${at(wish.askedAt)}, waiting for ${partner} to stop it.`,
    body:
      wish.tell === 'now'
        ? `${channel} is told at once. The units stay held until ${partner} answers.`
        : `Nothing is cancelled before it answers. ${channel} is told when it agrees.`,
  }),
  telling: (order, wish, { partner, channel, at }) => ({
    title:
      agreedTo(order).length > 0
        ? `${partner} agreed ${at(wish.answeredAt)}. ${channel} is being told.`
        : `${channel} is being told to cancel it, since ${at(wish.askedAt)}.`,
    body: `Stock comes back when ${channel} shows it as cancelled.`,
  }),
  too_late: (order, wish, { partner, at }) => {
    const [parcel] = order.shipments
    return {
      title:
        parcel === undefined
          ? `Too late: ${partner} did not stop it (${at(wish.answeredAt)}).`
          : `Too late: shipped ${at(parcel.shippedAt)}.`,
      body: 'It was not cancelled. Ask the buyer to send it back, and refund it at the channel.',
      critical: true,
    }
  },
  refused: (_order, wish, { channel, at }) => ({
    title: `${channel} would not cancel it (${at(wish.answeredAt)}).`,
    body: 'It stays here until you decide: try again once the reason is gone, or let it go on.',
    critical: true,
  }),
}

function Note({
  said,
  label,
  children,
}: {
  readonly said: Said
  readonly label: string
  readonly children?: ReactNode
}) {
  return (
    <section className="problem" data-critical={said.critical ?? false} aria-label={label}>
      <h2>
        <Icon name={said.critical ? 'warn' : 'wait'} />
        {said.title}
      </h2>
      <p>{said.body}</p>
      {children && <div className="row-actions">{children}</div>}
    </section>
  )
}

/** What a person wanted of this order, and how far the far sides have followed; never further. */
export function OrderWish({ order }: { readonly order: WholeOrder }) {
  const zone = useZone()
  const asked = order.fulfillmentOrders.filter(({ partner }) => partner !== null)
  const known = {
    partner: usePartners(asked),
    channel: platformName(order.platform),
    at: (iso: string | null) => (iso === null ? 'just now' : timeText(iso, zone)),
  }
  const { held, cancel } = order
  const said = cancel && (order.cancelledAt === null ? wishes[cancel.state] : stopped)(order, cancel, known)
  return (
    <>
      {said && (
        <Note said={said} label="Cancellation">
          {cancel.state === 'refused' && order.cancelledAt === null && (
            <Action needs="orders:write" path={`/orders/${order.id}/keep`} said="Kept. It goes on." quiet>
              Keep order
            </Action>
          )}
        </Note>
      )}
      {held !== null && order.cancelledAt === null && (
        <Note
          label="Hold"
          said={{
            title: `Held since ${known.at(held.since)}: ${held.reason}.`,
            body:
              held.until === null
                ? 'Nothing of it goes to a warehouse until you release it.'
                : `Nothing of it goes to a warehouse until ${known.at(held.until)}, or until you release it.`,
          }}
        />
      )}
    </>
  )
}
