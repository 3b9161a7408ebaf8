import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { exceptionsQuery } from '../api/queries.ts'
import type { Exception } from '../api/types.ts'
import { Icon } from '../parts/icons.tsx'
import { useRowKeys } from '../parts/keys.ts'
import { ListEnd } from '../parts/list-end.tsx'
import { PageFrame } from '../parts/page.tsx'
import { problemName, tell } from '../parts/problems.ts'
import { SettleAction } from '../parts/remedies.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { counted } from '../parts/words.ts'

const route = getRouteApi('/shell/exceptions')

/** What it is about, and the page that shows it. */
function Subject({ exception: { subject, kind } }: { readonly exception: Exception }) {
  const words = { className: 'main-link', 'data-row': true }
  if (subject.kind === 'order')
    return (
      <Link to="/orders/$id" params={{ id: subject.id }} {...words}>
        {subject.name ?? 'Open the order'}
      </Link>
    )
  if (subject.kind === 'level')
    return (
      <Link to="/inventory/$id" params={{ id: subject.id }} {...words}>
        {subject.name ?? 'Open the item'}
      </Link>
    )
  if (subject.kind === 'listing')
    return (
      <Link to="/listings" search={{ show: 'all', connection: undefined, sku: undefined }} {...words}>
        {subject.name ?? 'Open the listings'}
      </Link>
    )
  if (subject.kind === 'file')
    return (
      <Link to="/files/$id" params={{ id: subject.id }} {...words}>
        {subject.name ?? 'Open the file'}
      </Link>
    )
  if (subject.kind === 'connection')
    return (
      <Link to="/channels/$id" params={{ id: subject.id }} search={{ tab: 'overview' }} {...words}>
        {subject.name ?? 'Open the channel'}
      </Link>
    )
  if (kind === 'promise_broken')
    return (
      <Link to="/status" {...words}>
        Open System status
      </Link>
    )
  return null
}

function Row({ exception, remedy }: { readonly exception: Exception; readonly remedy: string }) {
  const told = tell(exception)
  return (
    <li className="exception">
      <div>
        <p>
          <Subject exception={exception} /> {told.title}
        </p>
        {told.remedy !== remedy && <p className="sub">{told.remedy}</p>}
        <p className="sub">
          Since <Time at={exception.raisedAt} />
          {exception.resolvedAt !== null && (
            <>
              , settled <Time at={exception.resolvedAt} />
            </>
          )}
        </p>
      </div>
      <div className="row-actions">{exception.resolvedAt === null && <SettleAction exception={exception.id} />}</div>
    </li>
  )
}

/** By cause, the causes that stop goods first, then the larger group. */
function groupsOf(rows: readonly Exception[]): (readonly [kind: string, rows: readonly Exception[]])[] {
  const isCritical = ([, [first]]: readonly [string, readonly Exception[]]) => (first ? tell(first).critical : false)
  return [...Map.groupBy(rows, ({ kind }) => kind)].sort(
    (a, b) => Number(isCritical(b)) - Number(isCritical(a)) || b[1].length - a[1].length,
  )
}

function Group({ kind, rows }: { readonly kind: string; readonly rows: readonly Exception[] }) {
  const { critical, remedy } = rows[0] === undefined ? { critical: false, remedy: '' } : tell(rows[0])
  return (
    <section className="card" aria-label={problemName(kind)}>
      <div className="card-head">
        <div>
          <h2>
            {problemName(kind)} <span className="dim">{rows.length}</span>
          </h2>
          <p className="sub">{remedy}</p>
        </div>
        <Status tone={critical ? 'critical' : 'attention'} icon="warn">
          {critical ? 'Stops goods or stock' : 'Worth a look'}
        </Status>
      </div>
      <ul className="parcels">
        {rows.map((exception) => (
          <Row key={exception.id} exception={exception} remedy={remedy} />
        ))}
      </ul>
    </section>
  )
}

function List() {
  const { state = 'open', kind } = route.useSearch()
  const list = useInfiniteQuery(exceptionsQuery({ state, kind }))
  useRowKeys()
  if (list.isPending) return <Loading label="exceptions" />
  if (list.data === undefined)
    return <Failed what="Exceptions" error={list.error ?? new Error()} again={() => void list.refetch()} />
  const rows = list.data.pages.flatMap((page) => page.items)
  if (rows.length === 0)
    return (
      <section className="card">
        <Empty>{state === 'open' ? 'No open exceptions. Nothing needs you.' : 'None was settled yet.'}</Empty>
      </section>
    )
  return (
    <div className="stack">
      {groupsOf(rows).map(([name, group]) => (
        <Group key={name} kind={name} rows={group} />
      ))}
      {list.hasNextPage && (
        <ListEnd
          shown={rows.length}
          one="exception"
          hasMore
          loading={list.isFetchingNextPage}
          more={() => void list.fetchNextPage()}
        />
      )}
    </div>
  )
}

function KindFilter() {
  const { kind } = route.useSearch()
  if (kind === undefined) return null
  return (
    <p className="said tone-info">
      Only “{problemName(kind)}”.{' '}
      <Link to="/exceptions" search={(old) => ({ ...old, state: undefined, kind: undefined })}>
        Show all
      </Link>
    </p>
  )
}

export function ExceptionsPage() {
  const { state = 'open', kind } = route.useSearch()
  const open = useInfiniteQuery(exceptionsQuery({ state: 'open' }))
  const first = open.data?.pages[0]
  const note =
    first && (first.next === null ? `${counted(first.items.length, 'thing')} need a person` : 'more than 200')
  return (
    <PageFrame title="Exceptions" note={note} readAt={open.dataUpdatedAt} stale={open.isError}>
      <nav className="tabs" aria-label="Open or settled">
        {(['open', 'resolved'] as const).map((one) => (
          <Link
            key={one}
            to="/exceptions"
            search={{ state: one, kind }}
            className={one === state ? 'tab active' : 'tab'}
          >
            {one === 'open' ? 'Open' : 'Settled'}
            {one === 'open' && <Icon name="warn" size={14} />}
          </Link>
        ))}
      </nav>
      <KindFilter />
      <List />
    </PageFrame>
  )
}
