import { Button, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { change } from '../api/client.ts'
import { connectionsQuery, locationsQuery } from '../api/queries.ts'
import type { Location } from '../api/types.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { FormError } from '../parts/form-error.tsx'
import { Read, Section } from '../parts/section.tsx'
import { Empty } from '../parts/states.tsx'

const isRank = (written: string) => /^\d{1,4}$/.test(written)

interface EditProps {
  /** Null: a new one. */
  readonly location: Location | null
  readonly close: () => void
}

function useSave({ location, close }: EditProps) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ code, name, rank }: { code: string; name: string; rank: number }) =>
      location === null
        ? change('POST', '/locations', { code, name, rank })
        : change('PATCH', `/locations/${location.id}`, { name, rank, version: location.version }),
    onSuccess: async () => {
      await queries.invalidateQueries()
      close()
    },
  })
}

function Edit({ location, close }: EditProps) {
  const [draft, setDraft] = useState({
    code: location?.code ?? '',
    name: location?.name ?? '',
    rank: String(location?.rank ?? 100),
  })
  const save = useSave({ location, close })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isRank(draft.rank)) save.mutate({ code: draft.code.trim(), name: draft.name.trim(), rank: Number(draft.rank) })
  }
  return (
    <Dialog title={location === null ? 'New location' : `Change ${location.code}`} close={close}>
      <form className="form" onSubmit={submit}>
        {location === null && (
          <TextInput
            label="Code"
            description="Short, as files and tables name it; it stays as it is"
            required
            maxLength={60}
            data-autofocus
            value={draft.code}
            onChange={({ currentTarget }) => setDraft({ ...draft, code: currentTarget.value })}
          />
        )}
        <TextInput
          label="Name"
          required
          maxLength={200}
          value={draft.name}
          onChange={({ currentTarget }) => setDraft({ ...draft, name: currentTarget.value })}
        />
        <TextInput
          label="Rank"
          description="Stock is taken from the lowest first"
          inputMode="numeric"
          required
          value={draft.rank}
          error={isRank(draft.rank) ? null : 'Write a whole number from 0 to 9999.'}
          onChange={({ currentTarget }) => setDraft({ ...draft, rank: currentTarget.value.trim() })}
        />
        <FormError error={save.error} />
        <div className="row-actions">
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function Row({ location, partner, edit }: { location: Location; partner: string | null; edit: () => void }) {
  return (
    <li className="exception">
      <div>
        <p>
          <b>{location.name || location.code}</b> <span className="dim">{location.code}</span>
        </p>
        <p className="sub">
          {partner === null ? 'You ship from here yourself' : `${partner} ships from here`}, rank {location.rank}
        </p>
      </div>
      <ActButton needs="locations:write" size="sm" variant="default" act={edit}>
        {`Change ${location.code}`}
      </ActButton>
    </li>
  )
}

/** Where stock lies, and from where it is taken first. */
export function LocationSettings() {
  const list = useQuery(locationsQuery)
  const connections = useQuery(connectionsQuery).data?.items ?? []
  const [editing, setEditing] = useState<Location | 'new' | null>(null)
  const partnerOf = ({ connection }: Location) =>
    connection === null ? null : (connections.find(({ id }) => id === connection)?.label ?? 'A warehouse')
  return (
    <Section
      title="Locations"
      note="The location of a warehouse that ships for you is made when you connect it."
      action={
        <ActButton needs="locations:write" act={() => setEditing('new')}>
          New location
        </ActButton>
      }
    >
      <Read of={list} what="Locations">
        {({ items }) =>
          items.length === 0 ? (
            <Empty>No location yet. Stock needs a place to lie.</Empty>
          ) : (
            <ul className="parcels">
              {items
                .toSorted((a, b) => a.rank - b.rank)
                .map((one) => (
                  <Row key={one.id} location={one} partner={partnerOf(one)} edit={() => setEditing(one)} />
                ))}
            </ul>
          )
        }
      </Read>
      {editing !== null && <Edit location={editing === 'new' ? null : editing} close={() => setEditing(null)} />}
    </Section>
  )
}
