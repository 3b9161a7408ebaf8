import { Link } from '@tanstack/react-router'
import type { Order } from '../api/types.ts'
import { tell } from '../parts/problems.ts'
import { ScrollRegion } from '../parts/scroll-region.tsx'
import { StandingStatus } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { counted, moneyText, platformName } from '../parts/words.ts'

interface Props {
  readonly orders: readonly Order[]
}

const channelOf = ({ account, platform }: Order): string => account ?? platformName(platform)

function Problem({ order }: { readonly order: Order }) {
  if (order.problem === null || order.standing !== 'needs_you') return null
  return <p className="sub sub-problem">{tell(order.problem).title}</p>
}

function OrderRow({ order }: { readonly order: Order }) {
  return (
    <tr>
      <td>
        <Link to="/orders/$id" params={{ id: order.id }} className="main-link" data-row>
          {order.number}
        </Link>
        {order.isTest && <span className="dim"> test</span>}
        <Problem order={order} />
      </td>
      <td className="nowrap">
        {channelOf(order)}
        <span className="sub-inline">{platformName(order.platform)}</span>
      </td>
      <td>
        <Time at={order.placedAt} />
      </td>
      <td className="number">{order.units.wanted}</td>
      <td className="number">{moneyText(order.total)}</td>
      <td>
        <StandingStatus standing={order.standing} />
      </td>
    </tr>
  )
}

export function OrderTable({ orders }: Props) {
  return (
    <ScrollRegion label="Orders as a table">
      <table className="table">
        <caption>Orders, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Order</th>
            <th scope="col">Channel</th>
            <th scope="col" aria-sort="descending">
              Placed
            </th>
            <th scope="col" className="number">
              Units
            </th>
            <th scope="col" className="number">
              Total
            </th>
            <th scope="col">Stage</th>
          </tr>
        </thead>
        <tbody>
          {orders.map((order) => (
            <OrderRow key={order.id} order={order} />
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

/** The same rows for a phone. */
export function OrderCards({ orders }: Props) {
  return (
    <div className="cards">
      {orders.map((order) => (
        <Link key={order.id} to="/orders/$id" params={{ id: order.id }} className="order-card">
          <span className="spread">
            <b>{order.number}</b>
            <StandingStatus standing={order.standing} />
          </span>
          <span className="spread dim">
            <span>
              {channelOf(order)} · <Time at={order.placedAt} />
            </span>
            <span>
              {counted(order.units.wanted, 'unit')} · {moneyText(order.total)}
            </span>
          </span>
          <Problem order={order} />
        </Link>
      ))}
    </div>
  )
}
