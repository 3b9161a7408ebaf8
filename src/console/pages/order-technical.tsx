import { lazy, Suspense, useState } from 'react'
import type { WholeOrder } from '../api/types.ts'
import { ActButton } from '../parts/act-button.tsx'
import { CopyId } from '../parts/copy.tsx'

const ReplayDialog = lazy(() => import('./replay-dialog.tsx').then(({ ReplayDialog: it }) => ({ default: it })))

const ofOrder = new Set(['order.imported', 'order.updated', 'order.cancelled'])

/** How many messages made it what it is. */
function messagesOf({ timeline }: WholeOrder): number {
  const causes = timeline.filter(({ kind, cause }) => ofOrder.has(kind) && cause.kind === 'message')
  return new Set(causes.map(({ cause }) => cause.id)).size
}

/** For whoever looks after the hub: ids to copy, and whether the messages still say what the tables hold. */
export function OrderTechnical({ order }: { readonly order: WholeOrder }) {
  const [isOpen, setOpen] = useState(false)
  const messages = messagesOf(order)
  return (
    <section className="card">
      <h2>Technical</h2>
      <dl className="facts card-body">
        <dt>Channel's id</dt>
        <dd>
          <CopyId id={order.externalId} label="the channel's id" />
        </dd>
        <dt>Our id</dt>
        <dd>
          <CopyId id={order.id} label="our id" />
        </dd>
        <dt>Messages</dt>
        <dd>
          <ActButton
            needs="inbox:write"
            size="xs"
            variant="default"
            why={messages === 0 ? 'No message of this order is known any more.' : null}
            act={() => setOpen(true)}
          >
            Replay…
          </ActButton>
        </dd>
      </dl>
      <Suspense fallback={null}>
        {isOpen && <ReplayDialog order={order} messages={messages} close={() => setOpen(false)} />}
      </Suspense>
    </section>
  )
}
