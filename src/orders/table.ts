import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, instant, merchantId } from '../platform/db/columns.ts'

const minor = (name: string) => bigint(name, { mode: 'bigint' })

/** Facts of the channel. No stored lifecycle: the stage is a view over quantities. */
export const orders = pgTable(
  'orders',
  {
    merchantId: merchantId(),
    orderId: uuid('order_id').notNull(),
    accountId: uuid('account_id').notNull(),
    connectionId: uuid('connection_id').notNull(),
    externalId: text('external_id').notNull(),
    externalNumber: text('external_number').notNull(),
    /** The channel's clock. Equal time and another hash means: fetch again. */
    changedAt: instant('changed_at').notNull(),
    contentSha256: bytea('content_sha256').notNull(),
    /** When we read it from the channel; null when it was pushed to us. */
    fetchedAt: instant('fetched_at'),
    placedAt: instant('placed_at').notNull(),
    importedAt: instant('imported_at').notNull().defaultNow(),
    currency: text('currency').notNull(),
    totalMinor: minor('total_minor').notNull(),
    shopCurrency: text('shop_currency').notNull(),
    shopTotalMinor: minor('shop_total_minor').notNull(),
    refundedMinor: minor('refunded_minor').notNull().default(sql`0`),
    /** total - what the parts add up to. Not zero: flagged. */
    moneyDeltaMinor: minor('money_delta_minor').notNull().default(sql`0`),
    cancelledAt: instant('cancelled_at'),
    isTest: boolean('is_test').notNull().default(false),
    hold: text('hold'),
    remoteStatus: text('remote_status').notNull(),
    shippingService: text('shipping_service'),
    /** Whoever shipped for the shop before ships it: its stock is held, and no warehouse of ours is asked. */
    watched: boolean('watched').notNull().default(false),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.orderId] }),
    unique('order_once').on(t.merchantId, t.accountId, t.externalId),
    index('orders_watched')
      .on(t.merchantId, t.connectionId, t.placedAt.desc(), t.orderId.desc())
      .where(sql`${t.watched}`),
    index('orders_page').on(t.merchantId, t.placedAt.desc(), t.orderId.desc()),
  ],
)

/**
 * What a person wants of an order, beside what its channel says of it: that it waits here, or that it is cancelled. A row
 * is there only for orders that were ever held or asked to be cancelled.
 */
export const orderHalt = pgTable(
  'order_halt',
  {
    merchantId: merchantId(),
    orderId: uuid('order_id').notNull(),
    heldAt: instant('held_at'),
    heldReason: text('held_reason'),
    /** It lets go by itself then; null: a person does. */
    heldUntil: instant('held_until'),
    /** Asked: a partner has it. Telling: nobody has it any more, and the channel is told. Too late, refused: it is over. */
    cancelState: text('cancel_state'),
    cancelReason: text('cancel_reason'),
    /** When the channel is told: once partners `agreed`, or `now`. */
    cancelTell: text('cancel_tell'),
    cancelAskedAt: instant('cancel_asked_at'),
    cancelAnsweredAt: instant('cancel_answered_at'),
    cancelTries: integer('cancel_tries').notNull().default(0),
    /** Nothing of it is handed to a partner. */
    halted: boolean('halted')
      .notNull()
      .generatedAlwaysAs(sql`held_at is not null or coalesce(cancel_state, '') in ('asked', 'telling', 'refused')`),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.orderId] }),
    check(
      'halt_hold',
      sql`(${t.heldAt} is null) = (${t.heldReason} is null) and (${t.heldUntil} is null or ${t.heldAt} is not null)`,
    ),
    check('halt_cancel_state', sql`${t.cancelState} in ('asked','telling','too_late','refused')`),
    check('halt_cancel_reason', sql`${t.cancelReason} in ('out_of_stock','buyer_request','other')`),
    check('halt_cancel_tell', sql`${t.cancelTell} in ('agreed','now')`),
  ],
)

/**
 * The only home of personal data outside raw bodies. No foreign keys from here on: a check for each row, with a lock on
 * its order, would prove what one transaction writes together.
 */
export const orderPerson = pgTable(
  'order_person',
  {
    merchantId: merchantId(),
    orderId: uuid('order_id').notNull(),
    role: text('role').notNull(),
    data: jsonb('data'),
    erasedAt: instant('erased_at'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.orderId, t.role] }),
    check('person_role', sql`${t.role} in ('ship_to','bill_to','buyer','note')`),
  ],
)

export const orderLine = pgTable(
  'order_line',
  {
    merchantId: merchantId(),
    orderId: uuid('order_id').notNull(),
    lineId: uuid('line_id').notNull(),
    externalLineId: text('external_line_id').notNull(),
    listingId: uuid('listing_id'),
    skuSold: text('sku_sold'),
    title: text('title').notNull(),
    qtyOrdered: integer('qty_ordered').notNull(),
    qtyCancelled: integer('qty_cancelled').notNull().default(0),
    /** By how much the channel's own stock number is lower because of this line. */
    channelTook: integer('channel_took').notNull().default(0),
    /** Units that the channel says have left, whoever shipped them. */
    channelShipped: integer('channel_shipped').notNull().default(0),
    physical: boolean('physical').notNull().default(true),
    totalMinor: minor('total_minor').notNull(),
    /** Shown, never summed: channels send sub-cent prices. */
    unitPrice: numeric('unit_price', { precision: 20, scale: 8 }),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.orderId, t.lineId] }),
    unique('line_once').on(t.merchantId, t.orderId, t.externalLineId),
    index('line_of_listing').on(t.merchantId, t.listingId),
    check('line_qty', sql`${t.qtyOrdered} >= 0 and ${t.qtyCancelled} between 0 and ${t.qtyOrdered}`),
  ],
)

/** "Search any number": exact or prefix on normalised numbers, the two operators that keep their index under RLS. */
export const orderNumber = pgTable(
  'order_number',
  {
    merchantId: merchantId(),
    normalised: text('normalised').notNull(),
    orderId: uuid('order_id').notNull(),
    kind: text('kind').notNull(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.normalised, t.orderId] })],
)
