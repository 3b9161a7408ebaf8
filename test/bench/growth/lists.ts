/** What the API lists, said a second time in SQL, so that pages can be held against tables. */

/** A list as its table has it. `t` is its row; `$1` is the merchant. */
export interface Kept {
  readonly from: string
  /** Columns that order it, with their types. */
  readonly keys: readonly (readonly [column: string, type: string])[]
  readonly direction: 'asc' | 'desc'
  /** What an item of an answer is called, and how SQL says the same of a row. */
  readonly name: (item: Record<string, unknown>) => string
  readonly named: string
  /** How each filter is said in SQL with `?` for its value. */
  readonly filters: Readonly<Record<string, Filter>>
  readonly cursor: Cursor
  /** The filter that makes lists of their own of it: a cursor of one does not fit another. */
  readonly parted?: string
}
/** How keys are written into a cursor, and read out of one. */
interface Cursor {
  readonly write: (merchantId: string, keys: readonly string[]) => string
  readonly read: (cursor: string) => readonly string[]
}
export interface Filter {
  readonly sql: string
  /** Values as a caller writes them, with what SQL takes; absent: those of the API's own enumeration. */
  readonly values?: string
}

const hex = (prefix: string, column: string) => `'${prefix}_' || replace(${column}::text, '-', '')`
const id = (item: Record<string, unknown>) => String(item.id)
const packed = (parts: readonly string[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')
const parts = (cursor: string) => JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as string[]
const list = (name: string): Cursor => ({
  write: (merchantId, keys) => packed([name, merchantId.slice(-12), ...keys]),
  read: (cursor) => parts(cursor).slice(2),
})
/** Two lists one after the other: the first key says which. */
const openFirst: Cursor = {
  write: (merchantId, [isOpen, ...keys]) =>
    packed([isOpen === 'true' ? 'exceptions-open' : 'exceptions-resolved', merchantId.slice(-12), ...keys]),
  read: (cursor) => {
    const [name, , ...keys] = parts(cursor)
    return [String(name === 'exceptions-open'), ...keys]
  },
}
const at = (column: string, noun: string) =>
  [
    [`t.${column}`, 'timestamptz'],
    [`t.${noun}`, 'uuid'],
  ] as const
/** Values drawn from a table's rows: what the caller writes and what SQL compares with. */
const some = (written: string, raw: string, from: string, few = 2) =>
  `select ${written} as written, ${raw}::text as raw from (select * from ${from} where merchant_id = $1 order by md5(${raw}::text) limit ${few}) t`
const connectionIs = (partner: boolean) =>
  some(
    hex('con', 'connection_id'),
    'connection_id',
    `(select * from connection where connector ${partner ? '=' : '<>'} 'warehouse-files') c`,
  )
const placed = `select to_char(placed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as written, date_trunc('second', placed_at)::text as raw
  from (select placed_at from orders where merchant_id = $1 order by placed_at offset (select count(*) / 3 from orders where merchant_id = $1) limit 1) t`
const newest = (noun: string, table: string, column: string) => ({
  from: `${table} t`,
  direction: 'desc' as const,
  name: id,
  named: hex(noun, `t.${column}`),
})
const byId = (noun: string, table: string, column: string) => ({
  ...newest(noun, table, column),
  direction: 'asc' as const,
  keys: [[`t.${column}`, 'uuid']] as const,
})
const exceptions = {
  ...newest('exc', 'exception', 'exception_id'),
  keys: [['(t.resolved_at is null)', 'boolean'], ...at('raised_at', 'exception_id')] as const,
  filters: {
    kind: {
      sql: 't.kind = ?',
      values: some('kind', 'kind', '(select distinct merchant_id, kind from exception) e', 3),
    },
    state: { sql: `(case when t.resolved_at is null then 'open' else 'resolved' end) = ?` },
  },
}

export const kept: Readonly<Record<string, Kept>> = {
  '/orders': {
    ...newest('ord', 'orders', 'order_id'),
    keys: at('placed_at', 'order_id'),
    cursor: list('orders'),
    filters: {
      connection: {
        sql: 't.account_id = (select c.account_id from connection c where c.merchant_id = $1 and c.connection_id = ?::uuid)',
        values: connectionIs(false),
      },
      stage: { sql: '(select s.stage from order_stage s where s.merchant_id = $1 and s.order_id = t.order_id) = ?' },
      placedFrom: { sql: 't.placed_at >= ?::timestamptz', values: placed },
      placedBefore: { sql: 't.placed_at < ?::timestamptz', values: placed },
    },
  },
  '/orders/search': {
    ...newest('ord', 'order_number', 'order_id'),
    direction: 'asc',
    name: (item) => `${item.matched} ${item.id}`,
    named: `t.normalised || ' ' || ${hex('ord', 't.order_id')}`,
    keys: [
      ['t.normalised collate "C"', 'text'],
      ['t.order_id', 'uuid'],
    ],
    cursor: { write: (_, keys) => packed(keys), read: parts },
    filters: {
      q: {
        sql: `starts_with(t.normalised, ?)`,
        values: `select x.written, x.written as raw from (select normalised from order_number where merchant_id = $1 and kind = 'order' order by md5(normalised) limit 1) n
          cross join lateral (values (n.normalised), (left(n.normalised, 3)), ('80000'), ('FR'), ('TRACK'), ('8')) x(written)`,
      },
    },
  },
  '/items': {
    ...byId('itm', 'item', 'item_id'),
    keys: [['t.sku', 'text']],
    cursor: list('items'),
    filters: { sku: { sql: 't.sku = ?', values: some('sku', 'sku', 'item') } },
  },
  '/listings': {
    ...byId('lst', 'listing', 'listing_id'),
    cursor: list('listings'),
    filters: {
      connection: { sql: 't.connection_id = ?::uuid', values: connectionIs(false) },
      sku: { sql: 't.channel_sku = ?', values: some('channel_sku', 'channel_sku', 'listing') },
      unmapped: {
        sql: '(not exists (select 1 from listing_component k where k.merchant_id = $1 and k.listing_id = t.listing_id)) = ?::boolean',
      },
    },
  },
  '/inventory/levels': {
    ...byId('itm', 'inventory_level', 'item_id'),
    name: (item) => `${item.item} ${item.location}`,
    named: `${hex('itm', 't.item_id')} || ' ' || ${hex('loc', 't.location_id')}`,
    keys: [
      ['t.item_id', 'uuid'],
      ['t.location_id', 'uuid'],
    ],
    cursor: list('levels'),
    filters: {
      sku: { sql: 't.item_id = ?::uuid', values: some('sku', 'item_id', 'item') },
      location: { sql: 't.location_id = ?::uuid', values: some(hex('loc', 'location_id'), 'location_id', 'location') },
    },
  },
  '/locations': { ...byId('loc', 'location', 'location_id'), cursor: list('locations'), filters: {} },
  '/connections': {
    ...byId('con', 'connection', 'connection_id'),
    cursor: list('connections'),
    filters: {
      connector: { sql: 't.connector = ?', values: some('connector', 'connector', 'connection') },
      role: { sql: `(case t.connector when 'warehouse-files' then 'partner' else 'channel' end) = ?` },
    },
  },
  '/fulfillment-orders': {
    ...newest('ful', 'fulfillment_order', 'fulfillment_order_id'),
    keys: at('created_at', 'fulfillment_order_id'),
    cursor: list('fulfillment-orders'),
    filters: {
      order: { sql: 't.order_id = ?::uuid', values: some(hex('ord', 'order_id'), 'order_id', 'fulfillment_order') },
      partner: { sql: 't.connection_id = ?::uuid', values: connectionIs(true) },
      status: { sql: 't.status = ?' },
    },
  },
  '/shipments': {
    ...newest('shp', 'shipment', 'shipment_id'),
    keys: at('created_at', 'shipment_id'),
    cursor: list('shipments'),
    filters: { order: { sql: 't.order_id = ?::uuid', values: some(hex('ord', 'order_id'), 'order_id', 'shipment') } },
  },
  '/files': {
    ...newest('fil', 'partner_file', 'file_id'),
    keys: at('created_at', 'file_id'),
    cursor: list('files'),
    filters: {
      partner: { sql: 't.connection_id = ?::uuid', values: connectionIs(true) },
      direction: { sql: 't.direction = ?' },
      state: { sql: 't.state = ?' },
    },
  },
  '/inbox/messages': {
    ...newest('msg', 'inbox_message', 'message_id'),
    keys: at('received_at', 'message_id'),
    cursor: list('messages'),
    filters: {
      state: { sql: 't.state = ?' },
      connection: { sql: 't.connection_id = ?::uuid', values: connectionIs(false) },
    },
  },
  '/exceptions': { ...exceptions, cursor: openFirst, parted: 'state' },
  '/api-keys': {
    from: 'api_key t',
    direction: 'asc',
    name: id,
    named: 't.key_id',
    keys: [['t.key_id', 'text']],
    cursor: { write: (_, [key = '']) => key, read: (key) => [key] },
    filters: {},
  },
}
