/** What a merchant owns, table by table. A table of merchants that is in neither list fails a test. */

export interface ExportedTable {
  readonly table: string
  /** The rest of its primary key, which leads with the merchant: the order of its lines. */
  readonly by: string
  /** Secrets, sealed or hashed: they open nothing for whoever reads the file, and are nobody's to carry away. */
  readonly without?: string
  /** Holds bytes as they came: few rows are read at once. */
  readonly heavy?: true
  /** What is of people stands behind the account door. */
  readonly door?: 'account'
}

/** In the order of the file: who it is, what is sold, what is there, what was bought, what was told. */
export const exportedTables: readonly ExportedTable[] = [
  { table: 'merchant', by: '' },
  { table: 'membership', by: 'user_id', door: 'account' },
  { table: 'invitation', by: 'invitation_id', without: 'token_sha256', door: 'account' },
  { table: 'api_key', by: 'key_id', without: 'secret_sha256', door: 'account' },
  { table: 'channel_account', by: 'account_id' },
  { table: 'connection', by: 'connection_id', without: 'credentials endpoint_token' },
  { table: 'sync_cursor', by: 'connection_id stream' },
  { table: 'backfill', by: 'connection_id' },
  { table: 'connection_day', by: 'connection_id day' },
  { table: 'connection_evidence', by: 'connection_id' },
  { table: 'item', by: 'item_id' },
  { table: 'listing', by: 'listing_id' },
  { table: 'listing_component', by: 'listing_id item_id' },
  { table: 'location', by: 'location_id' },
  { table: 'inventory_level', by: 'item_id location_id' },
  { table: 'inventory_movement', by: 'version seq' },
  { table: 'stock_clock', by: '' },
  { table: 'stock_change', by: 'version' },
  { table: 'listing_sale', by: 'listing_id version' },
  { table: 'listing_push', by: 'connection_id listing_id' },
  { table: 'push_cursor', by: 'connection_id' },
  { table: 'orders', by: 'order_id' },
  { table: 'order_halt', by: 'order_id' },
  { table: 'order_person', by: 'order_id role' },
  { table: 'order_line', by: 'order_id line_id' },
  { table: 'order_line_component', by: 'order_id line_id item_id' },
  { table: 'order_number', by: 'normalised order_id' },
  { table: 'reservation', by: 'order_id line_id item_id location_id' },
  { table: 'fulfillment_order', by: 'fulfillment_order_id' },
  { table: 'fulfillment_order_line', by: 'fulfillment_order_id line_id item_id' },
  { table: 'shipment', by: 'shipment_id' },
  { table: 'shipment_line', by: 'shipment_id line_id item_id' },
  { table: 'partner_file', by: 'file_id', heavy: true },
  { table: 'partner_file_issue', by: 'file_id row seq' },
  { table: 'effect', by: 'effect_id' },
  { table: 'exception', by: 'exception_id' },
  { table: 'timeline_event', by: 'order_id at event_id' },
  { table: 'privacy_request', by: 'request_id' },
  { table: 'api_request', by: 'request_id' },
  { table: 'audit_entry', by: 'seq' },
  { table: 'inbox_message', by: 'message_id' },
  { table: 'inbox_body', by: 'received_on message_id', heavy: true },
]

/** Tables of merchants that are not in the file, and why. */
export const notExported: Readonly<Record<string, string>> = {
  session: 'A browser of a person, who may belong to several merchants; over after twelve hours.',
  consent: 'A question to a shop with what it posted, sealed; what came of it is the connection.',
  consent_state: 'The same question by the hash of its state, for ten minutes.',
  lane: 'Which of the hub’s workers is at what: no fact of the merchant’s.',
  account_claim: 'Says again what channel_account and connection say, for looking up.',
  account_holder: 'Says again what channel_account says, for looking up.',
  webhook_endpoint: 'An address of the hub by its hash.',
}
