import { TextInput } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { connectionsQuery, matrixQuery } from '../api/queries.ts'
import type { MatrixRow } from '../api/types.ts'
import { Icon } from '../parts/icons.tsx'
import { useRowKeys } from '../parts/keys.ts'
import { ListEnd } from '../parts/list-end.tsx'
import { PageFrame } from '../parts/page.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { AdjustStock } from './adjust-stock.tsx'
import { InventoryCards, InventoryTable } from './inventory-rows.tsx'
import { cellLooks } from './stock-cell.tsx'

const route = getRouteApi('/shell/inventory')
const views = [
  [undefined, 'All'],
  ['not_in_step', 'Not in step'],
  ['short', 'Short'],
] as const

/** Asked for by Enter, not by each letter: the address is what a colleague is sent. */
function SkuFilter() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const [sku, setSku] = useState(search.sku ?? '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void navigate({ search: { ...search, sku: sku.trim() || undefined } })
  }
  return (
    <form className="filters" onSubmit={submit}>
      <TextInput
        className="grow"
        label="SKU begins with"
        placeholder="Type and press Enter"
        value={sku}
        onChange={({ currentTarget }) => setSku(currentTarget.value)}
      />
    </form>
  )
}

function Legend() {
  return (
    <p className="legend">
      {Object.values(cellLooks).map(({ icon, word }) => (
        <span key={icon}>
          <Icon name={icon} size={14} /> {word}
        </span>
      ))}
      <span>– not sold there</span>
    </p>
  )
}

function NoItems() {
  const { show, sku } = route.useSearch()
  if (sku !== undefined)
    return (
      <Empty
        action={
          <Link to="/inventory" search={{ show, sku: undefined }}>
            Clear the filter
          </Link>
        }
      >
        No SKU begins with “{sku}” here.
      </Empty>
    )
  if (show === 'not_in_step') return <Empty>Every channel shows the number that it should.</Empty>
  if (show === 'short') return <Empty>No order lacks stock.</Empty>
  return <Empty>No items yet. They come with the first channel, or by the API.</Empty>
}

function Matrix({ adjust }: { readonly adjust: (row: MatrixRow) => void }) {
  const { show, sku } = route.useSearch()
  const list = useInfiniteQuery(matrixQuery({ show, sku }))
  const connections = useQuery(connectionsQuery).data?.items ?? []
  useRowKeys()
  if (list.isPending) return <Loading label="the inventory" rows={10} />
  if (list.data === undefined)
    return <Failed what="The inventory" error={list.error ?? new Error()} again={() => void list.refetch()} />
  const rows = list.data.pages.flatMap((page) => page.items)
  if (rows.length === 0 && !list.hasNextPage) return <NoItems />
  return (
    <>
      <div className="has-cards">
        <InventoryTable rows={rows} connections={connections} adjust={adjust} />
        <InventoryCards rows={rows} connections={connections} adjust={adjust} />
      </div>
      <ListEnd
        shown={rows.length}
        one="item"
        hasMore={list.hasNextPage}
        loading={list.isFetchingNextPage}
        more={() => void list.fetchNextPage()}
      />
      <Legend />
    </>
  )
}

export function InventoryPage() {
  const search = route.useSearch()
  const list = useInfiniteQuery(matrixQuery({ show: search.show, sku: search.sku }))
  const [adjusted, setAdjusted] = useState<MatrixRow | null>(null)
  return (
    <PageFrame title="Inventory" readAt={list.dataUpdatedAt} stale={list.isError && list.data !== undefined}>
      <nav className="tabs" aria-label="Which items">
        {views.map(([show, word]) => (
          <Link
            key={word}
            to="/inventory"
            search={{ ...search, show }}
            className={search.show === show ? 'tab active' : 'tab'}
            activeOptions={{ exact: true }}
          >
            {word}
          </Link>
        ))}
      </nav>
      <section className="card" aria-label="Items and what channels show">
        <SkuFilter key={search.sku} />
        <Matrix adjust={setAdjusted} />
      </section>
      {adjusted !== null && <AdjustStock item={adjusted.item} sku={adjusted.sku} close={() => setAdjusted(null)} />}
    </PageFrame>
  )
}
