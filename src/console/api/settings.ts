import { queryOptions } from '@tanstack/react-query'
import { read } from './client.ts'
import { listOf } from './queries.ts'

/** What the API answers about people, keys and what was done; see types.ts. */
export const roles = ['owner', 'manager', 'operator', 'viewer'] as const
export type Role = (typeof roles)[number] | 'partner'

export interface Member {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly seesPersons: boolean
  readonly secondFactor: boolean
  readonly joinedAt: string
  readonly seenAt: string | null
}
export interface Invitation {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly endsAt: string
}
export interface OwnSession {
  readonly id: string
  readonly client: string
  readonly createdAt: string
  readonly usedAt: string
  readonly current: boolean
}
export interface ApiKey {
  readonly id: string
  readonly label: string
  readonly scopes: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  readonly lastUsedAt: string | null
}
type Word = string | number | boolean | null | readonly string[]
export interface AuditEntry {
  readonly id: string
  readonly seq: string
  readonly at: string
  readonly actor: string
  readonly client: string
  readonly act: string
  readonly targets: readonly string[]
  readonly changes: readonly {
    readonly field: string
    readonly before?: Word | undefined
    readonly after?: Word | undefined
  }[]
  readonly hash: string
}
export interface ChainCheck {
  readonly looked: number
  readonly through: string | null
  readonly broken: string | null
  readonly next: string | null
}
export interface PrivacyRequest {
  readonly id: string
  readonly kind: 'export' | 'erase' | 'erase_account'
  readonly source: 'platform' | 'merchant'
  readonly platform: string
  readonly account: string
  readonly orders: readonly string[]
  readonly state: 'waits_for_you' | 'under_way' | 'done'
  readonly receivedAt: string
  readonly dueAt: string
  readonly doneAt: string | null
  readonly proof: { readonly persons: number; readonly bodies: number }
  readonly reason: string | null
}

export const membersQuery = listOf<Member>('/members', {})
export const keysQuery = listOf<ApiKey>('/api-keys', {})
export const auditLogQuery = listOf<AuditEntry>('/audit-log', {})
export const privacyQuery = listOf<PrivacyRequest>('/privacy/requests', {})
export const checkChain = (after: string): Promise<ChainCheck> => read('/audit-log/check', { after })

export const invitationsQuery = queryOptions({
  queryKey: ['/invitations'],
  queryFn: ({ signal }) => read<{ readonly items: readonly Invitation[] }>('/invitations', {}, signal),
})
export const sessionsQuery = queryOptions({
  queryKey: ['/me/sessions'],
  queryFn: ({ signal }) => read<{ readonly items: readonly OwnSession[] }>('/me/sessions', {}, signal),
})
