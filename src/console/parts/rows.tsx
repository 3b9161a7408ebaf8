import type { UseInfiniteQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Page } from '../api/types.ts'
import { ListEnd } from './list-end.tsx'
import { Empty, Failed, Loading } from './states.tsx'

interface RowsProps<T> {
  readonly of: UseInfiniteQueryResult<{ readonly pages: readonly Page<T>[] }>
  /** "The listings", as a sentence begins with it. */
  readonly what: string
  /** What one row is, for the count below. */
  readonly one: string
  readonly none: ReactNode
  readonly children: (rows: readonly T[]) => ReactNode
}

/** A list that goes on by its cursor: coming, failed, empty, or rows with the way to more. */
export function Rows<T>({ of, what, one, none, children }: RowsProps<T>) {
  if (of.isPending) return <Loading label={what.toLowerCase()} rows={5} />
  if (of.data === undefined)
    return <Failed what={what} error={of.error ?? new Error()} again={() => void of.refetch()} />
  const rows = of.data.pages.flatMap((page) => page.items)
  if (rows.length === 0 && !of.hasNextPage) return <Empty>{none}</Empty>
  return (
    <>
      {children(rows)}
      <ListEnd
        shown={rows.length}
        one={one}
        hasMore={of.hasNextPage}
        loading={of.isFetchingNextPage}
        more={() => void of.fetchNextPage()}
      />
    </>
  )
}
