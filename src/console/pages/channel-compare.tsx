import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Change, Channel, ModeChange, QuantityRow, Shadow } from '../api/channel-types.ts'
import { quantitiesQuery, setMode, shadowQuery } from '../api/channels.ts'
import { ActButton } from '../parts/act-button.tsx'
import { FormError } from '../parts/form-error.tsx'
import { Icon } from '../parts/icons.tsx'
import { Rows } from '../parts/rows.tsx'
import { Read, Section } from '../parts/section.tsx'
import { Time } from '../parts/time.tsx'
import { counted } from '../parts/words.ts'
import { GoLiveWithAll, GoLiveWithSome } from './channel-go-live.tsx'

interface Props {
  readonly channel: Channel
}

const isReading = ({ backfill }: Channel) => backfill !== null && backfill.state !== 'done'

function Steps({ channel }: Props) {
  const { writeMode } = channel
  const writes = writeMode === 'canary' || writeMode === 'on'
  const steps = [
    ['Sign in', true],
    ['Read', !isReading(channel)],
    ['Watch', writeMode !== 'off'],
    ['Compare', writes],
    ['Some SKUs', writes],
    ['All', writeMode === 'on'],
  ] as const
  const now = steps.findIndex(([, done]) => !done)
  return (
    <ol className="steps" aria-label="From connecting to live">
      {steps.map(([word, done], at) => (
        <li key={word} className="step" data-done={done} aria-current={at === now ? 'step' : undefined}>
          {done && <Icon name="check" size={14} />}
          {at + 1} {word}
          <span className="hidden">{done ? ', done' : ', to come'}</span>
        </li>
      ))}
    </ol>
  )
}

/** How far the reading of what was there before has come, while it goes on. */
function Reading({ channel }: Props) {
  const { backfill } = channel
  if (backfill === null) return null
  const counts = `${counted(backfill.orders, 'order')} and ${counted(backfill.listings, 'listing')}`
  return (
    <Section title="What we read" note="Nothing is written to the shop meanwhile. You may leave this page.">
      <p className="card-body" role="status">
        {backfill.state === 'done' ? 'Read: ' : 'Reading… '}
        <b>{counts}</b>, orders since <Time at={backfill.since} />
        {backfill.state === 'waiting' && `. It waits: ${backfill.error ?? 'the channel is not active'}.`}
      </p>
    </Section>
  )
}

const changeWords: Readonly<Record<Change, string>> = {
  lower: 'lower',
  higher: 'higher',
  equal: 'equal',
  unread: 'not read yet',
  not_written: 'not written',
}

function QuantityLine({ row }: { readonly row: QuantityRow }) {
  return (
    <li className="quantity">
      <span>
        <b>{row.sku ?? 'no SKU there'}</b> <span className="dim">{row.title}</span>
      </span>
      <span className="number">
        {row.before ?? 'not read'} → <b>{row.after ?? 'not written'}</b>
      </span>
    </li>
  )
}

function Quantities({ channel, filter }: Props & { readonly filter: Change }) {
  const list = useInfiniteQuery(quantitiesQuery(channel.id, filter))
  return (
    <Rows of={list} what="The numbers" one="listing" none="None.">
      {(rows) => (
        <ul className="parcels">
          {rows.map((row) => (
            <QuantityLine key={row.listing} row={row} />
          ))}
        </ul>
      )}
    </Rows>
  )
}

/** The numbers that a first write would set; each count opens the list behind it. */
function Numbers({ channel, shadow }: Props & { readonly shadow: Shadow }) {
  const [shown, setShown] = useState<Change | null>(null)
  const all = Object.values(shadow.quantities).reduce((sum, n) => sum + n, 0)
  const there = (Object.keys(changeWords) as Change[]).filter((name) => shadow.quantities[name] > 0)
  return (
    <Section
      title="Stock numbers"
      note={`${counted(all, 'listing')} of the shop, by what the first write would make of their number.`}
    >
      <div className="tabs card-tabs">
        {there.map((name) => (
          <button
            key={name}
            type="button"
            className={shown === name ? 'tab active' : 'tab'}
            aria-expanded={shown === name}
            onClick={() => setShown(shown === name ? null : name)}
          >
            <b>{shadow.quantities[name]}</b> {changeWords[name]}
          </button>
        ))}
      </div>
      {shown !== null && <Quantities channel={channel} filter={shown} />}
    </Section>
  )
}

function Line({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <div className="compare-line">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

const parts = (pairs: readonly (readonly [number, string])[]): string =>
  pairs
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${n.toLocaleString('en-GB')} ${word}`)
    .join(' · ') || 'none'

function Others({ channel, shadow: { orders, skus, more } }: Props & { readonly shadow: Shadow }) {
  const toSolve = skus.unmapped + skus.ambiguous + skus.never_counted
  return (
    <Section title="Orders and listings" note="What we would have done with them, and did not.">
      <dl className="card-body compare">
        <Line name="Open orders">
          {parts([
            [orders.would_go, 'would go to the warehouse'],
            [orders.short, 'lack stock'],
            [orders.unmapped, 'wait for a listing to be linked'],
            [orders.on_hold, 'on hold'],
            [orders.nothing_to_ship, 'have nothing to ship'],
          ])}
        </Line>
        <Line name="Listings">
          {parts([
            [skus.fine, 'linked'],
            [skus.unmapped, 'to link'],
            [skus.ambiguous, 'with a SKU that comes twice'],
            [skus.never_counted, 'never counted here'],
            [skus.not_tracked, 'without stock at the shop'],
          ])}{' '}
          {toSolve > 0 && (
            <Link to="/channels/$id" params={{ id: channel.id }} search={{ tab: 'mapping' }}>
              Solve {toSolve}
            </Link>
          )}
        </Line>
        <Line name="Mails to buyers">none: the shop mails its buyers itself</Line>
      </dl>
      {more && <p className="card-body dim">The first 2,000 of each were looked at; there are more.</p>}
    </Section>
  )
}

function useMode(channel: Channel) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (to: ModeChange) => setMode(channel, to),
    onSuccess: () => queries.invalidateQueries(),
  })
}

const nowWords = {
  off: 'Only read so far. To compare, we also read what the shop shows of each listing. Nothing is written.',
  shadow:
    'Nothing is written to the shop. Live means: we write stock for its linked listings and tracking for its orders.',
  canary: 'We write stock for the SKUs that you chose, and for no others.',
  on: 'We write stock for every linked listing.',
} as const

function Moves({ channel, shadow }: Props & { readonly shadow: Shadow | undefined }) {
  const mode = useMode(channel)
  const [dialog, setDialog] = useState<'some' | 'all' | null>(null)
  const { writeMode } = channel
  const writes = writeMode === 'canary' || writeMode === 'on'
  const needs = 'connections:write'
  return (
    <Section title="Go live" note={nowWords[writeMode]}>
      <div className="card-body">
        <FormError error={mode.error} />
        <div className="row-actions">
          {writeMode === 'off' && (
            <ActButton needs={needs} loading={mode.isPending} act={() => mode.mutate({ mode: 'shadow' })}>
              Compare with our numbers
            </ActButton>
          )}
          {(writeMode === 'shadow' || writeMode === 'canary') && (
            <>
              <ActButton needs={needs} act={() => setDialog('some')} disabled={isReading(channel)}>
                {writeMode === 'canary' ? 'Choose other SKUs' : 'Go live with some SKUs'}
              </ActButton>
              <ActButton needs={needs} variant="default" act={() => setDialog('all')} disabled={isReading(channel)}>
                Go live with all
              </ActButton>
            </>
          )}
          {writes && (
            <ActButton
              needs={needs}
              variant="default"
              loading={mode.isPending}
              act={() => mode.mutate({ mode: 'shadow' })}
            >
              Only watch again
            </ActButton>
          )}
        </div>
        {isReading(channel) && <p className="dim">You can go live when everything is read.</p>}
      </div>
      {dialog === 'some' && <GoLiveWithSome channel={channel} close={() => setDialog(null)} />}
      {dialog === 'all' && <GoLiveWithAll channel={channel} shadow={shadow} close={() => setDialog(null)} />}
    </Section>
  )
}

/** What would be written and was not, before the first write; and the steps to it. */
export function Compare({ channel }: Props) {
  const shadow = useQuery(shadowQuery(channel.id))
  return (
    <>
      <Steps channel={channel} />
      <div className="stack">
        <Reading channel={channel} />
        {channel.writeMode !== 'off' && (
          <Read of={shadow} what="The comparison">
            {(data) => (
              <>
                <Numbers channel={channel} shadow={data} />
                <Others channel={channel} shadow={data} />
              </>
            )}
          </Read>
        )}
        <Moves channel={channel} shadow={shadow.data} />
      </div>
    </>
  )
}
