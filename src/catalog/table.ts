import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { createdAt, merchantId } from '../platform/db/columns.ts'

export const item = pgTable(
  'item',
  {
    merchantId: merchantId(),
    itemId: uuid('item_id').notNull(),
    sku: text('sku').notNull(),
    title: text('title').notNull().default(''),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.itemId] }), unique('item_sku').on(t.merchantId, t.sku)],
)

export const listing = pgTable(
  'listing',
  {
    merchantId: merchantId(),
    listingId: uuid('listing_id').notNull(),
    connectionId: uuid('connection_id').notNull(),
    externalId: text('external_id').notNull(),
    channelSku: text('channel_sku'),
    title: text('title').notNull().default(''),
    /** Null until the channel's listing was read: a stub made by an order cannot be pushed to. */
    publishTarget: text('publish_target'),
    tracked: boolean('tracked').notNull().default(true),
    /** A person said what it takes, perhaps nothing: equal SKUs do not overrule that. */
    mappedByHand: boolean('mapped_by_hand').notNull().default(false),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.listingId] }),
    unique('listing_once').on(t.merchantId, t.connectionId, t.externalId),
    index('listing_of_sku').on(t.merchantId, t.channelSku),
  ],
)

/** What one unit of a listing takes: one row is a plain product, several a kit. */
export const listingComponent = pgTable(
  'listing_component',
  {
    merchantId: merchantId(),
    listingId: uuid('listing_id').notNull(),
    itemId: uuid('item_id').notNull(),
    qtyPer: integer('qty_per').notNull(),
    source: text('source').notNull().default('sku'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.listingId, t.itemId] }),
    foreignKey({ columns: [t.merchantId, t.listingId], foreignColumns: [listing.merchantId, listing.listingId] }),
    foreignKey({ columns: [t.merchantId, t.itemId], foreignColumns: [item.merchantId, item.itemId] }),
    index('listing_of_item').on(t.merchantId, t.itemId, t.listingId),
    check('component_qty', sql`${t.qtyPer} between 1 and 1000`),
  ],
)
