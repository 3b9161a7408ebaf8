import { Link } from '@tanstack/react-router'
import type { Exception, WholeOrder } from '../api/types.ts'
import { Icon } from '../parts/icons.tsx'
import { tell } from '../parts/problems.ts'
import { Action, SettleAction } from '../parts/remedies.tsx'
import { Time } from '../parts/time.tsx'

/** Kinds that a second request to the warehouse may mend. */
const askAgain = new Set(['request_rejected', 'shipped_short'])

function Remedy({ order, problem }: { readonly order: WholeOrder; readonly problem: Exception }) {
  const unlinked = order.lines.find((line) => line.components.length === 0 && line.physical)
  if (problem.kind === 'unmapped_sku')
    return (
      <Link
        className="linkbutton"
        to="/listings"
        search={{ show: 'unlinked', sku: unlinked?.sku ?? undefined, connection: undefined }}
      >
        Link the listing
      </Link>
    )
  const stopped = order.fulfillmentOrders.find(({ status, partner }) => status === 'incomplete' && partner !== null)
  if (askAgain.has(problem.kind) && stopped !== undefined)
    return (
      <Action
        needs="fulfillment:write"
        path={`/fulfillment-orders/${stopped.id}/retry`}
        said="Queued. The warehouse's answer will show here."
      >
        Ask the warehouse again
      </Action>
    )
  return null
}

/** Each open problem: what it does, what mends it, and the button that does so. */
export function OrderProblems({ order }: { readonly order: WholeOrder }) {
  const open = order.exceptions.filter(({ resolvedAt }) => resolvedAt === null)
  return open.map((problem) => {
    const { title, remedy, critical } = tell(problem)
    return (
      <section key={problem.id} className="problem" data-critical={critical} aria-label="Problem">
        <h2>
          <Icon name="warn" />
          {title}
        </h2>
        <p>
          {remedy} Since <Time at={problem.raisedAt} />.
        </p>
        <div className="row-actions">
          <Remedy order={order} problem={problem} />
          <SettleAction exception={problem.id} />
        </div>
      </section>
    )
  })
}
