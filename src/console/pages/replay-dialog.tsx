import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { change } from '../api/client.ts'
import type { Replayed, WholeOrder } from '../api/types.ts'
import { CopyId } from '../parts/copy.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { counted } from '../parts/words.ts'

function Differences({ replayed }: { readonly replayed: Replayed }) {
  return (
    <details>
      <summary>Show difference</summary>
      <ul>
        {replayed.differences.map(({ what, stored, replayed: now }) => (
          <li key={what}>
            {what}: would be {now}, is {stored}
          </li>
        ))}
        {replayed.unreadable.map(({ message, reason }) => (
          <li key={message}>
            a message could no longer be read: {reason} <CopyId id={message} label="the message's id" />
          </li>
        ))}
      </ul>
    </details>
  )
}

function Result({ replayed }: { readonly replayed: Replayed }) {
  const read = `${counted(replayed.messages, 'message')} read again`
  const gone = replayed.gone === 0 ? '' : `, ${replayed.gone} no longer kept`
  if (replayed.result === 'same')
    return (
      <p className="said tone-success">
        Same result. <span>({`${read}${gone}`})</span>
      </p>
    )
  if (replayed.result === 'unknown')
    return (
      <p className="said tone-neutral">
        Cannot be compared: the newest message of this order is no longer kept. ({`${read}${gone}`})
      </p>
    )
  const [first] = replayed.differences
  return (
    <div className="said tone-critical">
      <p>
        Different
        {first === undefined
          ? ': a message can no longer be read.'
          : `: ${first.what} ${first.replayed}, was ${first.stored}.`}
      </p>
      <Differences replayed={replayed} />
    </div>
  )
}

interface Props {
  readonly order: WholeOrder
  /** How many messages made it what it is. */
  readonly messages: number
  readonly close: () => void
}

/** Reads an order's messages again and says what came of it; nothing is changed. */
export function ReplayDialog({ order, messages, close }: Props) {
  const replay = useMutation({ mutationFn: () => change<Replayed>('POST', `/orders/${order.id}/replay`) })
  return (
    <Dialog title={`Replay ${order.number}`} close={close}>
      <div className="form">
        <p>
          Replay {counted(messages, 'message')} of this order? The result must be the same; nothing is sent to a channel
          or warehouse.
        </p>
        <div role="status">
          {replay.data && <Result replayed={replay.data} />}
          {replay.isError && <p className="said tone-critical">Not replayed: {replay.error.message}</p>}
        </div>
        <div className="row-actions">
          <Button loading={replay.isPending} onClick={() => replay.mutate()}>
            {replay.data === undefined ? 'Replay and compare' : 'Replay again'}
          </Button>
          <Button variant="default" onClick={close}>
            Close
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
