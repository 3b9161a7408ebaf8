import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ordersQuery, standingsQuery } from '../api/queries.ts'
import type { Order, StandingCounts } from '../api/types.ts'
import { standings } from '../api/types.ts'
import { useRowKeys } from '../parts/keys.ts'
import { ListEnd } from '../parts/list-end.tsx'
import { PageFrame } from '../parts/page.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { standingLooks } from '../parts/status.tsx'
import { counted } from '../parts/words.ts'
import { OrderFilters, placedFrom } from './order-filters.tsx'
import { OrderCards, OrderTable } from './order-rows.tsx'

const route = getRouteApi('/shell/orders')

function useAsked() {
  const { standing, connection, from } = route.useSearch()
  const within = { connection, placedFrom: placedFrom(from) }
  return {
    standing,
    within,
    filters: { ...within, standing },
    filtered: connection !== undefined || from !== undefined,
  }
}

function StandingTabs({ counts }: { readonly counts: StandingCounts | undefined }) {
  const search = route.useSearch()
  return (
    <nav className="tabs" aria-label="Where orders stand">
      <Link to="/orders" search={{ ...search, standing: undefined }} activeOptions={{ exact: true }} className="tab">
        All <b>{counts === undefined ? '' : counts.looked.toLocaleString('en-GB')}</b>
      </Link>
      {standings.map((standing) => (
        <Link
          key={standing}
          to="/orders"
          search={{ ...search, standing }}
          className="tab"
          title={standingLooks[standing].means}
          data-loud={standing === 'needs_you' && (counts?.counts.needs_you ?? 0) > 0}
        >
          {standingLooks[standing].word} <b>{counts?.counts[standing].toLocaleString('en-GB')}</b>
        </Link>
      ))}
    </nav>
  )
}

/** Rows that came after the list was opened wait above it, so that nothing moves under the pointer. */
function useCalmRows(rows: readonly Order[], listName: string) {
  const [opened, setOpened] = useState({ listName: '', newest: '' })
  const newest = rows[0]?.placedAt ?? ''
  if (opened.listName !== listName && newest !== '') setOpened({ listName, newest })
  const isFresh = (order: Order) => opened.listName === listName && order.placedAt > opened.newest
  return {
    calm: rows.filter((order) => !isFresh(order)),
    fresh: rows.filter(isFresh).length,
    show: () => setOpened({ listName, newest }),
  }
}

function OrderList() {
  const { filters, filtered, standing } = useAsked()
  const list = useInfiniteQuery(ordersQuery(filters))
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const { calm, fresh, show } = useCalmRows(rows, JSON.stringify(filters))
  useRowKeys()
  if (list.isPending) return <Loading label="orders" rows={10} />
  if (list.data === undefined)
    return <Failed what="Orders" error={list.error ?? new Error()} again={() => void list.refetch()} />
  if (rows.length === 0 && !list.hasNextPage) return <NoOrders filtered={filtered} standing={standing !== undefined} />
  return (
    <>
      {fresh > 0 && (
        <button type="button" className="fresh" onClick={show}>
          {counted(fresh, 'new order')} · Show
        </button>
      )}
      <div className="has-cards">
        <OrderTable orders={calm} />
        <OrderCards orders={calm} />
      </div>
      <ListEnd
        shown={calm.length}
        one="order"
        hasMore={list.hasNextPage}
        loading={list.isFetchingNextPage}
        more={() => void list.fetchNextPage()}
      />
    </>
  )
}

function NoOrders({ filtered, standing }: { readonly filtered: boolean; readonly standing: boolean }) {
  const search = route.useSearch()
  if (filtered)
    return (
      <Empty
        action={
          <Link to="/orders" search={{ standing: search.standing }}>
            Clear filters
          </Link>
        }
      >
        No orders match these filters.
      </Empty>
    )
  if (standing) return <Empty>No order stands here now.</Empty>
  return <Empty>No order has come yet. Connect a channel to see orders here.</Empty>
}

export function OrdersPage() {
  const { within } = useAsked()
  const counts = useQuery(standingsQuery(within))
  const { data } = counts
  const note =
    data === undefined
      ? undefined
      : `${data.more ? `the newest ${data.looked.toLocaleString('en-GB')} counted` : counted(data.looked, 'order')}`
  return (
    <PageFrame title="Orders" note={note} readAt={counts.dataUpdatedAt} stale={counts.isError}>
      <StandingTabs counts={data} />
      <section className="card" aria-label="List of orders">
        <OrderFilters />
        <OrderList />
      </section>
    </PageFrame>
  )
}
