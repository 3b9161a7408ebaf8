import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { change } from '../api/client.ts'
import { merchantQuery } from '../api/queries.ts'
import type { Merchant } from '../api/types.ts'
import { FormError } from '../parts/form-error.tsx'
import { useRefusal } from '../parts/may.ts'
import { Read, Section } from '../parts/section.tsx'
import { clockText } from '../parts/time.tsx'

const zones = Intl.supportedValuesOf('timeZone')
const currencies = Intl.supportedValuesOf('currency')

type Draft = Omit<Merchant, 'id'>

function useSave() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (draft: Draft) => change('PATCH', '/merchant', draft),
    onSuccess: () => queries.invalidateQueries(),
  })
}

function Form({ merchant: { name, timeZone, currency, shipsPartially } }: { readonly merchant: Merchant }) {
  const refusal = useRefusal('merchant:write')
  const [draft, setDraft] = useState<Draft>({ name, timeZone, currency, shipsPartially })
  const save = useSave()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(draft)
  }
  return (
    <form className="form card-body narrow" onSubmit={submit}>
      <TextInput
        label="Name"
        required
        maxLength={200}
        value={draft.name}
        onChange={({ currentTarget }) => setDraft({ ...draft, name: currentTarget.value })}
      />
      <NativeSelect
        label="Time zone"
        description={`Every time and every “today” on every page. Now it is ${clockText(new Date(), draft.timeZone)} there.`}
        value={draft.timeZone}
        data={[...new Set([draft.timeZone, 'UTC', ...zones])]}
        onChange={({ currentTarget }) => setDraft({ ...draft, timeZone: currentTarget.value })}
      />
      <NativeSelect
        label="Currency of your books"
        description="Orders keep the currency in which they were sold; nothing is converted."
        value={draft.currency ?? ''}
        data={[{ value: '', label: 'not said' }, ...currencies]}
        onChange={({ currentTarget }) => setDraft({ ...draft, currency: currentTarget.value || null })}
      />
      <label className="choice">
        <input
          type="checkbox"
          checked={draft.shipsPartially}
          onChange={({ target }) => setDraft({ ...draft, shipsPartially: target.checked })}
        />
        Send what is there, although another line of the order is short
      </label>
      <FormError error={save.error} />
      <div className="row-actions">
        <Button type="submit" loading={save.isPending} disabled={refusal !== null} title={refusal ?? undefined}>
          Save
        </Button>
        <span role="status">{save.isSuccess ? 'Saved.' : (refusal ?? '')}</span>
      </div>
    </form>
  )
}

/** What the business is called, and by which clock and money it counts. */
export function BusinessSettings() {
  const merchant = useQuery(merchantQuery)
  return (
    <Section title="Business" note="The same for everybody in the team.">
      <Read of={merchant} what="The business">
        {(one) => <Form key={one.id} merchant={one} />}
      </Read>
    </Section>
  )
}
