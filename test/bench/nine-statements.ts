/**
 * The yardstick of `sets`: what a straightforward service does for each order, in nine statements of one transaction.
 * It is NEVER to be tuned, not even where that is easy: a yardstick that grows measures nothing. Its tables hold only
 * what it needs (no merchants, no row security, no timeline, no requests), so it is flattered, not handicapped.
 */
import pg from 'pg'
import type { MadeOrder } from './order-body.ts'

const clients = 16
const channels = 4

export interface NineStatements {
  /** Puts the bodies where the service finds them. */
  load(orders: readonly MadeOrder[]): Promise<void>
  /** Works off all that was loaded, 16 orders at a time. Returns how many. */
  drain(): Promise<number>
  /** @throws Error when an order, a line or a reserved unit is missing or too many */
  verify(orders: readonly MadeOrder[]): Promise<void>
  close(): Promise<void>
}

interface Wanted {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly currency: string
  readonly total_price: string
  readonly processed_at: string
  readonly shipping_address: object
  readonly line_items: readonly { readonly sku: string; readonly quantity: number; readonly price: string }[]
}

const tables = (skus: number) => `
  create table nine_inbox (id bigint generated always as identity primary key, body text not null);
  alter table nine_inbox alter column body set storage external;
  create table nine_todo (inbox_id bigint primary key);
  create table nine_order (id bigint generated always as identity primary key, channel int not null, external_id bigint not null, name text not null,
    email text, currency text not null, total numeric(14,2) not null, ship_to jsonb, placed_at timestamptz not null, unique (channel, external_id));
  create table nine_line (order_id bigint not null, line int not null, sku text not null, quantity int not null, price numeric(14,2) not null, primary key (order_id, line));
  create table nine_stock (sku text primary key, on_hand int not null, reserved int not null default 0);
  create table nine_reservation (order_id bigint not null, sku text not null, quantity int not null, primary key (order_id, sku));
  create table nine_dirty (channel int not null, sku text not null, hits int not null default 1, primary key (channel, sku));
  insert into nine_stock (sku, on_hand) select 'SKU-' || lpad(n::text, 5, '0'), 1000000000 from generate_series(0, ${skus - 1}) as n;`

async function importOne(client: pg.PoolClient, inboxId: string): Promise<void> {
  const run = (name: string, text: string, values: readonly unknown[]) =>
    client.query({ name: `nine_${name}`, text, values: [...values] })
  const stored = await run('read', 'select body from nine_inbox where id = $1', [inboxId])
  const order: Wanted = JSON.parse(stored.rows[0].body)
  await client.query('begin')
  const inserted = await run(
    'order',
    `insert into nine_order (channel, external_id, name, email, currency, total, ship_to, placed_at) values (1, $1, $2, $3, $4, $5, $6, $7)
     on conflict do nothing returning id`,
    [order.id, order.name, order.email, order.currency, order.total_price, order.shipping_address, order.processed_at],
  )
  const orderId = inserted.rows[0].id
  const wanted = new Map<string, number>()
  for (const [n, line] of order.line_items.entries()) {
    await run('line', 'insert into nine_line (order_id, line, sku, quantity, price) values ($1, $2, $3, $4, $5)', [
      orderId,
      n,
      line.sku,
      line.quantity,
      line.price,
    ])
    wanted.set(line.sku, (wanted.get(line.sku) ?? 0) + line.quantity)
  }
  for (const [sku, quantity] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await run('lock', 'select on_hand - reserved as free from nine_stock where sku = $1 for update', [sku])
    await run('reserve', 'update nine_stock set reserved = reserved + $2 where sku = $1', [sku, quantity])
    await run('hold', 'insert into nine_reservation (order_id, sku, quantity) values ($1, $2, $3)', [
      orderId,
      sku,
      quantity,
    ])
    await run(
      'dirty',
      `insert into nine_dirty (channel, sku) select n, $1 from generate_series(2, ${channels + 1}) as n
       on conflict (channel, sku) do update set hits = nine_dirty.hits + 1`,
      [sku],
    )
  }
  await run('done', 'delete from nine_todo where inbox_id = $1', [inboxId])
  await client.query('commit')
}

/** On a database of its own. */
export async function openNineStatements(url: string, skus: number): Promise<NineStatements> {
  const pool = new pg.Pool({ connectionString: url, max: clients })
  await pool.query(tables(skus))
  return {
    load: async (orders) => {
      await pool.query(
        `with stored as (insert into nine_inbox (body) select unnest($1::text[]) returning id)
         insert into nine_todo (inbox_id) select id from stored`,
        [orders.map((order) => order.body)],
      )
    },
    drain: async () => {
      const { rows } = await pool.query<{ id: string }>('select inbox_id as id from nine_todo order by inbox_id')
      const left = rows.values()
      const worker = async () => {
        const client = await pool.connect()
        for (const { id } of left) await importOne(client, id)
        client.release()
      }
      await Promise.all(Array.from({ length: clients }, worker))
      return rows.length
    },
    verify: async (orders) => {
      const lines = orders.flatMap((order) => order.lines)
      const sent = {
        orders: orders.length,
        lines: lines.length,
        reserved: lines.reduce((sum, line) => sum + line.quantity, 0),
        held: lines.reduce((sum, line) => sum + line.quantity, 0),
      }
      const { rows } =
        await pool.query(`select (select count(*) from nine_order)::int as orders, (select count(*) from nine_line)::int as lines,
        (select sum(reserved) from nine_stock)::int as reserved, (select sum(quantity) from nine_reservation)::int as held`)
      if (JSON.stringify(rows[0]) !== JSON.stringify(sent))
        throw new Error(`nine statements: sent ${JSON.stringify(sent)}, stored ${JSON.stringify(rows[0])}`)
    },
    close: () => pool.end(),
  }
}
