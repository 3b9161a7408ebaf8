import type { AccountTx, Tx } from '../platform/db/tx.ts'
import { type ExportedTable, exportedTables } from './exported-tables.ts'

type Reader = Pick<Tx | AccountTx, 'rows' | 'merchantId'>
/** One after the other in one transaction: a cursor is closed before the next is opened. */
const cursor = 'exported'
const rowsAtOnce = 500
/** A body may have megabytes, and twice as many as text. */
const heavyAtOnce = 2

const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter((word) => word !== '')

/** Columns as the tables have them now, so that one which a migration adds is in the file without a word. */
async function columnsOf(
  tx: Reader,
  tables: readonly ExportedTable[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await tx.rows<{ name: string; columns: string[] }>(
    `select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1::text[]) group by 1`,
    [tables.map(({ table }) => table)],
  )
  return new Map(rows.map(({ name, columns }) => [name, columns]))
}

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ')

async function* linesOfTable(
  tx: Reader,
  { table, by, heavy }: ExportedTable,
  columns: readonly string[],
): AsyncGenerator<string[]> {
  const order = quoted(['merchant_id', ...words(by)])
  await tx.rows(
    `declare ${cursor} no scroll cursor for
     select row_to_json(x)::text as line from (select ${quoted(columns)} from "${table}" where merchant_id = $1 order by ${order}) x`,
    [tx.merchantId],
  )
  for (let more = true; more; ) {
    const rows = await tx.rows<{ line: string }>(`fetch ${heavy ? heavyAtOnce : rowsAtOnce} from ${cursor}`)
    if (rows.length > 0) yield rows.map(({ line }) => `{"kind":"${table}","row":${line}}\n`)
    more = rows.length > 0
  }
  await tx.rows(`close ${cursor}`)
}

export type Counts = Record<string, number>

/**
 * What the merchant owns behind one door, as lines of JSON, a few hundred rows at a time: never more is in memory. Of one
 * moment and in one order, where the transaction is a snapshot. Counts what it gives.
 */
export async function* exportLines(tx: Reader, door: 'account' | 'app', counts: Counts): AsyncGenerator<string> {
  const tables = exportedTables.filter((one) => (one.door ?? 'app') === door)
  const known = await columnsOf(tx, tables)
  for (const one of tables) {
    const hidden = new Set(words(one.without))
    const columns = (known.get(one.table) ?? []).filter((name) => !hidden.has(name))
    counts[one.table] = 0
    for await (const lines of linesOfTable(tx, one, columns)) {
      counts[one.table] = (counts[one.table] ?? 0) + lines.length
      yield lines.join('')
    }
  }
}

/** The last line. A file that ends without it is not whole. */
export function manifestLine(merchant: string, at: Date, counts: Counts): string {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0)
  return `${JSON.stringify({ kind: 'manifest', row: { format: 1, merchant, at: at.toISOString(), total, counts } })}\n`
}
