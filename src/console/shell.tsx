import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useLive } from './api/live.ts'
import { exceptionsQuery, standingsQuery, todayQuery } from './api/queries.ts'
import { meQuery, queries } from './api/session.ts'
import mark from './mark.svg'
import { Icon, type IconName } from './parts/icons.tsx'
import { useGoKeys } from './parts/keys.ts'
import { Empty } from './parts/states.tsx'
import { StepUp } from './parts/step-up.tsx'
import { SearchBox } from './search-box.tsx'
import { UserMenu } from './user-menu.tsx'

interface Entry {
  readonly to:
    | '/'
    | '/orders'
    | '/exceptions'
    | '/inventory'
    | '/listings'
    | '/channels'
    | '/warehouses'
    | '/settings'
    | '/status'
  readonly word: string
  readonly icon: IconName
}
const work: readonly Entry[] = [
  { to: '/', word: 'Today', icon: 'today' },
  { to: '/orders', word: 'Orders', icon: 'orders' },
  { to: '/exceptions', word: 'Exceptions', icon: 'exceptions' },
]
const stock: readonly Entry[] = [
  { to: '/inventory', word: 'Inventory', icon: 'inventory' },
  { to: '/listings', word: 'Listings', icon: 'listings' },
]
const partners: readonly Entry[] = [
  { to: '/channels', word: 'Channels', icon: 'channels' },
  { to: '/warehouses', word: 'Warehouses', icon: 'warehouse' },
]
const business: readonly Entry[] = [{ to: '/settings', word: 'Settings', icon: 'settings' }]
const system: readonly Entry[] = [{ to: '/status', word: 'System status', icon: 'status' }]

/** How much waits for a person, by place. Never a total of rows. */
function useWaiting(): Readonly<Partial<Record<Entry['to'], string>>> {
  const standings = useQuery(standingsQuery({}))
  const open = useInfiniteQuery(exceptionsQuery({ state: 'open' }))
  const today = useQuery(todayQuery).data
  const things = today?.groups.length ?? 0
  const orders = standings.data?.counts.needs_you ?? 0
  const exceptions = open.data?.pages[0]
  const many = exceptions?.items.length ?? 0
  return {
    ...(things > 0 && { '/': today?.more ? `${things}+` : String(things) }),
    ...(orders > 0 && { '/orders': String(orders) }),
    ...(many > 0 && { '/exceptions': exceptions?.next ? `${many}+` : String(many) }),
  }
}

function RailGroup({ title, entries }: { readonly title: string; readonly entries: readonly Entry[] }) {
  const waiting = useWaiting()
  return (
    <>
      <h2>{title}</h2>
      {entries.map(({ to, word, icon }) => (
        <Link key={to} to={to} className="rail-link" activeOptions={{ exact: to === '/' }}>
          <Icon name={icon} size={17} />
          {word}
          {waiting[to] !== undefined && (
            <span className="rail-count">
              {waiting[to]}
              <span className="hidden"> need you</span>
            </span>
          )}
        </Link>
      ))}
    </>
  )
}

function BottomBar() {
  return (
    <nav className="bottombar" aria-label="Main, phone">
      {[...work, ...stock].map(({ to, word, icon }) => (
        <Link key={to} to={to} activeOptions={{ exact: to === '/' }}>
          <Icon name={icon} size={20} />
          {word}
        </Link>
      ))}
    </nav>
  )
}

function NoBusiness() {
  return <Empty>You belong to no business here. Ask an owner of one to invite you.</Empty>
}

/** Rail, search and account around every page; on a phone the rail is a bar below. */
export function Shell() {
  const me = useQuery(meQuery).data
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const first = useRef(true)
  useGoKeys()
  useLive(queries, me?.merchant)
  // Who goes by keyboard or ear lands where the new page begins.
  useEffect(() => {
    if (!first.current && path !== '') main.current?.focus({ preventScroll: true })
    first.current = false
  }, [path])
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="topbar">
        <Link to="/" className="brand" aria-label="Crossdock, to what needs you today">
          <img src={mark} width={26} height={26} alt="" />
          <span>Crossdock</span>
        </Link>
        <SearchBox />
        <div className="topbar-end">
          <UserMenu />
        </div>
      </header>
      <nav className="rail" aria-label="Main">
        <RailGroup title="WORK" entries={work} />
        <RailGroup title="STOCK" entries={stock} />
        <RailGroup title="PARTNERS" entries={partners} />
        <RailGroup title="BUSINESS" entries={business} />
        <RailGroup title="HUB" entries={system} />
      </nav>
      <main id="main" className="main" ref={main} tabIndex={-1}>
        {me?.merchant === null ? <NoBusiness /> : <Outlet />}
      </main>
      <BottomBar />
      <StepUp />
    </div>
  )
}
