import { Button, NativeSelect, Radio, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { change } from '../api/client.ts'
import type { WholeOrder } from '../api/types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { lengthText, timeText, useZone } from '../parts/time.tsx'
import { platformName } from '../parts/words.ts'
import { inHand, usePartners } from './order-wish.tsx'

interface Open {
  readonly order: WholeOrder
  readonly close: () => void
}

/** Says nothing itself: what came of it stands on the page, as the hub tells it. */
function useDecision<T>(path: string, close: () => void) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (body: T) => change('POST', path, body),
    onSuccess: async () => {
      await queries.invalidateQueries()
      close()
    },
  })
}

function NotDone({ error }: { readonly error: Error | null }) {
  if (error === null) return null
  return (
    <p className="said tone-critical" role="alert">
      Nothing was changed. {error.message}
    </p>
  )
}

const hourMs = 3_600_000
const lengths = [
  ['', 'I release it'],
  ['4', '4 hours'],
  ['24', '1 day'],
  ['72', '3 days'],
  ['168', '1 week'],
] as const

export function HoldDialog({ order, close }: Open) {
  const zone = useZone()
  const [openedAt] = useState(() => Date.now())
  const [reason, setReason] = useState('')
  const [hours, setHours] = useState('')
  const hold = useDecision<{ reason: string; until?: string }>(`/orders/${order.id}/hold`, close)
  const untilOf = (h: string) => new Date(openedAt + Number(h) * hourMs).toISOString()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    hold.mutate({ reason, ...(hours !== '' && { until: untilOf(hours) }) })
  }
  return (
    <Dialog title={`Hold ${order.number}?`} close={close}>
      <form className="form" onSubmit={submit}>
        <p>It keeps its stock, and nothing of it goes to a warehouse meanwhile.</p>
        <TextInput
          label="Reason"
          description="For whoever looks at it next. No names or addresses."
          required
          maxLength={200}
          data-autofocus
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <NativeSelect
          label="Until"
          value={hours}
          onChange={({ currentTarget }) => setHours(currentTarget.value)}
          data={lengths.map(([value, word]) => ({
            value,
            label: value === '' ? word : `${word} (${timeText(untilOf(value), zone)})`,
          }))}
        />
        <NotDone error={hold.error} />
        <div className="row-actions">
          <Button type="submit" loading={hold.isPending} disabled={reason.trim() === ''}>
            Hold order
          </Button>
          <Button variant="default" onClick={close}>
            Leave it
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

const reasons = [
  { value: 'buyer_request', label: 'The buyer asked for it' },
  { value: 'out_of_stock', label: 'Out of stock' },
  { value: 'other', label: 'Another reason' },
]

/** Who has it, since when, and what will be asked of whom. */
function useWhatHappens(order: WholeOrder) {
  const zone = useZone()
  const held = order.fulfillmentOrders.filter(inHand)
  const partner = usePartners(held)
  const channel = platformName(order.platform)
  const [first] = held
  if (first === undefined)
    return {
      partner: null,
      says: `No warehouse has this order. ${channel} will be told to cancel it, and its stock comes back when ${channel} shows it as cancelled.`,
    }
  const { submittedAt, ackDueAt } = first
  const since = submittedAt === null ? '' : ` since ${timeText(submittedAt, zone)}`
  const within =
    submittedAt === null || ackDueAt === null
      ? ''
      : ` They should answer within ${lengthText(Date.parse(ackDueAt) - Date.parse(submittedAt))}.`
  return { partner, says: `${partner} has this order${since}. We will ask them to stop.${within}` }
}

export function CancelDialog({ order, close }: Open) {
  const { partner, says } = useWhatHappens(order)
  const channel = platformName(order.platform)
  const [reason, setReason] = useState('buyer_request')
  const [tell, setTell] = useState('agreed')
  const cancel = useDecision<{ reason: string; tell: string }>(`/orders/${order.id}/cancel`, close)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    cancel.mutate({ reason, tell })
  }
  return (
    <Dialog title={`Cancel ${order.number}?`} close={close}>
      <form className="form" onSubmit={submit}>
        <p>{says}</p>
        <NativeSelect
          label="Reason"
          data={reasons}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        {partner !== null && (
          <Radio.Group label={`Tell ${channel}`} value={tell} onChange={setTell}>
            <div className="radios">
              <Radio value="agreed" label="when the warehouse agrees" />
              <Radio value="now" label="now: the buyer reads it at once, even if the warehouse ships it" />
            </div>
          </Radio.Group>
        )}
        <NotDone error={cancel.error} />
        <div className="row-actions">
          <Button type="submit" color="red" loading={cancel.isPending}>
            {partner === null ? `Cancel at ${channel}` : `Ask ${partner} to stop`}
          </Button>
          <Button variant="default" onClick={close} data-autofocus>
            Keep order
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
