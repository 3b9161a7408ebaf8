/**
 * What every column that can hold text says about people. A column that is not listed here fails the schema test, so
 * whoever adds one has to decide.
 *
 * person: may hold personal data, and is erased with its subject. secret: sealed or hashed, useless to who reads it.
 * plain: words, numbers and references; never a name, an address, a phone number or a mail address of a person.
 */
export type Meaning = 'person' | 'secret' | 'plain'

type Columns = Readonly<Partial<Record<Meaning, string>>>

const hub: Readonly<Record<string, Columns>> = {
  account_claim: { plain: 'platform external_account_id' },
  account_holder: { plain: 'platform external_account_id' },
  api_key: { secret: 'secret_sha256', plain: 'key_id label scopes' },
  api_request: { plain: 'actor action reason replay_key fingerprint answer' },
  audit_entry: { plain: 'actor client act targets prev_hash hash changes' },
  backfill: { plain: 'orders_page listings_page error' },
  channel_account: { plain: 'platform external_account_id name' },
  connection: {
    secret: 'credentials endpoint_token',
    plain: 'connector label status status_reason write_mode canary_skus settings last_error',
  },
  connection_day: {},
  connection_evidence: { plain: 'webhooks_found webhooks_problems missing_scopes' },
  consent: { secret: 'browser_sha256 keys', plain: 'connector settings label actor status reason' },
  consent_state: { secret: 'state_sha256' },
  effect: { plain: 'kind dedupe_key state intent external_ref reason' },
  exception: { plain: 'kind dedupe_key subject_kind detail' },
  fulfillment_order: { plain: 'request_number status request_status reason' },
  fulfillment_order_line: {},
  hub_process: { plain: 'role version' },
  inbox_body: { person: 'bytes', plain: 'headers sha256' },
  inbox_message: { plain: 'source topic dedupe_key subject_ref state reason' },
  inventory_level: {},
  inventory_movement: { plain: 'kind cause_kind' },
  invitation: { person: 'email', secret: 'token_sha256', plain: 'role' },
  item: { plain: 'sku title' },
  lane: { plain: 'kind' },
  listing: { plain: 'external_id channel_sku title publish_target' },
  listing_component: { plain: 'source' },
  listing_push: { plain: 'error' },
  listing_sale: {},
  location: { plain: 'code name kind' },
  membership: { plain: 'role' },
  merchant: { plain: 'name time_zone currency' },
  order_halt: { plain: 'held_reason cancel_state cancel_reason cancel_tell' },
  order_line: { plain: 'external_line_id sku_sold title' },
  order_line_component: {},
  order_number: { plain: 'normalised kind' },
  order_person: { person: 'data', plain: 'role' },
  orders: {
    plain: 'external_id external_number content_sha256 currency shop_currency hold remote_status shipping_service',
  },
  partner_file: { person: 'bytes', plain: 'direction name sha256 state document summary' },
  partner_file_issue: { plain: 'severity field code message' },
  privacy_request: { plain: 'kind source order_refs sha256 phase reason' },
  push_cursor: {},
  recovery_code: { secret: 'code_sha256' },
  reservation: {},
  session: { secret: 'token_sha256', plain: 'client' },
  shipment: { plain: 'partner_shipment_ref carrier tracking' },
  shipment_line: {},
  sign_in_step: { secret: 'token_sha256' },
  sign_in_throttle: { secret: 'key_hmac' },
  stock_change: {},
  stock_clock: {},
  sync_cursor: { plain: 'stream value' },
  timeline_event: { plain: 'kind actor cause_kind data' },
  user_account: { person: 'email', secret: 'password_hash totp_secret' },
  webhook_endpoint: { secret: 'token_sha256' },
}

/** BullMQ's own tables (6.7.0): what we put into them is lane keys. */
export const queueTables =
  'dedup dedup_next event job job_dependency job_log meta metrics migration rate_limit relay_inbox relay_node relay_retained relay_subscription scheduler'.split(
    ' ',
  )

/** `table.column` → meaning, of our own tables. */
export const meanings: ReadonlyMap<string, Meaning> = new Map(
  Object.entries(hub).flatMap(([table, byMeaning]) =>
    (['person', 'secret', 'plain'] as const).flatMap((meaning) =>
      (byMeaning[meaning] ?? '')
        .split(' ')
        .filter((column) => column !== '')
        .map((column) => [`${table}.${column}`, meaning] as const),
    ),
  ),
)

export const hubTables = Object.keys(hub)
