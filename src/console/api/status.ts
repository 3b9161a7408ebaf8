import { queryOptions } from '@tanstack/react-query'
import { ApiProblem, read } from './client.ts'

/** What the hub says of itself; see types.ts. */
export interface HubStatus {
  readonly lanes: readonly {
    readonly lane: 'read' | 'stock' | 'tell' | 'warehouse'
    readonly waiting: number
    readonly oldest: string | null
    readonly lastError: string | null
  }[]
  readonly processes: readonly {
    readonly role: string
    readonly version: string
    readonly startedAt: string
    readonly seenAt: string
    readonly draining: boolean
    readonly silent: boolean
  }[]
  readonly database: { readonly answerMs: number }
}
export interface PublicStatus {
  readonly ok: boolean
  readonly waitingFor: readonly string[]
  readonly since: string
  readonly startedAt: string
  readonly version: string
}

const againEveryMs = 5_000

export const hubStatusQuery = queryOptions({
  queryKey: ['/status'],
  queryFn: ({ signal }) => read<HubStatus>('/status', {}, signal),
  refetchInterval: againEveryMs,
})

/** What anybody may know, said from the memory of the process that answers. */
export const publicStatusQuery = queryOptions({
  queryKey: ['/status.json'],
  queryFn: async ({ signal }): Promise<PublicStatus> => {
    const answer = await fetch('/status.json', { signal }).catch(() => null)
    if (answer?.ok) return answer.json()
    throw new ApiProblem(0, { detail: 'The hub cannot be reached from here.', code: 'UNREACHABLE' })
  },
  refetchInterval: againEveryMs,
  retry: false,
})
