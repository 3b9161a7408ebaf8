import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { auditsQuery, connectionsQuery } from '../api/queries.ts'
import { type HubStatus, hubStatusQuery } from '../api/status.ts'
import type { Audits, Connection } from '../api/types.ts'
import { healthOf } from '../parts/health.ts'
import { PageFrame } from '../parts/page.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { Status } from '../parts/status.tsx'
import { ageText, Time } from '../parts/time.tsx'
import { counted, plain, platformName } from '../parts/words.ts'
import { laneLook, StatusWork, worstLane } from './status-work.tsx'

const lagWords = ({ lag }: Connection): string => {
  const parts = [
    ...(lag.pendingMessages > 0 ? [`${counted(lag.pendingMessages, 'message')} to read`] : []),
    ...(lag.listingsBehind > 0 ? [`${counted(lag.listingsBehind, 'stock number')} on the way`] : []),
    ...(lag.effectsOpen > 0 ? [`${counted(lag.effectsOpen, 'confirmation')} awaited`] : []),
  ]
  return parts.length === 0 ? 'nothing waits' : parts.join(', ')
}

function Row({ connection }: { readonly connection: Connection }) {
  const { word, tone, icon, why } = healthOf(connection)
  return (
    <li className="exception">
      <div>
        <p>
          <b>{connection.label}</b> <span className="dim">{platformName(connection.connector)}</span>
        </p>
        <p className="sub">
          {why}{' '}
          {connection.lastSuccessAt !== null && (
            <>
              Last contact <Time at={connection.lastSuccessAt} />.{' '}
            </>
          )}
          {connection.lastOrderSeenAt !== null && (
            <>
              Last order <Time at={connection.lastOrderSeenAt} />.{' '}
            </>
          )}
        </p>
        <p className="sub">Waiting work: {lagWords(connection)}</p>
      </div>
      <div>
        <Status tone={tone} icon={icon}>
          {word}
        </Status>
      </div>
    </li>
  )
}

function Connections() {
  const list = useQuery(connectionsQuery)
  return (
    <section className="card">
      <h2>Channels and warehouses</h2>
      {list.isPending && <Loading label="the connections" rows={4} />}
      {list.data === undefined && list.error !== null && (
        <Failed what="The connections" error={list.error} again={() => void list.refetch()} />
      )}
      {list.data?.items.length === 0 && <Empty>Nothing is connected yet.</Empty>}
      <ul className="parcels">
        {list.data?.items.map((connection) => (
          <Row key={connection.id} connection={connection} />
        ))}
      </ul>
    </section>
  )
}

const auditLooks = {
  kept: ['None found', 'success', 'check'],
  broken: ['Found', 'critical', 'warn'],
  unfinished: ['Not finished', 'attention', 'question'],
} as const

function AuditRow({ audit }: { readonly audit: Audits['audits'][number] }) {
  const [word, tone, icon] = auditLooks[audit.state]
  return (
    <li className="exception">
      <div>
        <p>{plain(audit.means)}</p>
        {audit.state === 'broken' && (
          <p className="sub sub-problem">
            {counted(audit.violations, 'row')}
            {audit.more ? ' or more' : ''}. {audit.mend}
          </p>
        )}
        {audit.reason !== null && <p className="sub">{audit.reason}</p>}
      </div>
      <div>
        <Status tone={tone} icon={icon}>
          {word}
        </Status>
      </div>
    </li>
  )
}

function Rows({ rows }: { readonly rows: Audits['audits'] }) {
  return (
    <ul className="parcels">
      {rows.map((audit) => (
        <AuditRow key={audit.name} audit={audit} />
      ))}
    </ul>
  )
}

/** What is wrong stands open; what is well can be read by who wants to. */
function AuditList() {
  const audits = useQuery(auditsQuery)
  const rows = audits.data?.audits ?? []
  const kept = rows.filter(({ state }) => state === 'kept')
  return (
    <section className="card">
      <div className="card-head">
        <div>
          <h2>What must never be found</h2>
          <p className="sub">Questions to the hub’s own tables. Each answer would be a broken promise.</p>
        </div>
        <Button size="xs" variant="default" loading={audits.isFetching} onClick={() => void audits.refetch()}>
          Check again
        </Button>
      </div>
      {audits.isPending && <Loading label="the checks" rows={6} />}
      {audits.data === undefined && audits.error !== null && (
        <Failed what="The checks" error={audits.error} again={() => void audits.refetch()} />
      )}
      <Rows rows={rows.filter(({ state }) => state !== 'kept')} />
      {kept.length > 0 && (
        <details className="kept">
          <summary>{counted(kept.length, 'question')} found nothing</summary>
          <Rows rows={kept} />
        </details>
      )}
    </section>
  )
}

function oldestWords(status: HubStatus): string {
  const worst = worstLane(status)
  return worst?.oldest ? `Oldest waiting work ${ageText(worst.oldest)}.` : 'No work waits.'
}

/** All of it in one sentence; what is not known is not called well. */
function Summary() {
  const { data: audits } = useQuery(auditsQuery)
  const { data: connections } = useQuery(connectionsQuery)
  const { data: status } = useQuery(hubStatusQuery)
  if (status === undefined || connections === undefined || audits === undefined)
    return <p className="order-sentence">Looking…</p>
  const ill = connections.items.filter((one) => ['critical', 'warning'].includes(healthOf(one).tone)).length
  const late = status.lanes.filter((lane) => ['critical', 'warning'].includes(laneLook(lane)[1])).length
  const silent = status.processes.filter((one) => one.silent).length
  const isIdle = !status.processes.some(({ role, silent: gone }) => role !== 'http' && !gone)
  const parts = [
    ...(isIdle ? ['No process carries work out'] : []),
    ...(late > 0 ? [`${counted(late, 'kind')} of work ${late === 1 ? 'is' : 'are'} late`] : []),
    ...(silent > 0 ? [`${counted(silent, 'process', 'processes')} fell silent`] : []),
    ...(ill > 0 ? [`${counted(ill, 'connection')} ${ill === 1 ? 'needs' : 'need'} a look`] : []),
    ...(audits.broken > 0 ? [`${counted(audits.broken, 'check')} found what must not be`] : []),
    ...(audits.unfinished > 0 ? [`${counted(audits.unfinished, 'check')} did not finish`] : []),
  ]
  const isWell = parts.length === 0
  return (
    <p className={`said tone-${isWell ? 'success' : 'warning'}`} role="status">
      <b>
        {isWell ? 'All well.' : `${parts.join(', ')}.`} {oldestWords(status)}
      </b>
    </p>
  )
}

export function StatusPage() {
  const list = useQuery(connectionsQuery)
  return (
    <PageFrame title="System status" readAt={list.dataUpdatedAt} stale={list.isError && list.data !== undefined}>
      <Summary />
      <div className="stack">
        <StatusWork />
        <Connections />
        <AuditList />
      </div>
    </PageFrame>
  )
}
