import type { QueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'

/** By topic, the addresses whose answers may be others now. What has no topic of its own is changed by people. */
const reads: Readonly<Record<string, readonly string[]>> = {
  orders: ['/orders', '/shipments', '/fulfillment-orders', '/warehouses', '/inbox', '/today'],
  stock: ['/inventory', '/items', '/listings'],
  exceptions: ['/exceptions', '/orders', '/today'],
  files: ['/files', '/warehouses'],
  connections: ['/connections', '/warehouses'],
}
/** Asked for by a person, for it costs the hub a moment; never because something changed. */
const dear = /^\/(audits|audit-log\/check)/

export interface Live {
  readonly state: 'connecting' | 'live' | 'not live'
  /** Of the last word of the hub. */
  readonly since: number
}

let live: Live = { state: 'connecting', since: 0 }
const watchers = new Set<() => void>()
function become(next: Live): void {
  live = next
  for (const tell of watchers) tell()
}
const watch = (tell: () => void) => {
  watchers.add(tell)
  return () => void watchers.delete(tell)
}

/** Whether changes are told as they happen. */
export const useLiveState = (): Live => useSyncExternalStore(watch, () => live)

const againMs = { live: 60_000, alone: 15_000 }
/** What changes by itself is read again this often while somebody looks: seldom while the hub tells of changes. */
export const againEvery = (): number => (live.state === 'live' ? againMs.live : againMs.alone)

const isOf = (key: unknown, topics: readonly string[]): boolean => {
  const path = typeof key === 'string' ? key : ''
  if (dear.test(path)) return false
  return topics.some((topic) =>
    topic === 'settings' ? true : (reads[topic] ?? []).some((start) => path.startsWith(start)),
  )
}

function readAnew(queries: QueryClient, topics: readonly string[]): void {
  void queries.invalidateQueries({ predicate: ({ queryKey }) => isOf(queryKey[0], topics) })
}

/** The topics in an event; what cannot be read counts as everything. */
function topicsIn(data: string): readonly string[] {
  try {
    const { topics } = JSON.parse(data)
    return Array.isArray(topics) ? topics.map(String) : ['settings']
  } catch {
    return ['settings']
  }
}

/** Opened anew by us where the browser gives up: after an answer that was none of a stream. */
const reopenMs = 30_000

function follow(queries: QueryClient): () => void {
  let reopen: ReturnType<typeof setTimeout> | undefined
  const source = new EventSource('/api/v1/events')
  const heard = () => become({ state: 'live', since: Date.now() })
  let isFirst = true
  source.addEventListener('ready', () => {
    heard()
    // What was read before the line stood may have changed just before it did.
    if (isFirst) readAnew(queries, ['settings'])
    isFirst = false
  })
  source.addEventListener('resync', () => {
    heard()
    isFirst = false
    readAnew(queries, ['settings'])
  })
  source.addEventListener('changed', ({ data }) => {
    heard()
    readAnew(queries, topicsIn(String(data)))
  })
  let closeNext = () => {}
  source.addEventListener('error', () => {
    if (live.state !== 'not live') become({ state: 'not live', since: Date.now() })
    if (source.readyState !== EventSource.CLOSED) return
    clearTimeout(reopen)
    reopen = setTimeout(() => {
      closeNext = follow(queries)
    }, reopenMs)
  })
  return () => {
    clearTimeout(reopen)
    source.close()
    closeNext()
  }
}

/** Hears of changes as long as this is on screen, for the merchant who is looked at. */
export function useLive(queries: QueryClient, merchant: string | null | undefined): void {
  useEffect(() => {
    if (merchant === null || merchant === undefined) return
    const close = follow(queries)
    return () => {
      close()
      become({ state: 'connecting', since: Date.now() })
    }
  }, [queries, merchant])
}
