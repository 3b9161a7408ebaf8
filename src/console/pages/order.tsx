import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { ApiProblem } from '../api/client.ts'
import { orderQuery } from '../api/queries.ts'
import type { WholeOrder } from '../api/types.ts'
import { CopyId } from '../parts/copy.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { StandingStatus, standingLooks } from '../parts/status.tsx'
import { clockText, timeText, useZone } from '../parts/time.tsx'
import { counted, moneyText, platformName } from '../parts/words.ts'
import { OrderActions } from './order-actions.tsx'
import { OrderFacts } from './order-facts.tsx'
import { OrderLines } from './order-lines.tsx'
import { OrderProblems } from './order-problems.tsx'
import { OrderShipments } from './order-shipments.tsx'
import { OrderTechnical } from './order-technical.tsx'
import { OrderTimeline } from './order-timeline.tsx'
import { OrderWish } from './order-wish.tsx'

const route = getRouteApi('/shell/orders/$id')

/** What it is, in one sentence. */
function useSentence(order: WholeOrder): string {
  const zone = useZone()
  const { ordered, cancelled } = order.lines.reduce(
    (sum, line) => ({ ordered: sum.ordered + line.ordered, cancelled: sum.cancelled + line.cancelled }),
    { ordered: 0, cancelled: 0 },
  )
  const gone = cancelled > 0 ? `, ${cancelled} of them cancelled` : ''
  const what = `${counted(ordered, 'unit')} in ${counted(order.lines.length, 'line')}${gone}`
  const refund = Number(order.refunded.amount) === 0 ? '' : `, ${moneyText(order.refunded)} refunded`
  const account = order.account === null ? '' : ` (${order.account})`
  return `${what}, placed ${timeText(order.placedAt, zone)} on ${platformName(order.platform)}${account}. ${moneyText(order.total)}${refund}.`
}

function Steps({ order }: { readonly order: WholeOrder }) {
  const { units, standing } = order
  const sent = units.handedOff + units.shipped > 0
  const steps = [
    ['Placed', true],
    ['Received', true],
    ['Linked', units.unmapped === 0],
    ['Sent to warehouse', sent],
    ['Shipped', units.shipped > 0 && standing !== 'part_shipped'],
    [`${platformName(order.platform)} shows it`, standing === 'done'],
  ] as const
  if (standing === 'cancelled') return null
  return (
    <ol className="steps" aria-label="How far it is">
      {steps.map(([word, isDone]) => (
        <li key={word} className="step" data-done={isDone}>
          <Icon name={isDone ? 'check' : 'none'} size={14} />
          {word}
          <span className="hidden">{isDone ? ', done' : ', not yet'}</span>
        </li>
      ))}
    </ol>
  )
}

function Order({ order, readAt, stale }: { order: WholeOrder; readAt: number; stale: boolean }) {
  const zone = useZone()
  const sentence = useSentence(order)
  return (
    <>
      <div className="spread">
        <div className="order-head">
          <h1>
            {platformName(order.platform)} {order.number}
          </h1>
          <StandingStatus standing={order.standing} />
        </div>
        <div className="order-head">
          <OrderActions order={order} />
          <span className={stale ? 'age age-stale' : 'age'}>
            {stale ? 'not live: ' : ''}as of {clockText(new Date(readAt), zone)} · {zone}
          </span>
        </div>
      </div>
      <p className="order-sentence">
        {sentence} {order.standing === 'needs_you' ? '' : standingLooks[order.standing].means}
      </p>
      <Steps order={order} />
      <div className="stack">
        <OrderWish order={order} />
        <OrderProblems order={order} />
        <div className="columns">
          <div className="stack">
            <OrderLines order={order} />
            <OrderShipments order={order} />
          </div>
          <div className="stack">
            <OrderTimeline events={order.timeline} />
            <OrderFacts order={order} />
            <OrderTechnical order={order} />
          </div>
        </div>
      </div>
    </>
  )
}

export function OrderPage() {
  const { id } = route.useParams()
  const one = useQuery(orderQuery(id))
  useEffect(() => {
    document.title = `${one.data?.number ?? 'Order'} · Orders · Crossdock`
  }, [one.data?.number])
  return (
    <>
      <Link to="/orders" className="crumb">
        <Icon name="back" size={15} /> Orders
      </Link>
      <OrderOr404 one={one} id={id} />
    </>
  )
}

function OrderOr404({ one, id }: { one: ReturnType<typeof useQuery<WholeOrder>>; id: string }) {
  if (one.data !== undefined) return <Order order={one.data} readAt={one.dataUpdatedAt} stale={one.isError} />
  if (one.isPending) return <Loading label="the order" rows={8} />
  if (one.error instanceof ApiProblem && (one.error.status === 404 || one.error.status === 400))
    return (
      <Empty action={<CopyId id={id} label="the id" />}>
        There is no order with this id here. It may belong to another merchant.
      </Empty>
    )
  return <Failed what="This order" error={one.error ?? new Error()} again={() => void one.refetch()} />
}
