import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { instant, merchantId } from '../platform/db/columns.ts'

const version = (name: string) => bigint(name, { mode: 'bigint' })

export const location = pgTable(
  'location',
  {
    merchantId: merchantId(),
    locationId: uuid('location_id').notNull(),
    code: text('code').notNull(),
    name: text('name').notNull(),
    kind: text('kind').notNull().default('warehouse'),
    /** Lower ranks are allocated first. */
    rank: integer('rank').notNull(),
    /** The partner connection that ships from here; null = the merchant ships. */
    connectionId: uuid('connection_id'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.locationId] }),
    unique('location_code').on(t.merchantId, t.code),
    check('location_kind', sql`${t.kind} in ('warehouse','store','3pl')`),
  ],
)

/** What a line takes from stock, frozen at import. need + excess = short + sum(reserved + consumed): the one law. */
export const orderLineComponent = pgTable(
  'order_line_component',
  {
    merchantId: merchantId(),
    orderId: uuid('order_id').notNull(),
    lineId: uuid('line_id').notNull(),
    itemId: uuid('item_id').notNull(),
    qtyPer: integer('qty_per').notNull(),
    need: integer('need').notNull(),
    short: integer('short').notNull().default(0),
    /** Cancelled by the channel, still held by a partner. */
    excess: integer('excess').notNull().default(0),
    /** Copied from the order, so that shorts are filled oldest first without a join. */
    placedAt: instant('placed_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.orderId, t.lineId, t.itemId] }),
    index('component_short').on(t.merchantId, t.itemId, t.placedAt).where(sql`${t.short} > 0`),
    check('component_law', sql`${t.need} >= 0 and ${t.short} >= 0 and ${t.excess} >= 0`),
  ],
)

export const reservation = pgTable(
  'reservation',
  {
    merchantId: merchantId(),
    orderId: uuid('order_id').notNull(),
    lineId: uuid('line_id').notNull(),
    itemId: uuid('item_id').notNull(),
    locationId: uuid('location_id').notNull(),
    reserved: integer('reserved').notNull(),
    /** Of the reserved: how many a partner has been told to ship. They are not ours to release. */
    handed: integer('handed').notNull().default(0),
    consumed: integer('consumed').notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.orderId, t.lineId, t.itemId, t.locationId] }),
    index('reservation_of_level').on(t.merchantId, t.itemId, t.locationId).where(sql`${t.reserved} > 0`),
    check(
      'reservation_qty',
      sql`${t.reserved} >= 0 and ${t.consumed} >= 0 and ${t.handed} between 0 and ${t.reserved}`,
    ),
  ],
)

/** Locked before any level is touched, so versions are commit-ordered per merchant. */
export const stockClock = pgTable('stock_clock', {
  merchantId: merchantId().primaryKey(),
  version: version('version').notNull().default(sql`0`),
})

export const inventoryLevel = pgTable(
  'inventory_level',
  {
    merchantId: merchantId(),
    itemId: uuid('item_id').notNull(),
    locationId: uuid('location_id').notNull(),
    onHand: integer('on_hand').notNull(),
    reserved: integer('reserved').notNull().default(0),
    unavailable: integer('unavailable').notNull().default(0),
    /** Units of `on_hand` that the last count denies: promised to partners before, so the row must keep them. Not sellable. */
    denied: integer('denied').notNull().default(0),
    /** As-of time of the last count applied: an older count is stale. */
    countedAt: instant('counted_at'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.itemId, t.locationId] }),
    check(
      'level_law',
      sql`${t.reserved} >= 0 and ${t.unavailable} >= 0 and ${t.denied} >= 0 and ${t.reserved} + ${t.unavailable} <= ${t.onHand}`,
    ),
  ],
)

/** The ledger: every change of a level, with its cause. */
export const inventoryMovement = pgTable(
  'inventory_movement',
  {
    merchantId: merchantId(),
    version: version('version').notNull(),
    seq: integer('seq').notNull(),
    itemId: uuid('item_id').notNull(),
    locationId: uuid('location_id').notNull(),
    kind: text('kind').notNull(),
    onHandDelta: integer('on_hand_delta').notNull(),
    reservedDelta: integer('reserved_delta').notNull(),
    causeKind: text('cause_kind').notNull(),
    causeId: uuid('cause_id').notNull(),
    at: instant('at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.version, t.seq] }),
    index('movement_of_item').on(t.merchantId, t.itemId, t.version),
    check('movement_kind', sql`${t.kind} in ('adjust','count','found','receive','reserve','release','ship')`),
  ],
)

/** One row per batch, whatever the number of channels; a cursor over it is exact. */
export const stockChange = pgTable(
  'stock_change',
  {
    merchantId: merchantId(),
    version: version('version').notNull(),
    itemIds: uuid('item_ids').array().notNull(),
    at: instant('at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.version] })],
)

/** What a channel sold by itself, by ledger version: with it a push knows what the channel should show. */
export const listingSale = pgTable(
  'listing_sale',
  {
    merchantId: merchantId(),
    listingId: uuid('listing_id').notNull(),
    version: version('version').notNull(),
    qty: integer('qty').notNull(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.listingId, t.version] })],
)

export const pushCursor = pgTable(
  'push_cursor',
  {
    merchantId: merchantId(),
    connectionId: uuid('connection_id').notNull(),
    seenVersion: version('seen_version').notNull().default(sql`0`),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.connectionId] })],
)

/** Written only by the holder of the connection's push lane. */
export const listingPush = pgTable(
  'listing_push',
  {
    merchantId: merchantId(),
    connectionId: uuid('connection_id').notNull(),
    listingId: uuid('listing_id').notNull(),
    desiredVersion: version('desired_version').notNull().default(sql`0`),
    sendingVersion: version('sending_version'),
    sendingQty: integer('sending_qty'),
    pushedVersion: version('pushed_version').notNull().default(sql`0`),
    pushedQty: integer('pushed_qty'),
    confirmedVersion: version('confirmed_version').notNull().default(sql`0`),
    confirmedQty: integer('confirmed_qty'),
    confirmedAt: instant('confirmed_at'),
    /** Confirmed number + unseen sales at that moment; minus sales imported since = what the channel should show. */
    baseQty: integer('base_qty'),
    baseVersion: version('base_version').notNull().default(sql`0`),
    /** Units sold there that have not reached us; while it lasts they stay off sale. */
    unseen: integer('unseen').notNull().default(0),
    unseenSince: instant('unseen_since'),
    /** Read again then, without a change of ours: drift, or a late write of a lost holder. */
    recheckAt: instant('recheck_at'),
    /** Until then a write of a lost holder or of a lost answer may still land: looks in between do not replace the one after it. */
    lateUntil: instant('late_until'),
    /** While the connection only watches: what the channel showed at the last look. */
    shownQty: integer('shown_qty'),
    shownAt: instant('shown_at'),
    dueAt: instant('due_at').notNull().defaultNow(),
    attempts: integer('attempts').notNull().default(0),
    error: text('error'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.connectionId, t.listingId] }),
    index('listing_behind')
      .on(t.merchantId, t.connectionId, t.dueAt)
      .where(sql`${t.desiredVersion} > ${t.confirmedVersion}`),
    index('listing_recheck').on(t.merchantId, t.connectionId, t.recheckAt).where(sql`${t.recheckAt} is not null`),
    check('push_order', sql`${t.confirmedVersion} <= ${t.pushedVersion}`),
  ],
)
