/** A look at what is over: at most `limit` rows behind `after`, oldest first. */
export interface PurgePage {
  readonly keepDays: number
  /** Where the page before this one ended; null: from the oldest. */
  readonly after: string | null
  readonly limit: number
}
export interface Purged {
  /** How many rows went, or lost what they must not keep. */
  readonly rows: number
  /** Where the next page begins; null: nothing more is old enough. */
  readonly next: string | null
}

/** What a purge statement answers: rows looked at, rows that went, and the key of the last one looked at. */
export interface PurgeAnswer {
  readonly seen: number
  readonly gone: number
  readonly last: string | null
}

export const firstId = '00000000-0000-0000-0000-000000000000'

/** SQL: a moment so many days ago, `days` being a parameter. */
export const daysAgo = (days: string) => `(now() - ${days}::int * interval '1 day')`

/** SQL: ids of our own that are older than this were made before that moment, so the primary key leads to the oldest. */
export const idBefore = (days: string) =>
  `rpad(lpad(to_hex((extract(epoch from ${daysAgo(days)}) * 1000)::bigint), 12, '0'), 32, '0')::uuid`

/** A page that was not full was the last one. */
export function purged(answer: PurgeAnswer | undefined, limit: number): Purged {
  if (!answer) return { rows: 0, next: null }
  return { rows: answer.gone, next: answer.seen < limit ? null : answer.last }
}

/** Where a page begins whose order has several columns: what the page before said, or the first of all. */
export const pageFrom = (after: string | null, first: readonly string[]): readonly string[] =>
  after === null ? first : after.split('|')
