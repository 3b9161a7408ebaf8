import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { connectionsQuery, standingsQuery, todayQuery } from '../api/queries.ts'
import type { Standing, Today } from '../api/types.ts'
import { healthOf } from '../parts/health.ts'
import { useRowKeys } from '../parts/keys.ts'
import { PageFrame } from '../parts/page.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { Status } from '../parts/status.tsx'
import { ageText, clockText, useZone } from '../parts/time.tsx'
import { counted } from '../parts/words.ts'
import { WorkItem } from './today-queue.tsx'
import { wordsOf } from './today-words.ts'

const moving: readonly Standing[] = ['to_send', 'at_warehouse', 'part_shipped', 'confirming']

/** What stops goods comes first among what has no deadline; else in the hub's order: deadline, orders, age. */
const inOrder = (groups: Today['groups']) =>
  [...groups].sort((a, b) =>
    a.dueAt === null && b.dueAt === null ? Number(wordsOf(b).critical) - Number(wordsOf(a).critical) : 0,
  )

function NothingToDo({ readAt }: { readonly readAt: number }) {
  const zone = useZone()
  const counts = useQuery(standingsQuery({})).data?.counts
  const n = counts === undefined ? null : moving.reduce((sum, standing) => sum + counts[standing], 0)
  return (
    <Empty action={<Link to="/orders">See them</Link>}>
      Nothing needs you. Last check {clockText(new Date(readAt), zone)}.
      {n !== null &&
        ` ${counted(n, 'order')} ${n === 1 ? 'is' : 'are'} moving by ${n === 1 ? 'itself' : 'themselves'}.`}
    </Empty>
  )
}

function Queue() {
  const today = useQuery(todayQuery)
  useRowKeys()
  const { data } = today
  return (
    <section className="card" aria-label="What needs you">
      <h2>What needs you</h2>
      {today.isPending && <Loading label="the queue" rows={6} />}
      {data === undefined && today.error !== null && (
        <Failed what="The queue" error={today.error} again={() => void today.refetch()} />
      )}
      {data?.groups.length === 0 && <NothingToDo readAt={today.dataUpdatedAt} />}
      {data !== undefined && data.groups.length > 0 && (
        <ul className="parcels">
          {inOrder(data.groups).map((group) => (
            <WorkItem key={`${group.kind} ${group.cause?.id ?? group.cause?.name}`} group={group} />
          ))}
        </ul>
      )}
      {data?.more && <p className="card-body dim">More is open than is grouped here: see Exceptions.</p>}
    </section>
  )
}

function Figure({
  word,
  figure,
  children,
}: {
  readonly word: string
  readonly figure: string
  readonly children: ReactNode
}) {
  return (
    <div className="big-number">
      <dt>{word}</dt>
      <dd>{figure}</dd>
      <dd className="big-note">{children}</dd>
    </div>
  )
}

function Figures() {
  const standings = useQuery(standingsQuery({}))
  const today = useQuery(todayQuery)
  if (standings.data === undefined || today.data === undefined) {
    const error = standings.error ?? today.error
    if (error === null) return <Loading label="the numbers" rows={2} />
    return (
      <section className="card">
        <Failed what="The numbers" error={error} again={() => void standings.refetch()} />
      </section>
    )
  }
  const { counts, more, looked } = standings.data
  const { confirmed, groups } = today.data
  const late = groups.reduce((sum, group) => sum + (group.kind === 'ack_overdue' ? group.things : 0), 0)
  const of = more ? `of the newest ${looked.toLocaleString('en-GB')}` : 'stock is reserved'
  return (
    <dl className="big-numbers">
      <Figure word="To send" figure={counts.to_send.toLocaleString('en-GB')}>
        <Link to="/orders" search={{ standing: 'to_send' }}>
          {of}
        </Link>
      </Figure>
      <Figure word="At warehouse" figure={counts.at_warehouse.toLocaleString('en-GB')}>
        <Link to="/orders" search={{ standing: 'at_warehouse' }}>
          it has them
        </Link>
      </Figure>
      <Figure word="Answer late" figure={late.toLocaleString('en-GB')}>
        <Link to="/exceptions" search={{ state: undefined, kind: 'ack_overdue' }}>
          by the warehouse
        </Link>
      </Figure>
      <Figure word="Confirmed today" figure={`${confirmed.count.toLocaleString('en-GB')}${confirmed.more ? '+' : ''}`}>
        {confirmed.lastAt === null ? 'parcels, none yet' : `parcels, last ${ageText(confirmed.lastAt)} ago`}
      </Figure>
    </dl>
  )
}

function Channels() {
  const list = useQuery(connectionsQuery)
  const shown = list.data?.items.filter(({ status }) => status !== 'disconnected')
  return (
    <section className="card" aria-label="Channels and warehouses">
      <h2>Channels and warehouses</h2>
      {list.isPending && <Loading label="the channels" rows={2} />}
      {list.data === undefined && list.error !== null && (
        <Failed what="The channels" error={list.error} again={() => void list.refetch()} />
      )}
      {shown?.length === 0 && <Empty>Nothing is connected yet. Connect a channel to see its orders here.</Empty>}
      <ul className="strip">
        {shown?.map((connection) => {
          const { word, tone, icon, why } = healthOf(connection)
          return (
            <li key={connection.id} title={why}>
              <b>{connection.label}</b>{' '}
              <Status tone={tone} icon={icon}>
                {word}
              </Status>
              <span className="sub">
                {connection.lastSuccessAt === null
                  ? 'no contact yet'
                  : `last contact ${ageText(connection.lastSuccessAt)} ago`}
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

/** What needs a person now, worst first; then four numbers; then how the far sides are. Each part fails alone. */
export function TodayPage() {
  const today = useQuery(todayQuery)
  const groups = today.data?.groups
  const orders = groups?.reduce((sum, group) => sum + group.orders, 0) ?? 0
  const note =
    groups === undefined || groups.length === 0
      ? undefined
      : `${counted(groups.length, 'thing')} ${groups.length === 1 ? 'needs' : 'need'} you, ${counted(orders, 'order')} ${orders === 1 ? 'waits' : 'wait'} for them`
  return (
    <PageFrame title="Today" note={note} readAt={today.dataUpdatedAt} stale={today.isError}>
      <div className="stack">
        <Queue />
        <Figures />
        <Channels />
      </div>
    </PageFrame>
  )
}
