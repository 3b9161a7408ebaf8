import { createHash } from 'node:crypto'
import type { Db } from '../platform/db/pool.ts'
import { withTenantTx } from '../platform/db/tx.ts'

/** What somebody may look at, as far as it changes by itself. */
export const topics = ['orders', 'stock', 'exceptions', 'files', 'connections', 'settings'] as const
export type Topic = (typeof topics)[number]
/** A mark for each topic: another one means that something of it is another. */
export type Marks = Readonly<Record<Topic, string>>

const few = 200
const newest = (column: string, table: string, key: string) =>
  `(select ${column} from ${table} where merchant_id = $1 order by ${key} desc limit 1)`
/** A number that changes when work is done; nobody needs to know it beyond a few hundred. */
const counted = (from: string) => `(select count(*) from (select 1 from ${from} limit ${few}) n)`

/**
 * Each part is a probe at one end of an index, or counts a few rows of a partial one: 1 to 2 ms for a merchant of any size, once
 * a second and only while somebody looks. So writers pay nothing for those who watch: no column to touch, no NOTIFY, which
 * would put all commits of the database in one line. The hub's own wake-ups say that work is to come, not that it is done.
 */
const marks = `select
  concat_ws('.', ${newest('order_id', 'orders', 'order_id')}, c.version, ${counted(`inbox_message where merchant_id = $1 and state = 'pending'`)},
    ${counted(`effect where merchant_id = $1 and state in ('pending','sending','unknown','accepted')`)}) as orders,
  concat_ws('.', c.version, ${counted('listing_push where merchant_id = $1 and desired_version > confirmed_version')}) as stock,
  concat_ws('.', ${newest('exception_id', 'exception', 'raised_at desc, exception_id')}, ${counted('exception where merchant_id = $1 and resolved_at is null')}) as exceptions,
  (select string_agg(file_id::text || state, '.') from (select file_id, state from partner_file where merchant_id = $1
    order by created_at desc, file_id desc limit 20) f) as files,
  (select string_agg(concat_ws(' ', connection_id, status, write_mode, last_error), '.') from (select * from connection where merchant_id = $1
    order by connection_id limit ${few}) c) as connections,
  (select seq from audit_entry where merchant_id = $1 order by seq desc limit 1)::text as settings
  from (select) one left join lateral (select version from stock_clock where merchant_id = $1) c on true`

const short = (text: string | null) =>
  createHash('sha256')
    .update(text ?? '')
    .digest('base64url')
    .slice(0, 8)

/** How everything of a merchant that changes by itself stands now. */
export async function readMarks(db: Db, merchantId: string): Promise<Marks> {
  const [row] = await withTenantTx(db, merchantId, (tx) => tx.rows<Record<Topic, string | null>>(marks, [merchantId]), {
    snapshot: true,
    deadlineMs: 5_000,
  })
  const mark = (topic: Topic) => short(row?.[topic] ?? null)
  return {
    orders: mark('orders'),
    stock: mark('stock'),
    exceptions: mark('exceptions'),
    files: mark('files'),
    connections: mark('connections'),
    settings: mark('settings'),
  }
}

/** All marks as one word, for a browser to say later how far it knows. */
export const wordOf = (of: Marks): string => topics.map((topic) => of[topic]).join('.')
export const changedTopics = (before: Marks, after: Marks): Topic[] =>
  topics.filter((topic) => before[topic] !== after[topic])
