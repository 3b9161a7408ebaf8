import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Channel } from '../api/channel-types.ts'
import { change } from '../api/client.ts'
import { ActButton } from '../parts/act-button.tsx'
import { CopyId } from '../parts/copy.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { FormError } from '../parts/form-error.tsx'
import { Section } from '../parts/section.tsx'
import { Time } from '../parts/time.tsx'

interface Props {
  readonly channel: Channel
}

const dayMs = 86_400_000
const needs = 'connections:write'

function useChange(act: () => Promise<unknown>, done: () => void = () => undefined) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: act,
    onSuccess: async () => {
      await queries.invalidateQueries()
      done()
    },
  })
}

function Name({ channel }: Props) {
  const [label, setLabel] = useState(channel.label)
  const rename = useChange(() => change('PATCH', `/connections/${channel.id}`, { label: label.trim() }))
  return (
    <Section title="Name" note="How this channel is called everywhere here. The shop’s own name stays.">
      <div className="card-body form narrow">
        <TextInput
          label="Name"
          maxLength={100}
          value={label}
          onChange={({ currentTarget }) => setLabel(currentTarget.value)}
        />
        <FormError error={rename.error} />
        <div className="row-actions">
          <ActButton needs={needs} loading={rename.isPending} act={() => rename.mutate()}>
            Save
          </ActButton>
          <span role="status">{rename.isSuccess ? 'Saved.' : ''}</span>
        </div>
      </div>
    </Section>
  )
}

function Fetch({ channel }: Props) {
  const [days, setDays] = useState('7')
  const since = () => new Date(Date.now() - Number(days) * dayMs).toISOString()
  const fetch = useChange(() => change('POST', `/connections/${channel.id}/backfill`, { since: since() }))
  return (
    <Section
      title="Read again"
      note="Orders of the last days and all listings. What is known already is not made twice, and none of it is handed over anew."
    >
      <div className="card-body form narrow">
        <NativeSelect
          label="How far back"
          value={days}
          onChange={({ currentTarget }) => setDays(currentTarget.value)}
          data={['1', '7', '30', '90'].map((value) => ({
            value,
            label: value === '1' ? 'Last day' : `Last ${value} days`,
          }))}
        />
        <FormError error={fetch.error} />
        <div className="row-actions">
          <ActButton needs={needs} variant="default" loading={fetch.isPending} act={() => fetch.mutate()}>
            Read them
          </ActButton>
          <span role="status">{fetch.isSuccess ? 'Queued. Go live shows how far it has come.' : ''}</span>
        </div>
      </div>
    </Section>
  )
}

function DisconnectDialog({ channel, close }: Props & { readonly close: () => void }) {
  const [typed, setTyped] = useState('')
  const end = useChange(() => change('POST', `/connections/${channel.id}/disconnect`), close)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (typed.trim() === channel.label) end.mutate()
  }
  return (
    <Dialog title={`Disconnect ${channel.label}?`} close={close}>
      <form className="form" onSubmit={submit}>
        <p>
          Its keys are erased here and nothing is read or written any more. Orders and history stay. Stock at the shop
          keeps the last number. Connecting it again continues where it stopped.
        </p>
        <TextInput
          label={`Write “${channel.label}” to disconnect it`}
          autoComplete="off"
          data-autofocus
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <FormError error={end.error} />
        <div className="row-actions">
          <Button type="submit" color="red" loading={end.isPending} disabled={typed.trim() !== channel.label}>
            Disconnect {channel.label}
          </Button>
          <Button variant="default" onClick={close}>
            Keep it
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function Disconnect({ channel }: Props) {
  const [open, setOpen] = useState(false)
  if (channel.status === 'disconnected') return null
  return (
    <Section title="Disconnect" note="Erases the keys and stops. Your orders and their history stay.">
      <div className="card-body">
        <ActButton needs={needs} variant="default" act={() => setOpen(true)}>
          Disconnect…
        </ActButton>
      </div>
      {open && <DisconnectDialog channel={channel} close={() => setOpen(false)} />}
    </Section>
  )
}

export function ChannelSettings({ channel }: Props) {
  return (
    <div className="stack">
      <Name channel={channel} />
      <Fetch channel={channel} />
      <Disconnect channel={channel} />
    </div>
  )
}

/** For whoever mends the hub: the words and ids of the machine. */
export function Technical({ channel }: Props) {
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    ['Connection', <CopyId key="id" id={channel.id} label="the id" />],
    ['Connector', channel.connector],
    ['Account there', channel.account.key],
    ['Its name there', channel.account.name],
    ['Status', `${channel.status}${channel.statusReason === null ? '' : `: ${channel.statusReason}`}`],
    ['Write mode', channel.writeMode],
    ['Orders from', <Time key="from" at={channel.ordersFrom} />],
    ['Connected', <Time key="at" at={channel.createdAt} />],
    ['Last error', channel.lastError ?? 'none'],
  ]
  return (
    <Section title="Technical">
      <dl className="facts card-body">
        {facts.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {Object.entries(channel.settings).map(([name, value]) => (
          <div key={name} className="fact">
            <dt>Setting {name}</dt>
            <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </Section>
  )
}
