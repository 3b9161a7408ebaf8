import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { read } from './client.ts'
import { againEvery } from './live.ts'
import type {
  Audits,
  Connection,
  Exception,
  FoundOrder,
  Item,
  Listing,
  Location,
  MatrixRow,
  Merchant,
  Movement,
  Order,
  Page,
  StandingCounts,
  Today,
  WholeItem,
  WholeOrder,
} from './types.ts'

const rarelyMs = 5 * 60_000

type Filters = Readonly<Record<string, string | undefined>>

/** A list that goes on by its cursor, page after page on one screen. */
export function listOf<T>(path: string, filters: Filters, limit = 50) {
  return infiniteQueryOptions({
    queryKey: [path, filters, limit] as const,
    queryFn: ({ pageParam, signal }) => read<Page<T>>(path, { ...filters, limit, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: againEvery,
  })
}

export const ordersQuery = (filters: Filters) => listOf<Order>('/orders', filters)
export const exceptionsQuery = (filters: Filters) => listOf<Exception>('/exceptions', filters, 200)
export const matrixQuery = (filters: Filters) => listOf<MatrixRow>('/inventory/matrix', filters)
export const movementsQuery = (item: string) => listOf<Movement>(`/items/${item}/movements`, {})
export const listingsQuery = (filters: Filters) => listOf<Listing>('/listings', filters)

export const standingsQuery = (filters: Filters) =>
  queryOptions({
    queryKey: ['/orders/standings', filters],
    queryFn: ({ signal }) => read<StandingCounts>('/orders/standings', filters, signal),
    refetchInterval: againEvery,
  })

export const todayQuery = queryOptions({
  queryKey: ['/today'],
  queryFn: ({ signal }) => read<Today>('/today', {}, signal),
  refetchInterval: againEvery,
})

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: ['/orders', id],
    queryFn: ({ signal }) => read<WholeOrder>(`/orders/${id}`, {}, signal),
    refetchInterval: againEvery,
  })

export const itemQuery = (id: string) =>
  queryOptions({
    queryKey: ['/items', id],
    queryFn: ({ signal }) => read<WholeItem>(`/items/${id}`, {}, signal),
    refetchInterval: againEvery,
  })

/** Takes the hub a moment, so it is asked for by a person, not by a timer. */
export const auditsQuery = queryOptions({
  queryKey: ['/audits'],
  queryFn: ({ signal }) => read<Audits>('/audits', {}, signal),
  staleTime: rarelyMs,
})

export const merchantQuery = queryOptions({
  queryKey: ['/merchant'],
  queryFn: ({ signal }) => read<Merchant>('/merchant', {}, signal),
  staleTime: rarelyMs,
})

export const connectionsQuery = queryOptions({
  queryKey: ['/connections'],
  queryFn: ({ signal }) => read<Page<Connection>>('/connections', { limit: 200 }, signal),
  refetchInterval: againEvery,
})

export const locationsQuery = queryOptions({
  queryKey: ['/locations'],
  queryFn: ({ signal }) => read<Page<Location>>('/locations', { limit: 200 }, signal),
  staleTime: rarelyMs,
})

/** One item by its very SKU, or none. */
export const itemBySku = (sku: string, signal?: AbortSignal): Promise<Page<Item>> => read('/items', { sku }, signal)
export const findOrders = (q: string, signal?: AbortSignal): Promise<Page<FoundOrder>> =>
  read('/orders/search', { q, limit: 8 }, signal)
