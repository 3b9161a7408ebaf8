import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ApiProblem, change } from '../api/client.ts'
import { itemQuery, locationsQuery } from '../api/queries.ts'
import type { Adjustment, Level } from '../api/types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Loading } from '../parts/states.tsx'
import { counted } from '../parts/words.ts'

const reasons = ['Counted', 'Damaged', 'Found', 'Lost', 'Received', 'Correction']

interface Props {
  readonly item: string
  readonly sku: string
  readonly close: () => void
}

/** What the hub has done, and what is still to come; never more. */
function outcomeOf({ lines, short }: Adjustment): string {
  const [line] = lines
  const denied = line?.denied ?? 0
  return [
    `Saved: ${line?.before} → ${line?.after}. The channels are being told.`,
    ...(denied > 0 ? [`${counted(denied, 'unit')} stay counted: the warehouse has been promised them.`] : []),
    ...(short > 0 ? [`${counted(short, 'unit')} of orders now lack stock.`] : []),
  ].join(' ')
}

const wordsOf = (error: Error): string =>
  error instanceof ApiProblem && error.errors.length > 0
    ? error.errors.map(({ message, mend }) => `The line ${message}. ${mend}`).join(' ')
    : error.message

interface Draft {
  readonly location: string
  readonly count: string
  readonly reason: string
  readonly note: string
}

function useAdjust(sku: string) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ location, count, reason, note }: Draft) =>
      change<Adjustment>('POST', '/inventory/adjustments', {
        lines: [{ sku, location, set: Number(count) }],
        reason: note === '' ? reason : `${reason}: ${note}`,
      }),
    onSuccess: () => queries.invalidateQueries(),
  })
}

function Places({ levels, value, pick }: { levels: readonly Level[]; value: string; pick: (id: string) => void }) {
  const places = useQuery(locationsQuery).data?.items ?? []
  const onHand = (id: string) => levels.find(({ location }) => location === id)?.onHand ?? 0
  return (
    <NativeSelect
      label="Location"
      value={value}
      onChange={({ currentTarget }) => pick(currentTarget.value)}
      data={places.map(({ id, name, code }) => ({ value: id, label: `${name || code}, ${onHand(id)} on hand` }))}
    />
  )
}

function Form({ levels, sku, close }: { levels: readonly Level[]; sku: string; close: () => void }) {
  const places = useQuery(locationsQuery).data?.items ?? []
  const [draft, setDraft] = useState<Draft>({ location: '', count: '', reason: reasons[0] ?? '', note: '' })
  const adjust = useAdjust(sku)
  const location = draft.location || levels[0]?.location || places[0]?.id || ''
  const level = levels.find((one) => one.location === location)
  const before = level?.onHand ?? 0
  const isWhole = /^\d{1,7}$/.test(draft.count)
  const delta = Number(draft.count) - before
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isWhole) adjust.mutate({ ...draft, location })
  }
  if (adjust.isSuccess)
    return (
      <div className="form">
        <p role="status">{outcomeOf(adjust.data)}</p>
        <Button onClick={close}>Close</Button>
      </div>
    )
  return (
    <form className="form" onSubmit={submit}>
      <Places levels={levels} value={location} pick={(id) => setDraft({ ...draft, location: id })} />
      <TextInput
        label="New count"
        description={`${before} on hand, ${level?.reserved ?? 0} of them reserved for orders`}
        inputMode="numeric"
        required
        data-autofocus
        value={draft.count}
        onChange={({ currentTarget }) => setDraft({ ...draft, count: currentTarget.value.trim() })}
        error={draft.count !== '' && !isWhole ? 'Write a whole number, 0 or more.' : null}
      />
      <NativeSelect
        label="Reason"
        data={reasons}
        value={draft.reason}
        onChange={({ currentTarget }) => setDraft({ ...draft, reason: currentTarget.value })}
      />
      <TextInput
        label="Note"
        maxLength={300}
        value={draft.note}
        onChange={({ currentTarget }) => setDraft({ ...draft, note: currentTarget.value })}
      />
      {adjust.isError && (
        <p className="said tone-critical" role="alert">
          Nothing was changed. {wordsOf(adjust.error)}
        </p>
      )}
      <div className="row-actions">
        <Button type="submit" loading={adjust.isPending}>
          {isWhole ? `Set to ${draft.count} (${delta > 0 ? '+' : ''}${delta})` : 'Set the count'}
        </Button>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  )
}

/** A new count of one item at one place, with the reason that the ledger keeps. */
export function AdjustStock({ item, sku, close }: Props) {
  const one = useQuery(itemQuery(item))
  return (
    <Dialog title={`Adjust ${sku}`} close={close}>
      {one.data === undefined ? (
        <Loading label="the item" rows={4} />
      ) : (
        <Form levels={one.data.levels} sku={sku} close={close} />
      )}
    </Dialog>
  )
}
