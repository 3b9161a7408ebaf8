import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { connectionsQuery, listingsQuery } from '../api/queries.ts'
import type { Connection, Listing } from '../api/types.ts'
import { ActButton } from '../parts/act-button.tsx'
import { ListEnd } from '../parts/list-end.tsx'
import { PageFrame } from '../parts/page.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { LinkListing } from './link-listing.tsx'
import { ItemLink } from './order-lines.tsx'

const route = getRouteApi('/shell/listings')
const views = [
  ['unlinked', 'Unlinked'],
  ['linked', 'Linked'],
  ['all', 'All'],
] as const
const unmapped = { unlinked: 'true', linked: 'false', all: undefined } as const

function useList() {
  const { show = 'unlinked', connection, sku } = route.useSearch()
  return useInfiniteQuery(listingsQuery({ unmapped: unmapped[show], connection, sku }))
}

function Filters({ connections }: { readonly connections: readonly Connection[] }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const shops = connections.filter(({ connector }) => connector !== 'warehouse-files')
  return (
    <div className="filters">
      <NativeSelect
        label="Channel"
        value={shops.some(({ id }) => id === search.connection) ? (search.connection ?? '') : ''}
        onChange={({ currentTarget: { value } }) =>
          void navigate({ search: { ...search, connection: value || undefined } })
        }
        data={[{ value: '', label: 'All channels' }, ...shops.map(({ id, label }) => ({ value: id, label }))]}
      />
      {search.sku !== undefined && (
        <p>
          Only SKU <b>{search.sku}</b>{' '}
          <Link to="/listings" search={{ ...search, sku: undefined }}>
            Show all
          </Link>
        </p>
      )}
    </div>
  )
}

function Takes({ listing }: { readonly listing: Listing }) {
  if (listing.components.length === 0) return <span className="sub-problem">linked to no item</span>
  return (
    <span>
      takes{' '}
      {listing.components.map((part, at) => (
        <span key={part.item}>
          {at > 0 && ', '}
          {part.quantity} × <ItemLink id={part.item} sku={part.sku} />
        </span>
      ))}
    </span>
  )
}

interface RowProps {
  readonly listing: Listing
  readonly shop: string
  readonly link: () => void
}

function Row({ listing, shop, link }: RowProps) {
  const isLinked = listing.components.length > 0
  return (
    <li className="exception">
      <div>
        <p>
          <b>{listing.title || listing.externalId}</b>
        </p>
        <p className="sub">
          {shop} · {listing.sku === null ? 'no SKU at the channel' : `SKU ${listing.sku}`} · <Takes listing={listing} />
        </p>
      </div>
      <div className="row-actions">
        <ActButton needs="listings:write" size="xs" variant={isLinked ? 'default' : 'filled'} act={link}>
          {isLinked ? 'Change' : 'Link'}
          <span className="hidden"> {listing.title}</span>
        </ActButton>
      </div>
    </li>
  )
}

function NoListings() {
  const { show = 'unlinked' } = route.useSearch()
  if (show === 'unlinked') return <Empty>Every listing is linked to an item.</Empty>
  return <Empty>No listing here. They are read when a channel is connected.</Empty>
}

function List({ connections }: { readonly connections: readonly Connection[] }) {
  const list = useList()
  const [linking, setLinking] = useState<Listing | null>(null)
  const shopOf = ({ connection }: Listing) => connections.find(({ id }) => id === connection)?.label ?? 'Channel'
  if (list.isPending) return <Loading label="listings" />
  if (list.data === undefined)
    return <Failed what="Listings" error={list.error ?? new Error()} again={() => void list.refetch()} />
  const rows = list.data.pages.flatMap((page) => page.items)
  return (
    <>
      {rows.length === 0 && !list.hasNextPage ? (
        <NoListings />
      ) : (
        <ul className="parcels">
          {rows.map((listing) => (
            <Row key={listing.id} listing={listing} shop={shopOf(listing)} link={() => setLinking(listing)} />
          ))}
        </ul>
      )}
      {(rows.length > 0 || list.hasNextPage) && (
        <ListEnd
          shown={rows.length}
          one="listing"
          hasMore={list.hasNextPage}
          loading={list.isFetchingNextPage}
          more={() => void list.fetchNextPage()}
        />
      )}
      {linking !== null && <LinkListing listing={linking} shop={shopOf(linking)} close={() => setLinking(null)} />}
    </>
  )
}

export function ListingsPage() {
  const search = route.useSearch()
  const list = useList()
  const connections = useQuery(connectionsQuery).data?.items ?? []
  return (
    <PageFrame title="Listings" readAt={list.dataUpdatedAt} stale={list.isError && list.data !== undefined}>
      <nav className="tabs" aria-label="Which listings">
        {views.map(([show, word]) => (
          <Link
            key={show}
            to="/listings"
            search={{ ...search, show }}
            className={(search.show ?? 'unlinked') === show ? 'tab active' : 'tab'}
          >
            {word}
          </Link>
        ))}
      </nav>
      <section className="card" aria-label="List of listings">
        <Filters connections={connections} />
        <List connections={connections} />
      </section>
    </PageFrame>
  )
}
