import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { filesQuery, type PartnerFile, type Warehouse, warehousesQuery } from '../api/warehouses.ts'
import { FileState, fileName, sizeText } from '../parts/file-state.tsx'
import { HandInFile } from '../parts/hand-in-file.tsx'
import { Icon } from '../parts/icons.tsx'
import { useRowKeys } from '../parts/keys.ts'
import { ListEnd } from '../parts/list-end.tsx'
import { PageFrame } from '../parts/page.tsx'
import { Action } from '../parts/remedies.tsx'
import { Read, Section } from '../parts/section.tsx'
import { Empty } from '../parts/states.tsx'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { counted } from '../parts/words.ts'
import { waitingWords, warehouseLook } from './warehouses.tsx'

const route = getRouteApi('/shell/warehouses/$id')
const views = [
  ['all', 'All files'],
  ['in', 'Received'],
  ['out', 'Sent'],
] as const

function FileRow({ file }: { readonly file: PartnerFile }) {
  return (
    <li className="exception">
      <div>
        <p>
          <Icon name={file.direction === 'in' ? 'back' : 'next'} size={13} />{' '}
          <Link to="/files/$id" params={{ id: file.id }} className="main-link" data-row>
            {fileName(file.name)}
          </Link>
        </p>
        <p className="sub">
          {file.direction === 'in' ? 'Received' : 'Made'} <Time at={file.createdAt} />, {sizeText(file.size)}
          {file.errors > 0 && `, ${counted(file.errors, 'row')} not taken`}
          {file.warnings > 0 && `, ${counted(file.warnings, 'warning')}`}
        </p>
      </div>
      <FileState file={file} />
    </li>
  )
}

function Files() {
  const { id } = route.useParams()
  const { show = 'all' } = route.useSearch()
  const list = useInfiniteQuery(filesQuery({ partner: id, direction: show === 'all' ? undefined : show }))
  useRowKeys()
  return (
    <Read of={list} what="The files">
      {({ pages }) => {
        const rows = pages.flatMap((page) => page.items)
        return (
          <>
            {rows.length === 0 && !list.hasNextPage && <Empty>No file yet.</Empty>}
            <ul className="parcels">
              {rows.map((file) => (
                <FileRow key={file.id} file={file} />
              ))}
            </ul>
            <ListEnd
              shown={rows.length}
              one="file"
              hasMore={list.hasNextPage}
              loading={list.isFetchingNextPage}
              more={() => void list.fetchNextPage()}
            />
          </>
        )
      }}
    </Read>
  )
}

function Standing({ one }: { readonly one: Warehouse }) {
  const [word, tone, icon] = warehouseLook(one)
  return (
    <>
      <p className="order-sentence">
        <Status tone={tone} icon={icon}>
          {word}
        </Status>{' '}
        {waitingWords(one)}{' '}
        {one.waitingSince !== null && (
          <>
            The oldest was sent <Time at={one.waitingSince} />.{' '}
          </>
        )}
        {one.lastError ?? one.statusReason ?? ''}
      </p>
      <div className="row-actions warehouse-acts">
        <Action
          needs="fulfillment:write"
          path={`/warehouses/${one.id}/send`}
          said="Due now. A file shows below once it is made; it is sent when its word says so."
          quiet
        >
          Send now
        </Action>
        <HandInFile warehouse={one.id} word="Upload a file" />
        <Link to="/settings/locations" className="crumb">
          Its location
        </Link>
      </div>
    </>
  )
}

/** One warehouse: how it stands, and every file that went there or came back. */
export function WarehousePage() {
  const { id } = route.useParams()
  const { show = 'all' } = route.useSearch()
  const list = useQuery(warehousesQuery)
  const one = list.data?.items.find((warehouse) => warehouse.id === id)
  return (
    <>
      <Link to="/warehouses" className="crumb">
        <Icon name="back" size={14} /> Warehouses
      </Link>
      <PageFrame title={one?.label ?? 'Warehouse'} readAt={list.dataUpdatedAt} stale={list.isError}>
        <Read of={list} what="The warehouse">
          {() =>
            one === undefined ? <Empty>There is no warehouse with this id here now.</Empty> : <Standing one={one} />
          }
        </Read>
        <Section title="Files" note="Rows already taken are ignored when they come again.">
          <nav className="tabs card-body" aria-label="Which files">
            {views.map(([view, word]) => (
              <Link
                key={view}
                to="/warehouses/$id"
                params={{ id }}
                search={{ show: view }}
                className={view === show ? 'tab active' : 'tab'}
              >
                {word}
              </Link>
            ))}
          </nav>
          <Files />
        </Section>
      </PageFrame>
    </>
  )
}
