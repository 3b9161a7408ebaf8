import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, Navigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Connectable } from '../api/channel-types.ts'
import { askConsent, connectorsQuery, consentQuery } from '../api/channels.ts'
import { ApiProblem } from '../api/client.ts'
import { FormError } from '../parts/form-error.tsx'
import { Icon } from '../parts/icons.tsx'
import { useRefusal } from '../parts/may.ts'
import { PageFrame } from '../parts/page.tsx'
import { Read, Section } from '../parts/section.tsx'
import { Empty, Loading } from '../parts/states.tsx'

const route = getRouteApi('/shell/channels/connect')
const dayMs = 86_400_000
const histories = [
  ['30', 'Orders of the last 30 days'],
  ['7', 'Orders of the last 7 days'],
  ['90', 'Orders of the last 90 days'],
  ['0', 'Only orders from now on'],
] as const

function useAsk({ kind }: Connectable) {
  return useMutation({
    mutationFn: ({ settings, days }: { settings: Record<string, string>; days: number }) =>
      askConsent({
        connector: kind,
        settings,
        ...(days > 0 && { ordersFrom: new Date(Date.now() - days * dayMs).toISOString() }),
      }),
    // To the shop's own page; it sends the browser back.
    onSuccess: ({ url }) => window.location.assign(url),
  })
}

const saidOf = (error: Error | null, setting: string): string | null => {
  const found = error instanceof ApiProblem && error.errors.find(({ field }) => field === `settings.${setting}`)
  return found ? `${found.message.charAt(0).toUpperCase()}${found.message.slice(1)}.` : null
}

function Form({ connector, back }: { readonly connector: Connectable; readonly back: () => void }) {
  const { title, asks } = connector
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({})
  const [days, setDays] = useState<string>(histories[0][0])
  const ask = useAsk(connector)
  const isAway = ask.isPending || ask.isSuccess
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const settings = Object.fromEntries(Object.entries(given).filter(([, text]) => text.trim() !== ''))
    ask.mutate({ settings, days: Number(days) })
  }
  return (
    <form className="form card-body narrow" onSubmit={submit}>
      {asks.map(({ setting, label, example, help }, at) => (
        <TextInput
          key={setting}
          label={label}
          description={help}
          placeholder={example}
          required={at === 0}
          autoComplete="off"
          spellCheck={false}
          value={given[setting] ?? ''}
          onChange={({ currentTarget }) => setGiven({ ...given, [setting]: currentTarget.value })}
          error={saidOf(ask.error, setting)}
        />
      ))}
      <NativeSelect
        label="What we read of the time before"
        description="Read, never handed to a warehouse: whoever ships for this shop now ships those."
        value={days}
        onChange={({ currentTarget }) => setDays(currentTarget.value)}
        data={histories.map(([value, label]) => ({ value, label }))}
      />
      <p className="dim">
        {title} asks whether you agree and sends you back here. After that we only read. Nothing is written to the shop
        until you have seen what would change and switch it on.
      </p>
      {asks.every(({ setting }) => saidOf(ask.error, setting) === null) && <FormError error={ask.error} />}
      <div className="row-actions">
        <Button type="submit" loading={isAway}>
          Sign in to {title}
        </Button>
        <Button variant="default" onClick={back}>
          Another channel
        </Button>
      </div>
    </form>
  )
}

const registration = ({ kind }: Connectable) => {
  const name = kind.toUpperCase().replaceAll('-', '_')
  return `This hub is not registered there. Whoever runs it sets APP_${name}_ID and APP_${name}_SECRET.`
}

function Choice({ connectors, pick }: { connectors: readonly Connectable[]; pick: (one: Connectable) => void }) {
  const shops = connectors.filter(({ role, consent }) => role === 'channel' && consent)
  if (shops.length === 0) return <Empty>This hub has no channel that connects by a page of its own.</Empty>
  return (
    <ul className="parcels">
      {shops.map((one) => (
        <li key={one.kind} className="exception">
          <div>
            <p>
              <b>{one.title}</b>
            </p>
            {!one.ready && <p className="sub">{registration(one)}</p>}
          </div>
          <div className="row-actions">
            <Button size="xs" disabled={!one.ready} onClick={() => pick(one)}>
              Choose {one.title}
            </Button>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Start() {
  const connectors = useQuery(connectorsQuery)
  const refusal = useRefusal('connections:write')
  const [picked, setPicked] = useState<Connectable | null>(null)
  if (refusal !== null) return <p className="said tone-info">{refusal}</p>
  if (picked !== null)
    return (
      <Section title={`Connect a ${picked.title} shop`} note="Step 1 of 6: sign in">
        <Form connector={picked} back={() => setPicked(null)} />
      </Section>
    )
  return (
    <Section title="Which channel?" note="Step 1 of 6: sign in">
      <Read of={connectors} what="The channels">
        {(data) => <Choice connectors={data.connectors} pick={setPicked} />}
      </Read>
    </Section>
  )
}

const endings = {
  refused: 'The shop is not connected.',
  expired: 'Nobody came back from the shop’s page within ten minutes, so the question has ended.',
  waiting: 'Waiting for the shop’s answer…',
} as const

/** What became of the question; a connected shop goes on to its own page. */
function Answer({ id }: { readonly id: string }) {
  const consent = useQuery(consentQuery(id))
  if (consent.data === undefined) {
    if (consent.isPending) return <Loading label="the answer" rows={2} />
    return <p className="said tone-critical">This answer is not of this business, or too old. Start again.</p>
  }
  const { status, reason, connection } = consent.data
  if (status === 'connected' && connection !== null)
    return <Navigate to="/channels/$id" params={{ id: connection }} search={{ tab: undefined }} replace />
  if (status === 'connected') return null
  return (
    <div className={`said tone-${status === 'waiting' ? 'info' : 'warning'}`} role="status">
      <p>
        <b>{endings[status]}</b>
      </p>
      {reason !== null && <p>{reason}</p>}
    </div>
  )
}

/** From choosing a channel to the shop's own consent page, and what was said there. */
export function ConnectPage() {
  const { consent } = route.useSearch()
  return (
    <>
      <Link to="/channels" className="crumb">
        <Icon name="back" size={14} /> Channels
      </Link>
      <PageFrame title="Connect a channel">
        {consent !== undefined && <Answer id={consent} />}
        <Start />
      </PageFrame>
    </>
  )
}
