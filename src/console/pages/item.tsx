import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { ApiProblem } from '../api/client.ts'
import { connectionsQuery, itemQuery } from '../api/queries.ts'
import type { Level, Listing, WholeItem } from '../api/types.ts'
import { ActButton } from '../parts/act-button.tsx'
import { CopyId } from '../parts/copy.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { clockText, useZone } from '../parts/time.tsx'
import { AdjustStock } from './adjust-stock.tsx'
import { Movements } from './item-movements.tsx'
import { StockCell } from './stock-cell.tsx'

const route = getRouteApi('/shell/inventory/$id')

const sum = (levels: readonly Level[], of: (level: Level) => number): number =>
  levels.reduce((total, level) => total + of(level), 0)

function Numbers({ levels }: { readonly levels: readonly Level[] }) {
  const held = sum(levels, (level) => level.unavailable + level.denied)
  const numbers = [
    ['On hand', sum(levels, (level) => level.onHand), 'in all locations'],
    ['Reserved', sum(levels, (level) => level.reserved), 'for orders'],
    ['Not for sale', held, 'damaged, or denied by a count'],
    ['Available', sum(levels, (level) => level.available), 'what channels should show'],
  ] as const
  return (
    <dl className="big-numbers">
      {numbers.map(([name, n, note]) => (
        <div key={name} className="big-number">
          <dt>{name}</dt>
          <dd>{n.toLocaleString('en-GB')}</dd>
          <dd className="big-note">{note}</dd>
        </div>
      ))}
    </dl>
  )
}

function Places({ levels }: { readonly levels: readonly Level[] }) {
  return (
    <section className="card">
      <h2>Locations</h2>
      {levels.length === 0 && <p className="card-body dim">Nothing was ever counted.</p>}
      <dl className="facts card-body">
        {levels.map((level) => (
          <div key={level.location} className="fact">
            <dt>{level.locationCode}</dt>
            <dd>
              <b>{level.available}</b> available of {level.onHand} on hand, {level.reserved} reserved
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

const cellOf = (listing: Listing, item: string) => ({
  listing: listing.id,
  connection: listing.connection,
  takes: listing.components.find((part) => part.item === item)?.quantity ?? 1,
  canTell: listing.known && listing.tracked,
  shows: listing.push?.shows ?? null,
  behind: listing.push?.behind ?? false,
  confirmedAt: listing.push?.confirmedAt ?? null,
  error: listing.push?.error ?? null,
})

function Channels({ item }: { readonly item: WholeItem }) {
  const connections = useQuery(connectionsQuery).data?.items ?? []
  return (
    <section className="card">
      <h2>What channels show</h2>
      {item.listings.length === 0 && <p className="card-body dim">No listing is linked to this item.</p>}
      <ul className="cell-list card-body">
        {item.listings.map((listing) => {
          const connection = connections.find(({ id }) => id === listing.connection)
          return (
            <li key={listing.id}>
              <span>
                {connection?.label ?? 'Channel'} <span className="dim">{listing.title}</span>
              </span>
              <StockCell cell={cellOf(listing, item.id)} connection={connection} />
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function Item({ item, readAt, stale }: { item: WholeItem; readAt: number; stale: boolean }) {
  const zone = useZone()
  const [isAdjusting, setAdjusting] = useState(false)
  return (
    <>
      <div className="spread item-head">
        <div className="order-head">
          <h1>{item.sku}</h1>
          <span className="dim">{item.title}</span>
        </div>
        <div className="page-side">
          <span className={stale ? 'age age-stale' : 'age'}>
            {stale ? 'not live: ' : ''}as of {clockText(new Date(readAt), zone)} · {zone}
          </span>
          <ActButton needs="inventory:write" size="xs" act={() => setAdjusting(true)}>
            Adjust
          </ActButton>
        </div>
      </div>
      <div className="stack">
        <Numbers levels={item.levels} />
        <div className="columns">
          <Movements item={item.id} onHand={sum(item.levels, (level) => level.onHand)} />
          <div className="stack">
            <Channels item={item} />
            <Places levels={item.levels} />
            <CopyId id={item.id} label="our id" />
          </div>
        </div>
      </div>
      {isAdjusting && <AdjustStock item={item.id} sku={item.sku} close={() => setAdjusting(false)} />}
    </>
  )
}

export function ItemPage() {
  const { id } = route.useParams()
  const one = useQuery(itemQuery(id))
  useEffect(() => {
    document.title = `${one.data?.sku ?? 'Item'} · Inventory · Crossdock`
  }, [one.data?.sku])
  const isGone = one.error instanceof ApiProblem && (one.error.status === 404 || one.error.status === 400)
  return (
    <>
      <Link to="/inventory" className="crumb">
        <Icon name="back" size={15} /> Inventory
      </Link>
      {one.data !== undefined && <Item item={one.data} readAt={one.dataUpdatedAt} stale={one.isError} />}
      {one.isPending && <Loading label="the item" rows={8} />}
      {one.data === undefined && isGone && <Empty>There is no item with this id here.</Empty>}
      {one.data === undefined && one.error !== null && !isGone && (
        <Failed what="This item" error={one.error} again={() => void one.refetch()} />
      )}
    </>
  )
}
