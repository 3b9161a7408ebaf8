/**
 * The file contract with a warehouse, as data. The writer, the reader and README.md's tables come from it;
 * who changes a line here changes what partners must build.
 */

type ColumnType =
  | 'request-number'
  | 'kind'
  | 'code'
  | 'sku'
  | 'count'
  | 'text'
  | 'tracking'
  | 'instant'
  | 'decision'
  | 'yes-no'

export interface Column {
  readonly name: string
  /** Other headers that mean the same, already normalised. Seen in real layouts of 2026 (DropStream, 35up, ShipStream, OrderMyGear). */
  readonly aliases: readonly string[]
  readonly type: ColumnType
  /** `value`: header and cell; `header`: the cell may be empty; `no`: the column may be left out. */
  readonly required: 'value' | 'header' | 'no'
  readonly lengthMax: number
  readonly meaning: string
}
export type InboundDocument = 'acks' | 'shipments' | 'stock'
export interface DocumentContract {
  readonly document: 'requests' | InboundDocument
  readonly direction: 'to the warehouse' | 'from the warehouse'
  readonly fileName: string
  readonly columns: readonly Column[]
}

/** Limits of every file, both ways. Beyond one of the first four the whole file is refused, beyond `cell` the row. */
export const limits = {
  fileBytesMax: 50 * 1024 * 1024,
  rowsMax: 100_000,
  columnsMax: 200,
  rowCharsMax: 131_072,
  shippedMax: 99_999,
  onHandMax: 99_999_999,
  fileNameMax: 200,
} as const

export const requestNumberPattern = /^[A-Z0-9-]{1,20}$/
/** First cell of the last row of a file; the second holds the number of rows between header and this one. */
export const endMark = '#END'
export const decisions = ['accepted', 'rejected', 'cancel_accepted', 'cancel_rejected'] as const
export type Decision = (typeof decisions)[number]

const requestNumber: Column = {
  name: 'request_number',
  aliases: [
    ...['request', 'request_no', 'request_id', 'order_id', 'orderid', 'order_number', 'ordernumber', 'order_no', 'po'],
    ...['po_number', 'clientordernumber', 'shopify_order_reference', 'reference', 'merchant_ref'],
  ],
  type: 'request-number',
  required: 'value',
  lengthMax: 20,
  meaning: 'Number of the request: capital letters, digits and dash. Never used twice.',
}
const sku: Column = {
  name: 'sku',
  aliases: ['item_sku', 'product_sku', 'partnumber', 'part_number', 'item'],
  type: 'sku',
  required: 'value',
  lengthMax: 255,
  meaning: 'Compared letter by letter: `00123` is not `123`.',
}

function out(name: string, type: ColumnType, lengthMax: number, meaning: string): Column {
  return { name, aliases: [], type, required: 'header', lengthMax, meaning }
}

export const requestsContract: DocumentContract = {
  document: 'requests',
  direction: 'to the warehouse',
  fileName: 'requests-<sequence, 9 digits>-<yyyyMMddTHHmmssZ>.csv',
  columns: [
    { ...requestNumber, aliases: [] },
    {
      ...out('type', 'kind', 6, '`SHIP`: send these lines. `CANCEL`: do not send this request any more.'),
      required: 'value',
    },
    {
      ...out('order_number', 'code', 20, 'The order as the buyer knows it, for the packing slip; not unique.'),
      required: 'value',
    },
    {
      ...out('placed_at', 'instant', 20, 'When the order was placed, UTC: `2026-11-23T07:05:00Z`.'),
      required: 'value',
    },
    out('line_number', 'count', 6, 'Number of the line within the request. Empty on CANCEL.'),
    { ...sku, aliases: [], required: 'header', meaning: `${sku.meaning} Empty on CANCEL.` },
    out('title', 'text', 200, 'Name of the goods, for people.'),
    out('quantity', 'count', 6, 'Whole units to send. Empty on CANCEL.'),
    out('service', 'text', 100, 'Shipping service that the buyer chose; empty: the usual one.'),
    out(
      'name',
      'text',
      100,
      'Receiver. This and the address columns are the same on all rows of a request, empty on CANCEL.',
    ),
    out('company', 'text', 100, 'Company of the receiver.'),
    out('address1', 'text', 200, 'Street and number.'),
    out('address2', 'text', 200, 'Second address line.'),
    out('city', 'text', 100, 'City.'),
    out('province', 'text', 100, 'State or province.'),
    out('postcode', 'text', 20, 'Postcode; text, so zeros in front stay.'),
    out('country', 'text', 2, 'Country, ISO 3166-1 alpha-2.'),
    out('phone', 'text', 40, 'For the carrier.'),
    out('email', 'text', 200, 'For the carrier.'),
  ],
}

const acksContract: DocumentContract = {
  document: 'acks',
  direction: 'from the warehouse',
  fileName: 'acks-<anything>.csv',
  columns: [
    requestNumber,
    {
      name: 'decision',
      aliases: ['status', 'result'],
      type: 'decision',
      required: 'value',
      lengthMax: 30,
      meaning:
        '`accepted`, `rejected` (the whole request), `cancel_accepted` or `cancel_rejected` (it will still be sent).',
    },
    {
      name: 'reason',
      aliases: ['message', 'reject_reason', 'comment'],
      type: 'text',
      required: 'no',
      lengthMax: 500,
      meaning: 'Why; asked for on `rejected` and `cancel_rejected`.',
    },
  ],
}

const shipmentsContract: DocumentContract = {
  document: 'shipments',
  direction: 'from the warehouse',
  fileName: 'shipments-<anything>.csv',
  columns: [
    {
      name: 'shipment_id',
      aliases: ['shipment', 'shipment_no', 'shipment_number', 'parcel_id', 'package_id'],
      type: 'code',
      required: 'value',
      lengthMax: 60,
      meaning: 'Your own number of the parcel; never used twice. One row for each parcel and SKU.',
    },
    requestNumber,
    sku,
    {
      name: 'quantity',
      aliases: ['qty', 'item_qty', 'product_qty', 'shipped_qty', 'qty_shipped', 'quantity_shipped'],
      type: 'count',
      required: 'value',
      lengthMax: 20,
      meaning: 'Whole units in this parcel. `0` only with `final` = `yes`: nothing (more) of this SKU will be sent.',
    },
    {
      name: 'carrier',
      aliases: ['shipping_provider', 'package_carrier', 'ship_method', 'service'],
      type: 'text',
      required: 'value',
      lengthMax: 100,
      meaning: 'Carrier as your system names it.',
    },
    {
      name: 'tracking',
      aliases: ['tracking_number', 'tracking_no', 'tracking_code', 'trackingnumber', 'package_trackingnumber'],
      type: 'tracking',
      required: 'header',
      lengthMax: 60,
      meaning: 'One tracking number; blanks are removed. Empty: accepted with a warning.',
    },
    {
      name: 'shipped_at',
      aliases: ['ship_date', 'shipped_date', 'date_shipped', 'dateshipped'],
      type: 'instant',
      required: 'value',
      lengthMax: 40,
      meaning: 'When the parcel left, ISO 8601. Without a zone: your agreed time zone.',
    },
    {
      name: 'final',
      aliases: ['is_final', 'complete'],
      type: 'yes-no',
      required: 'no',
      lengthMax: 10,
      meaning: '`yes`: nothing more comes for this request and SKU, in this parcel or another. Empty: `no`.',
    },
    {
      name: 'short',
      aliases: ['qty_short', 'short_qty', 'quantity_short', 'quantity_difference', 'shortage'],
      type: 'count',
      required: 'no',
      lengthMax: 20,
      meaning:
        'Only with `final` = `yes`: units asked for that will not come, over all parcels; they are not in your stock. Empty: not said.',
    },
  ],
}

const stockContract: DocumentContract = {
  document: 'stock',
  direction: 'from the warehouse',
  fileName: 'stock-<anything>.csv',
  columns: [
    sku,
    {
      name: 'on_hand',
      aliases: ['onhand', 'quantity_on_hand', 'qty_on_hand', 'stock', 'quantity', 'qty'],
      type: 'count',
      required: 'value',
      lengthMax: 20,
      meaning: 'Units in the building that can be sold, including those requested but not yet sent.',
    },
    {
      name: 'as_of',
      aliases: ['asof', 'counted_at', 'timestamp', 'date'],
      type: 'instant',
      required: 'value',
      lengthMax: 40,
      meaning: 'When this number was true, ISO 8601. An older file than the last one read changes nothing.',
    },
  ],
}

export const inboundContracts: Readonly<Record<InboundDocument, DocumentContract>> = {
  acks: acksContract,
  shipments: shipmentsContract,
  stock: stockContract,
}
