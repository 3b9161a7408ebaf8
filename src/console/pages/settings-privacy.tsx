import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { change } from '../api/client.ts'
import { type PrivacyRequest, privacyQuery } from '../api/settings.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Confirm } from '../parts/confirm.tsx'
import type { IconName } from '../parts/icons.tsx'
import { ListEnd } from '../parts/list-end.tsx'
import { useMay } from '../parts/may.ts'
import { Read, Section } from '../parts/section.tsx'
import { Empty } from '../parts/states.tsx'
import { Status, type Tone } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { counted, platformName } from '../parts/words.ts'

const kinds: Readonly<Record<PrivacyRequest['kind'], string>> = {
  export: 'Hand out what is known of a person',
  erase: 'Erase the persons of orders',
  erase_account: 'Erase the persons of a whole shop',
}
const soonMs = 7 * 86_400_000

function lookOf({ state, dueAt }: PrivacyRequest): readonly [string, Tone, IconName] {
  if (state === 'done') return ['Done', 'success', 'check']
  const leftMs = Date.parse(dueAt) - Date.now()
  if (leftMs < 0) return ['Overdue', 'critical', 'warn']
  if (state === 'waits_for_you') return ['Needs you', leftMs < soonMs ? 'critical' : 'warning', 'warn']
  return ['Under way', 'info', 'clock']
}

function Answer({ request: { id } }: { readonly request: PrivacyRequest }) {
  const sees = useMay('orders:persons')
  const queries = useQueryClient()
  const [closing, setClosing] = useState(false)
  return (
    <div className="row-actions">
      {sees && (
        <a
          className="linkbutton"
          href={`/api/v1/privacy/requests/${id}/export`}
          download={`privacy-${id}.json`}
          onClick={() => void queries.invalidateQueries()}
        >
          Download the answer
        </a>
      )}
      <ActButton needs="privacy:write" size="xs" variant="default" act={() => setClosing(true)}>
        Mark as answered
      </ActButton>
      {closing && (
        <Confirm
          title="Mark as answered?"
          word="Mark as answered"
          act={() => change('POST', `/privacy/requests/${id}/done`)}
          close={() => setClosing(false)}
        >
          The person has been handed what is known of them. The hub keeps when that was, and by whom.
        </Confirm>
      )}
    </div>
  )
}

function Row({ request }: { readonly request: PrivacyRequest }) {
  const [word, tone, icon] = lookOf(request)
  const { kind, source, platform, account, orders, receivedAt, dueAt, doneAt, proof, reason, state } = request
  return (
    <li className="exception">
      <div>
        <p>
          <b>{kinds[kind]}</b>{' '}
          <span className="dim">
            {account}, {orders.length === 0 ? 'all orders' : counted(orders.length, 'order')}
          </span>
        </p>
        <p className="sub">
          Asked by {source === 'platform' ? platformName(platform) : 'you'} <Time at={receivedAt} />
          {doneAt === null ? (
            <>
              , due <Time at={dueAt} />
            </>
          ) : (
            <>
              , done <Time at={doneAt} />
            </>
          )}
        </p>
        {kind !== 'export' && (
          <p className="sub">
            Proof: {counted(proof.persons, 'entry', 'entries')} of persons and {counted(proof.bodies, 'raw message')}{' '}
            are gone.
          </p>
        )}
        {reason !== null && <p className="sub">{reason}</p>}
        {state === 'waits_for_you' && <Answer request={request} />}
      </div>
      <Status tone={tone} icon={icon}>
        {word}
      </Status>
    </li>
  )
}

/** As the hub does it by itself; whoever runs it may have set other days. */
const kept = [
  ['Names and addresses of buyers', '30 days after the last parcel, or after the cancellation'],
  ['Messages of channels as they came', '30 days after they ended'],
  ['Timelines and settled exceptions', '400 days after the order is over'],
  ['Files that went to a warehouse', '14 days, longer only while they may still have to be sent again'],
  ['Orders, the stock ledger, the audit log', 'for good; none of them holds a name or an address'],
] as const

function Retention() {
  return (
    <Section title="How long what is kept" note="Unless whoever runs the hub has set other days.">
      <dl className="facts card-body">
        {kept.map(([what, how]) => (
          <div key={what} className="fact">
            <dt>{what}</dt>
            <dd>{how}</dd>
          </div>
        ))}
      </dl>
    </Section>
  )
}

/** What was asked about people, by when it is due, and how long anything of them is kept. */
export function PrivacySettings() {
  const list = useInfiniteQuery(privacyQuery)
  return (
    <>
      <Section title="Requests about people" note="The law gives a month. Erasures the hub carries out by itself.">
        <Read of={list} what="The requests">
          {({ pages }) => {
            const rows = pages.flatMap((page) => page.items)
            if (rows.length === 0) return <Empty>Nobody has asked about their data.</Empty>
            return (
              <>
                <ul className="parcels">
                  {rows.map((request) => (
                    <Row key={request.id} request={request} />
                  ))}
                </ul>
                <ListEnd
                  shown={rows.length}
                  one="request"
                  hasMore={list.hasNextPage}
                  loading={list.isFetchingNextPage}
                  more={() => void list.fetchNextPage()}
                />
              </>
            )
          }}
        </Read>
      </Section>
      <Retention />
      <Section title="After a backup is restored" note="A backup is older than the latest erasures.">
        <p className="card-body">
          Keep the output of <code>crossdock privacy list --json</code> beside your backups. It says which erasures to
          ask for again, with <code>crossdock privacy erase</code>, once one is restored.
        </p>
      </Section>
    </>
  )
}
