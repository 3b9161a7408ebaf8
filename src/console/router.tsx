import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { type ChannelTab, channelTabs } from './api/channel-types.ts'
import { isSignedOut, meQuery, queries } from './api/session.ts'
import { type Standing, standings } from './api/types.ts'
import { Empty, Failed, Loading } from './parts/states.tsx'
import { Shell } from './shell.tsx'

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

type Given = Record<string, unknown>

/** Text of an address; whatever else somebody wrote there is left out. */
const text = (given: Given, name: string): string | undefined => {
  const value = given[name]
  const written = typeof value === 'number' ? String(value) : value
  return typeof written === 'string' && written !== '' && written.length <= 300 ? written : undefined
}
const oneOf = <T extends string>(given: Given, name: string, known: readonly T[]): T | undefined =>
  known.find((one) => one === given[name])

const root = createRootRoute({ component: Outlet, notFoundComponent: NotHere })

function NotHere() {
  return <Empty>There is no page at this address.</Empty>
}

/** Who is signed in could not be found out, so no page can be shown; how the hub is can. */
function NobodyKnown({ error, reset }: { readonly error: unknown; readonly reset: () => void }) {
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <h1>Crossdock</h1>
        <Failed what="The page" error={asError(error)} again={reset} />
        <Link to="/system">How the hub is</Link>
      </div>
    </main>
  )
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (given: Given): { to?: string | undefined } => ({ to: text(given, 'to') }),
  component: lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignInPage'),
})

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  component: lazyRouteComponent(() => import('./pages/sign-up.tsx'), 'SignUpPage'),
})

const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  component: lazyRouteComponent(() => import('./pages/join.tsx'), 'JoinPage'),
})

const system = createRoute({
  getParentRoute: () => root,
  path: '/system',
  component: lazyRouteComponent(() => import('./pages/system.tsx'), 'SystemPage'),
})

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: async ({ location }) => {
    try {
      await queries.ensureQueryData(meQuery)
    } catch (error) {
      if (error instanceof Error && isSignedOut(error))
        throw redirect({ to: '/sign-in', search: { to: location.href } })
      // Nobody is known while the database is away; how the hub is can be said all the same.
      if (location.pathname === '/status') throw redirect({ to: '/system' })
      throw error
    }
  },
  component: Shell,
  errorComponent: NobodyKnown,
})

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/today.tsx'), 'TodayPage'),
})

interface OrdersSearch {
  standing?: Standing | undefined
  connection?: string | undefined
  from?: string | undefined
}
const orders = createRoute({
  getParentRoute: () => shell,
  path: '/orders',
  validateSearch: (given: Given): OrdersSearch => ({
    standing: oneOf(given, 'standing', standings),
    connection: text(given, 'connection'),
    from: text(given, 'from'),
  }),
  component: lazyRouteComponent(() => import('./pages/orders.tsx'), 'OrdersPage'),
})
const order = createRoute({
  getParentRoute: () => shell,
  path: '/orders/$id',
  component: lazyRouteComponent(() => import('./pages/order.tsx'), 'OrderPage'),
})
const exceptions = createRoute({
  getParentRoute: () => shell,
  path: '/exceptions',
  validateSearch: (given: Given): { state?: 'open' | 'resolved' | undefined; kind?: string | undefined } => ({
    state: oneOf(given, 'state', ['open', 'resolved'] as const),
    kind: text(given, 'kind'),
  }),
  component: lazyRouteComponent(() => import('./pages/exceptions.tsx'), 'ExceptionsPage'),
})
const inventory = createRoute({
  getParentRoute: () => shell,
  path: '/inventory',
  validateSearch: (given: Given): { show?: 'not_in_step' | 'short' | undefined; sku?: string | undefined } => ({
    show: oneOf(given, 'show', ['not_in_step', 'short'] as const),
    sku: text(given, 'sku'),
  }),
  component: lazyRouteComponent(() => import('./pages/inventory.tsx'), 'InventoryPage'),
})
const item = createRoute({
  getParentRoute: () => shell,
  path: '/inventory/$id',
  component: lazyRouteComponent(() => import('./pages/item.tsx'), 'ItemPage'),
})
interface ListingsSearch {
  show?: 'unlinked' | 'linked' | 'all' | undefined
  connection?: string | undefined
  sku?: string | undefined
}
const listings = createRoute({
  getParentRoute: () => shell,
  path: '/listings',
  validateSearch: (given: Given): ListingsSearch => ({
    show: oneOf(given, 'show', ['unlinked', 'linked', 'all'] as const),
    connection: text(given, 'connection'),
    sku: text(given, 'sku'),
  }),
  component: lazyRouteComponent(() => import('./pages/listings.tsx'), 'ListingsPage'),
})
const channels = createRoute({
  getParentRoute: () => shell,
  path: '/channels',
  component: lazyRouteComponent(() => import('./pages/channels.tsx'), 'ChannelsPage'),
})
const connect = createRoute({
  getParentRoute: () => shell,
  path: '/channels/connect',
  validateSearch: (given: Given): { consent?: string | undefined } => ({ consent: text(given, 'consent') }),
  component: lazyRouteComponent(() => import('./pages/connect.tsx'), 'ConnectPage'),
})
const channel = createRoute({
  getParentRoute: () => shell,
  path: '/channels/$id',
  validateSearch: (given: Given): { tab?: ChannelTab | undefined } => ({ tab: oneOf(given, 'tab', channelTabs) }),
  component: lazyRouteComponent(() => import('./pages/channel.tsx'), 'ChannelPage'),
})
const status = createRoute({
  getParentRoute: () => shell,
  path: '/status',
  component: lazyRouteComponent(() => import('./pages/status.tsx'), 'StatusPage'),
})

const warehouses = createRoute({
  getParentRoute: () => shell,
  path: '/warehouses',
  component: lazyRouteComponent(() => import('./pages/warehouses.tsx'), 'WarehousesPage'),
})
const warehouse = createRoute({
  getParentRoute: () => shell,
  path: '/warehouses/$id',
  validateSearch: (given: Given): { show?: 'all' | 'in' | 'out' | undefined } => ({
    show: oneOf(given, 'show', ['all', 'in', 'out'] as const),
  }),
  component: lazyRouteComponent(() => import('./pages/warehouse.tsx'), 'WarehousePage'),
})
const file = createRoute({
  getParentRoute: () => shell,
  path: '/files/$id',
  component: lazyRouteComponent(() => import('./pages/file.tsx'), 'FilePage'),
})
const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/settings.tsx'), 'SettingsPage'),
})
const settingsStart = createRoute({
  getParentRoute: () => settings,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/settings/business' })
  },
})
const settingsPages = [
  createRoute({
    getParentRoute: () => settings,
    path: '/business',
    component: lazyRouteComponent(() => import('./pages/settings-business.tsx'), 'BusinessSettings'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/team',
    component: lazyRouteComponent(() => import('./pages/settings-team.tsx'), 'TeamSettings'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/security',
    component: lazyRouteComponent(() => import('./pages/settings-security.tsx'), 'SecuritySettings'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/keys',
    component: lazyRouteComponent(() => import('./pages/settings-keys.tsx'), 'KeySettings'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/locations',
    component: lazyRouteComponent(() => import('./pages/settings-locations.tsx'), 'LocationSettings'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/privacy',
    component: lazyRouteComponent(() => import('./pages/settings-privacy.tsx'), 'PrivacySettings'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/audit-log',
    component: lazyRouteComponent(() => import('./pages/settings-audit-log.tsx'), 'AuditLogSettings'),
  }),
] as const

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    signUp,
    join,
    system,
    shell.addChildren([
      ...[home, orders, order, exceptions, inventory, item, listings, status, warehouses, warehouse, file],
      ...[channels, connect, channel],
      settings.addChildren([settingsStart, ...settingsPages]),
    ]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: ({ error, reset }) => <Failed what="The page" error={asError(error)} again={reset} />,
  defaultPendingComponent: () => <Loading label="the page" />,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
