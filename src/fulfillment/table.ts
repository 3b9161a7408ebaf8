import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, createdAt, instant, merchantId } from '../platform/db/columns.ts'

/** Asks one location to ship reserved units of one order. Status words are Shopify's: the field's common tongue. */
export const fulfillmentOrder = pgTable(
  'fulfillment_order',
  {
    merchantId: merchantId(),
    fulfillmentOrderId: uuid('fulfillment_order_id').notNull(),
    orderId: uuid('order_id').notNull(),
    locationId: uuid('location_id').notNull(),
    /** The partner's connection; null = the merchant ships by hand. */
    connectionId: uuid('connection_id'),
    requestNumber: text('request_number').notNull(),
    status: text('status').notNull().default('open'),
    requestStatus: text('request_status').notNull().default('unsubmitted'),
    submittedAt: instant('submitted_at'),
    ackDueAt: instant('ack_due_at'),
    cancelRequestedAt: instant('cancel_requested_at'),
    reason: text('reason'),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.fulfillmentOrderId] }),
    unique('request_number_once').on(t.merchantId, t.requestNumber),
    index('fulfillment_of_order').on(t.merchantId, t.orderId),
    index('fulfillment_page').on(t.merchantId, t.createdAt.desc(), t.fulfillmentOrderId.desc()),
    check('fulfillment_status', sql`${t.status} in ('open','in_progress','incomplete','closed','cancelled')`),
    check(
      'fulfillment_request',
      sql`${t.requestStatus} in ('unsubmitted','submitted','accepted','rejected','cancellation_requested','cancellation_accepted','cancellation_rejected','closed')`,
    ),
  ],
)

/** Without a foreign key, as are the lines of a shipment: they are written together with their parent, row by row a check costs more than the row. */
export const fulfillmentOrderLine = pgTable(
  'fulfillment_order_line',
  {
    merchantId: merchantId(),
    fulfillmentOrderId: uuid('fulfillment_order_id').notNull(),
    orderId: uuid('order_id').notNull(),
    lineId: uuid('line_id').notNull(),
    itemId: uuid('item_id').notNull(),
    requested: integer('requested').notNull(),
    rejected: integer('rejected').notNull().default(0),
    cancelled: integer('cancelled').notNull().default(0),
    shipped: integer('shipped').notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.fulfillmentOrderId, t.lineId, t.itemId] }),
    check(
      'fulfillment_line_qty',
      sql`${t.requested} >= 0 and ${t.rejected} >= 0 and ${t.cancelled} >= 0 and ${t.shipped} >= 0`,
    ),
  ],
)

/** What left the building. */
export const shipment = pgTable(
  'shipment',
  {
    merchantId: merchantId(),
    shipmentId: uuid('shipment_id').notNull(),
    fulfillmentOrderId: uuid('fulfillment_order_id').notNull(),
    orderId: uuid('order_id').notNull(),
    partnerShipmentRef: text('partner_shipment_ref').notNull(),
    carrier: text('carrier').notNull(),
    tracking: text('tracking'),
    trackingRevision: integer('tracking_revision').notNull().default(1),
    shippedAt: instant('shipped_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.shipmentId] }),
    unique('shipment_once').on(t.merchantId, t.fulfillmentOrderId, t.partnerShipmentRef),
    index('shipment_of_order').on(t.merchantId, t.orderId),
    index('shipment_page').on(t.merchantId, t.createdAt.desc(), t.shipmentId.desc()),
  ],
)

export const shipmentLine = pgTable(
  'shipment_line',
  {
    merchantId: merchantId(),
    shipmentId: uuid('shipment_id').notNull(),
    orderId: uuid('order_id').notNull(),
    lineId: uuid('line_id').notNull(),
    itemId: uuid('item_id').notNull(),
    qty: integer('qty').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.shipmentId, t.lineId, t.itemId] }),
    check('shipment_line_qty', sql`${t.qty} > 0`),
  ],
)

/** Every file exchanged with a partner: frozen before it is sent, stored before it is parsed. */
export const partnerFile = pgTable(
  'partner_file',
  {
    merchantId: merchantId(),
    fileId: uuid('file_id').notNull(),
    connectionId: uuid('connection_id').notNull(),
    direction: text('direction').notNull(),
    name: text('name').notNull(),
    size: integer('size').notNull(),
    sha256: bytea('sha256').notNull(),
    /** Outgoing bytes, kept only until the partner has answered: they hold addresses. Incoming bytes live in the inbox. */
    bytes: bytea('bytes'),
    bytesUntil: instant('bytes_until'),
    messageId: uuid('message_id'),
    sequence: integer('sequence'),
    state: text('state').notNull(),
    document: text('document'),
    summary: jsonb('summary').notNull().default({}),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.fileId] }),
    uniqueIndex('partner_file_out').on(t.merchantId, t.connectionId, t.name).where(sql`${t.direction} = 'out'`),
    index('partner_file_known').on(t.merchantId, t.connectionId, t.sha256).where(sql`${t.direction} = 'in'`),
    index('partner_file_name').on(t.merchantId, t.connectionId, t.name).where(sql`${t.direction} = 'in'`),
    index('partner_file_sequence').on(t.merchantId, t.connectionId, t.sequence).where(sql`${t.direction} = 'out'`),
    index('partner_file_bytes').on(t.merchantId, t.bytesUntil, t.fileId).where(sql`${t.bytes} is not null`),
    index('partner_file_page').on(t.merchantId, t.createdAt.desc(), t.fileId.desc()),
    check('partner_file_direction', sql`${t.direction} in ('in','out')`),
    check(
      'partner_file_state',
      sql`${t.state} in ('frozen','delivered','unverifiable','stored','applied','refused','duplicate')`,
    ),
  ],
)

/** What was wrong with row 17. */
export const partnerFileIssue = pgTable(
  'partner_file_issue',
  {
    merchantId: merchantId(),
    fileId: uuid('file_id').notNull(),
    row: integer('row').notNull(),
    seq: integer('seq').notNull(),
    severity: text('severity').notNull(),
    field: text('field').notNull().default(''),
    code: text('code').notNull(),
    message: text('message').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.fileId, t.row, t.seq] }),
    foreignKey({ columns: [t.merchantId, t.fileId], foreignColumns: [partnerFile.merchantId, partnerFile.fileId] }),
    check('issue_severity', sql`${t.severity} in ('warning','error')`),
  ],
)
