import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { change } from '../api/client.ts'
import { meQuery } from '../api/session.ts'
import { Dialog } from '../parts/dialog.tsx'
import { FormError } from '../parts/form-error.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'

const dayMs = 86_400_000
const lives = [
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
  { value: '', label: 'until it is revoked' },
]
/** What a person alone can do: no key is given it. */
const ofPeople = /^(me|team):/

interface Made {
  readonly secret: string
}

function useMake() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ label, scopes, days }: { label: string; scopes: readonly string[]; days: string }) =>
      change<Made>('POST', '/api-keys', {
        label,
        scopes,
        ...(days !== '' && { expiresAt: new Date(Date.now() + Number(days) * dayMs).toISOString() }),
      }),
    onSuccess: () => queries.invalidateQueries(),
  })
}

interface ScopesProps {
  readonly known: readonly string[]
  readonly picked: readonly string[]
  readonly pick: (scopes: readonly string[]) => void
}

function Scopes({ known, picked, pick }: ScopesProps) {
  const toggle = (name: string, on: boolean) => pick(on ? [...picked, name] : picked.filter((one) => one !== name))
  return (
    <fieldset className="choices">
      <legend>What it may do</legend>
      <div className="scopes">
        {known.map((name) => (
          <label key={name} className="choice">
            <input
              type="checkbox"
              checked={picked.includes(name)}
              onChange={({ target }) => toggle(name, target.checked)}
            />
            <code>{name}</code>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function Form({ close }: { readonly close: () => void }) {
  const mine = useQuery(meQuery).data?.permissions ?? []
  const [label, setLabel] = useState('')
  const [scopes, setScopes] = useState<readonly string[]>([])
  const [days, setDays] = useState('365')
  const make = useMake()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate({ label: label.trim(), scopes, days })
  }
  if (make.isSuccess)
    return (
      <div className="form">
        <ShownOnce
          label="key"
          secret={make.data.secret}
          warning="The hub keeps only its hash, so it is shown only now. Keep it where no log and no repository is."
        />
        <Button onClick={close}>Close</Button>
      </div>
    )
  return (
    <form className="form" onSubmit={submit}>
      <TextInput
        label="What is it for?"
        required
        maxLength={100}
        data-autofocus
        value={label}
        onChange={({ currentTarget }) => setLabel(currentTarget.value)}
      />
      <NativeSelect
        label="It counts for"
        value={days}
        data={lives}
        onChange={({ currentTarget }) => setDays(currentTarget.value)}
      />
      <Scopes known={mine.filter((name) => !ofPeople.test(name))} picked={scopes} pick={setScopes} />
      <FormError error={make.error} />
      <div className="row-actions">
        <Button type="submit" loading={make.isPending} disabled={scopes.length === 0}>
          Make the key
        </Button>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  )
}

/** A key with a name, an end, and no more than what it needs; then its text, once. */
export function NewKey({ close }: { readonly close: () => void }) {
  return (
    <Dialog title="New API key" close={close}>
      <Form close={close} />
    </Dialog>
  )
}
