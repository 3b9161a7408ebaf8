import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type {
  Change,
  Channel,
  Connectable,
  Consent,
  Message,
  ModeChange,
  QuantityRow,
  Shadow,
  SkuRow,
} from './channel-types.ts'
import { change, read } from './client.ts'
import type { Page } from './types.ts'

const againEveryMs = 15_000
/** While a person waits for it. */
const soonMs = 1_500

export const channelsQuery = queryOptions({
  queryKey: ['/connections', 'channels'],
  queryFn: ({ signal }) => read<Page<Channel>>('/connections', { role: 'channel', limit: 200 }, signal),
  refetchInterval: againEveryMs,
})
export const channelQuery = (id: string) =>
  queryOptions({
    queryKey: ['/connections', id],
    queryFn: ({ signal }) => read<Channel>(`/connections/${id}`, {}, signal),
    refetchInterval: ({ state }) => (state.data?.backfill?.state === 'running' ? soonMs : againEveryMs),
  })
export const shadowQuery = (id: string) =>
  queryOptions({
    queryKey: ['/connections', id, 'shadow'],
    queryFn: ({ signal }) => read<Shadow>(`/connections/${id}/shadow`, {}, signal),
    refetchInterval: againEveryMs,
  })
export const connectorsQuery = queryOptions({
  queryKey: ['/connectors'],
  queryFn: ({ signal }) => read<{ readonly connectors: readonly Connectable[] }>('/connectors', {}, signal),
  staleTime: 5 * 60_000,
})
export const consentQuery = (id: string) =>
  queryOptions({
    queryKey: ['/connections/consents', id],
    queryFn: ({ signal }) => read<Consent>(`/connections/consents/${id}`, {}, signal),
    refetchInterval: ({ state }) => (state.data?.status === 'waiting' ? soonMs : false),
  })

function rowsOf<T>(path: string, filters: Readonly<Record<string, string | undefined>>) {
  return infiniteQueryOptions({
    queryKey: [path, filters] as const,
    queryFn: ({ pageParam, signal }) => read<Page<T>>(path, { ...filters, limit: 50, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: againEveryMs,
  })
}
export const quantitiesQuery = (id: string, filter?: Change) =>
  rowsOf<QuantityRow>(`/connections/${id}/shadow/quantities`, { change: filter })
export const skusQuery = (id: string) => rowsOf<SkuRow>(`/connections/${id}/shadow/skus`, {})
export const messagesQuery = (id: string) => rowsOf<Message>('/inbox/messages', { connection: id })

export const setMode = ({ id, version }: Channel, to: ModeChange) =>
  change<Channel>('PUT', `/connections/${id}/write-mode`, { ...to, version })
export const askConsent = (asked: {
  readonly connector: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly ordersFrom?: string
}) => change<Consent & { readonly url: string }>('POST', '/connections/consents', asked)
