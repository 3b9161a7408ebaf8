import type { Look } from './run-audits.ts'

const pageMax = 1_000
/** Some minutes of looking; a merchant with more is looked at as a whole once a day. */
const touchedMax = 300_000

const keysets = {
  orders: 'select order_id as id from orders where merchant_id = $1 and order_id > $2 order by order_id limit $3',
  items:
    'select distinct item_id as id from inventory_level where merchant_id = $1 and item_id > $2 order by item_id limit $3',
  listings:
    'select listing_id as id from listing where merchant_id = $1 and listing_id > $2 order by listing_id limit $3',
} as const

/** All ids of a kind, a page at a time, each from a look of its own. */
export async function* listPages(look: Look, over: keyof typeof keysets): AsyncGenerator<readonly string[]> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const rows = await look((tx) => tx.rows<{ id: string }>(keysets[over], [tx.merchantId, after, pageMax]))
    const last = rows.at(-1)
    if (!last) return
    yield rows.map((row) => row.id)
    if (rows.length < pageMax) return
    after = last.id
  }
}

/** More changed than can be looked at by what changed. */
export class TooMany extends Error {
  constructor() {
    super(`more than ${touchedMax} orders changed`)
    this.name = 'TooMany'
  }
}

/** Orders that something happened to lately, and those of which something is still held or missing. @throws TooMany at the end */
export async function* touchedOrders(look: Look, hours: number): AsyncGenerator<readonly string[]> {
  const rows = await look((tx) => tx.rows<{ id: string }>(touched, [tx.merchantId, hours, touchedMax + 1]))
  const ids = rows.slice(0, touchedMax).map((row) => row.id)
  for (let at = 0; at < ids.length; at += pageMax) yield ids.slice(at, at + pageMax)
  if (rows.length > touchedMax) throw new TooMany()
}

const touched = `select distinct order_id as id from (
    select o.order_id from (select distinct connection_id, subject_ref from inbox_message
        where merchant_id = $1 and received_at >= now() - $2 * interval '1 hour' and subject_ref is not null) m
      cross join lateral (select account_id from connection c where c.merchant_id = $1 and c.connection_id = m.connection_id offset 0) c
      cross join lateral (select order_id from orders o where o.merchant_id = $1 and o.account_id = c.account_id and o.external_id = m.subject_ref offset 0) o
    union all select order_id from fulfillment_order where merchant_id = $1 and created_at >= now() - $2 * interval '1 hour'
    union all select order_id from shipment where merchant_id = $1 and created_at >= now() - $2 * interval '1 hour'
    union all select order_id from reservation where merchant_id = $1 and reserved > 0
    union all select order_id from order_line_component where merchant_id = $1 and short > 0) t
  order by 1 limit $3`
