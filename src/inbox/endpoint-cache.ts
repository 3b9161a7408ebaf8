import type { Clock } from '../platform/base/ports.ts'

/** What a webhook address stands for. `secrets` is already parsed by the connector's own schema. */
export interface Endpoint {
  readonly merchantId: string
  readonly connectionId: string
  readonly connector: string
  /** The connection's own account key: an event of another shop does not pass. */
  readonly account: string
  readonly secrets: unknown
}
export type FindEndpoint = (token: string) => Promise<Endpoint | null>

const limits = { ttlMs: 5_000, entriesMax: 10_000, lookupsMax: 64 }

/**
 * Remembers addresses, unknown ones too, for 5 s: longer would keep a disconnected shop alive. Lookups of one
 * address at a time are one; beyond 64 at once it throws, so that guessed addresses cannot take all connections.
 */
export function cacheEndpoints(find: FindEndpoint, clock: Clock, given: Partial<typeof limits> = {}): FindEndpoint {
  const { ttlMs, entriesMax, lookupsMax } = { ...limits, ...given }
  const known = new Map<string, { readonly until: number; readonly found: Promise<Endpoint | null> }>()
  let lookups = 0

  const lookUp = async (token: string) => {
    if (lookups >= lookupsMax) throw new Error('too many webhook addresses are being looked up')
    lookups++
    try {
      return await find(token)
    } catch (error) {
      known.delete(token)
      throw error
    } finally {
      lookups--
    }
  }
  return async (token) => {
    const entry = known.get(token)
    if (entry && entry.until > clock.ms()) return entry.found
    known.delete(token)
    const found = lookUp(token)
    known.set(token, { until: clock.ms() + ttlMs, found })
    const oldest = known.keys().next()
    if (known.size > entriesMax && !oldest.done) known.delete(oldest.value)
    return found
  }
}
