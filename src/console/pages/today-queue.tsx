import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { WorkGroup } from '../api/types.ts'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { counted, moneyText } from '../parts/words.ts'
import { wordsOf } from './today-words.ts'

const button = { className: 'linkbutton', 'data-row': true }

/** The button that mends the cause, where there is one place to do it. */
function Remedy({ group }: { readonly group: WorkGroup }): ReactNode {
  const { cause, kind, sample } = group
  if (kind === 'unmapped_sku') {
    const { lines } = sample.detail
    const [line]: unknown[] = Array.isArray(lines) ? lines : []
    const sku = typeof line === 'object' && line !== null && 'sku' in line ? line.sku : null
    return (
      <Link
        to="/listings"
        search={{ show: 'unlinked', connection: undefined, sku: typeof sku === 'string' ? sku : undefined }}
        {...button}
      >
        Link the listing
      </Link>
    )
  }
  if (cause?.kind === 'item' && cause.id !== null)
    return (
      <Link to="/inventory/$id" params={{ id: cause.id }} {...button}>
        Open {cause.name}
      </Link>
    )
  if (kind === 'connection_stopped')
    return (
      <Link to="/status" {...button}>
        See the sign-in of {cause?.name ?? 'the channel'}
      </Link>
    )
  return null
}

/** Those that wait: the one order, or the list of them. */
function Those({ group, loud }: { readonly group: WorkGroup; readonly loud: boolean }) {
  const looks = loud ? button : {}
  const { order, orderNumber } = group.sample
  if (group.orders === 1 && order !== null)
    return (
      <Link to="/orders/$id" params={{ id: order }} {...looks}>
        Show order {orderNumber}
      </Link>
    )
  if (group.kind.startsWith('held'))
    return (
      <Link to="/orders" search={{ standing: 'needs_you' }} {...looks}>
        Show {counted(group.orders, 'order')}
      </Link>
    )
  return (
    <Link to="/exceptions" search={{ state: undefined, kind: group.kind }} {...looks}>
      {group.orders > 0 ? `Show ${counted(group.orders, 'order')}` : `Show ${counted(group.things, 'exception')}`}
    </Link>
  )
}

const hasRemedy = ({ kind, cause }: WorkGroup) =>
  kind === 'unmapped_sku' || kind === 'connection_stopped' || (cause?.kind === 'item' && cause.id !== null)

/** One cause: what it does, why, by when, what it is worth, and the way on. */
export function WorkItem({ group }: { readonly group: WorkGroup }) {
  const { title, body, critical } = wordsOf(group)
  return (
    <li className="work">
      <div className="work-head">
        <h3>{title}</h3>
        <span className="work-money">{group.money.map(moneyText).join(' + ')}</span>
      </div>
      <p className="work-when">
        <Status tone={critical ? 'critical' : 'attention'} icon="warn">
          {critical ? 'Stops goods or stock' : 'Worth a look'}
        </Status>
        <span className="dim">
          {group.dueAt === null ? (
            'No deadline known'
          ) : (
            <b>
              Due <Time at={group.dueAt} />
            </b>
          )}{' '}
          · since <Time at={group.oldestAt} />
        </span>
      </p>
      <p>{body}</p>
      <p className="row-actions">
        <Remedy group={group} />
        <Those group={group} loud={!hasRemedy(group)} />
      </p>
    </li>
  )
}
