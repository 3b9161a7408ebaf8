import { queryOptions } from '@tanstack/react-query'
import { change, read } from './client.ts'
import { againEvery } from './live.ts'
import { listOf } from './queries.ts'
import type { Page } from './types.ts'

/** What the API answers about who ships for the merchant, and the files in between; see types.ts. */
interface FileMark {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly at: string
}
export interface Warehouse {
  readonly id: string
  readonly label: string
  readonly connector: string
  readonly status: string
  readonly statusReason: string | null
  readonly writeMode: string
  readonly lastSuccessAt: string | null
  readonly lastError: string | null
  readonly location: { readonly id: string; readonly code: string } | null
  readonly lastSent: FileMark | null
  readonly lastReceived: FileMark | null
  readonly toSend: number
  readonly waiting: number
  readonly late: number
  readonly waitingSince: string | null
  readonly rowsInError: number
  readonly filesInError: number
}
export interface PartnerFile {
  readonly id: string
  readonly partner: string
  readonly direction: string
  readonly name: string
  readonly size: number
  readonly sha256: string
  readonly state: string
  readonly document: string | null
  readonly summary: Readonly<Record<string, unknown>>
  readonly errors: number
  readonly warnings: number
  readonly createdAt: string
}
export interface FileIssue {
  readonly row: number
  readonly severity: string
  readonly field: string
  readonly code: string
  readonly message: string
}
export type WholeFile = PartnerFile & { readonly issues: readonly FileIssue[] }

export const warehousesQuery = queryOptions({
  queryKey: ['/warehouses'],
  queryFn: ({ signal }) => read<Page<Warehouse>>('/warehouses', { limit: 200 }, signal),
  refetchInterval: againEvery,
})
export const filesQuery = (filters: Readonly<Record<string, string | undefined>>) =>
  listOf<PartnerFile>('/files', filters)
export const fileQuery = (id: string) =>
  queryOptions({
    queryKey: ['/files', id],
    queryFn: ({ signal }) => read<WholeFile>(`/files/${id}`, {}, signal),
    refetchInterval: againEvery,
  })

const bytesMax = 5_000_000

/** Hands in a file that a person picked. @throws Error in words, when it is too large to be one of a partner's */
export async function handIn(warehouse: string, file: File): Promise<{ readonly id: string; readonly known: boolean }> {
  if (file.size > bytesMax) throw new Error('This file is larger than 5 MB. Split it, and hand in the parts.')
  if (file.size === 0) throw new Error('This file is empty.')
  const bytes = new Uint8Array(await file.arrayBuffer())
  let binary = ''
  for (let at = 0; at < bytes.length; at += 8_192) binary += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  return change('POST', `/warehouses/${warehouse}/files`, { name: file.name, content: btoa(binary) })
}
