/** Many small shops of one, in SQL: the same catalogue under ids of their own. */
import type { BenchDatabase } from '../cluster.ts'
import type { ImportShop } from '../import-shelf.ts'

export interface Table {
  readonly name: string
  readonly columns: readonly { readonly column: string; readonly type: string }[]
}

/** Every table of merchants with its columns, as the migrations left them; partitions count as their parents. */
export function columnsOf(database: BenchDatabase): Promise<Table[]> {
  return database.query<Table>(
    `select c.relname as name, json_agg(json_build_object('column', a.attname, 'type', format_type(a.atttypid, null)) order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and exists (select 1 from pg_attribute m where m.attrelid = c.oid and m.attname = 'merchant_id')
     group by 1 order by 1`,
  )
}

const shopId = `create function growth.shop_id(old uuid, shop text) returns uuid language sql immutable
  return case when shop = '' then old else md5(old::text || shop)::uuid end`
/** Unique over all merchants. */
const own: Readonly<Record<string, string>> = {
  'account_claim.external_account_id': `t.external_account_id || '-' || n`,
  'channel_account.external_account_id': `t.external_account_id || '-' || n`,
  'webhook_endpoint.token_sha256': 'sha256(t.token_sha256 || n::text::bytea)',
}

export async function copyShops(
  database: BenchDatabase,
  { small, shops }: { readonly small: string; readonly shops: number },
): Promise<void> {
  await database.query(shopId)
  await database.query('set synchronous_commit = off')
  for (const { name, columns } of await columnsOf(database)) {
    const expressions = columns.map(({ column, type }) => {
      if (type === 'uuid') return `growth.shop_id(t.${column}, n::text)`
      if (type === 'uuid[]') return `(select array_agg(growth.shop_id(i, n::text)) from unnest(t.${column}) i)`
      return own[`${name}.${column}`] ?? `t.${column}`
    })
    await database.query(
      `insert into ${name} (${columns.map((one) => one.column).join(', ')}) select ${expressions.join(', ')}
       from ${name} t, generate_series(0, $2::int - 1) n where t.merchant_id = $1`,
      [small, shops],
    )
  }
  await database.query('reset synchronous_commit')
}

/** What the import must know of the copies. */
export function shopsCopied(database: BenchDatabase, originals: readonly string[]): Promise<ImportShop[]> {
  return database.query<ImportShop>(
    `select m.merchant_id as "merchantId", c.account_id as "accountId", c.connection_id as "connectionId", c.settings ->> 'shop' as domain
     from merchant m join connection c using (merchant_id) where c.connector = 'shopify'
       and m.merchant_id <> all($1::uuid[]) order by 1`,
    [originals],
  )
}
