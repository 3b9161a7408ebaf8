/** One broken promise each, written past every rule of the database. `also`: audits that must see the same rows. */
export interface Plant {
  readonly sql: string
  readonly also?: readonly string[]
}

const order = (ref: string) => `(select order_id from orders where external_id = '${ref}')`
const lineOf = (ref: string) => `(select line_id from order_line where order_id = ${order(ref)})`
const request = (ref: string) =>
  `(select fulfillment_order_id from fulfillment_order where order_id = ${order(ref)} limit 1)`
const item = (sku: string) => `(select item_id from item where sku = '${sku}')`
const place = (code: string) => `(select location_id from location where code = '${code}')`
const connection = (kind: string) => `(select connection_id from connection where connector = '${kind}')`
const merchant = '(select id from m)'
/** Younger than any id of the story. */
const nowhere = `'ffffffff-0000-7000-8000-000000000001'::uuid`
const long = `now() - interval '1 hour'`

const message = (state: string, more: { ref?: string; due?: string } = {}) =>
  `insert into inbox_message (merchant_id, message_id, connection_id, source, state, subject_ref, due_at)
   values (${merchant}, ${nowhere}, ${connection('example')}, 'poll', '${state}', ${more.ref ? `'${more.ref}'` : 'null'}, ${more.due ?? 'now()'})`
const level = (columns: string, values: string) =>
  `insert into inventory_level (merchant_id, item_id, location_id, ${columns}) values (${merchant}, ${item('LOOSE')}, ${place('L0')}, ${values})`
const told = (kind: string, ref: string) =>
  `insert into exception (merchant_id, exception_id, kind, dedupe_key, subject_kind, subject_id)
   values (${merchant}, gen_random_uuid(), '${kind}', 'planted', 'order', ${order(ref)})`
const newRequest = `insert into fulfillment_order (merchant_id, fulfillment_order_id, order_id, location_id, connection_id, request_number)
   values (${merchant}, ${nowhere}, ${order('102')}, ${place('L0')}, ${connection('partner')}, 'FRX');
   insert into order_number (merchant_id, normalised, order_id, kind) values (${merchant}, 'FRX', ${order('102')}, 'request')`
const ofLastChange = 'version = (select max(version) from inventory_movement)'

const messages: Readonly<Record<string, Plant>> = {
  message_without_body: { sql: message('pending') },
  applied_without_order: { sql: message('applied', { ref: 'nowhere' }) },
  message_end: { sql: `alter table inbox_message drop constraint inbox_reason; ${message('ignored')}` },
  message_dead_untold: { sql: `delete from exception where kind = 'message_dead'` },
  file_unread: { sql: `update partner_file set state = 'stored', created_at = ${long} where direction = 'in'` },
  message_waits: {
    sql: `${message('pending', { due: long })};
      insert into inbox_body values (${merchant}, (now() at time zone 'utc')::date, ${nowhere}, '{}', '', '')`,
  },
}

const orders: Readonly<Record<string, Plant>> = {
  order_twice: {
    sql: `alter table orders drop constraint order_once;
      insert into orders select (jsonb_populate_record(o, jsonb_build_object('order_id', gen_random_uuid()))).* from orders o where external_id = '101';
      insert into order_number select merchant_id, '101', order_id, 'order' from orders where external_id = '101' on conflict do nothing`,
  },
  account_twice: {
    sql: `alter table channel_account drop constraint account_once;
      insert into channel_account select merchant_id, gen_random_uuid(), platform, external_account_id, name from channel_account where platform = 'example'`,
  },
  order_went_back: { sql: `update orders set changed_at = changed_at - interval '1 minute' where external_id = '101'` },
  money_untold: { sql: `update orders set money_delta_minor = 1 where external_id = '101'` },
  need_of_line: { sql: `update order_line set qty_ordered = qty_ordered + 1 where order_id = ${order('102')}` },
  line_unmapped_untold: { sql: `delete from exception where kind = 'unmapped_sku'` },
  consumed_unshipped: {
    sql: `update shipment_line set qty = qty + 1;
      update fulfillment_order_line set shipped = shipped + 1, requested = requested + 1 where order_id = ${order('101')}`,
  },
  request_unlike_parcels: {
    sql: `update fulfillment_order_line set shipped = shipped + 1, requested = requested + 1 where order_id = ${order('102')}`,
  },
  over_shipped_untold: { sql: `update fulfillment_order_line set rejected = 1 where order_id = ${order('101')}` },
  number_unfindable: { sql: `delete from order_number where kind = 'tracking'` },
}

const stock: Readonly<Record<string, Plant>> = {
  level_law: { sql: `alter table inventory_level drop constraint level_law; ${level('on_hand, unavailable', '0, 1')}` },
  level_reservations: {
    sql: `${level('on_hand, reserved', '1, 1')};
      update stock_change set item_ids = item_ids || ${item('LOOSE')} where ${ofLastChange};
      insert into inventory_movement (merchant_id, version, seq, item_id, location_id, kind, on_hand_delta, reserved_delta, cause_kind, cause_id)
      select ${merchant}, max(version), 999, ${item('LOOSE')}, ${place('L0')}, 'adjust', 1, 1, 'api', gen_random_uuid() from inventory_movement`,
  },
  level_movements: { sql: level('on_hand', '1') },
  denied_untold: { sql: level('on_hand, denied', '0, 1') },
  component_law: { sql: `update order_line_component set excess = excess + 1 where order_id = ${order('106')}` },
  reservation_law: {
    sql: `alter table reservation drop constraint reservation_qty;
      insert into reservation (merchant_id, order_id, line_id, item_id, location_id, reserved, handed)
      values (${merchant}, ${order('102')}, ${lineOf('102')}, ${item('SKU-0')}, ${place('L1')}, 0, 1)`,
    also: ['handed_unlike_requests'],
  },
  reservation_unneeded: {
    sql: `insert into reservation (merchant_id, order_id, line_id, item_id, location_id, reserved)
      values (${merchant}, ${order('102')}, ${lineOf('102')}, ${item('LOOSE')}, ${place('L0')}, 0)`,
  },
  short_although_free: {
    sql: `update order_line set qty_ordered = qty_ordered + 1 where order_id = ${order('106')};
      update order_line_component set need = need + 1, short = 1 where order_id = ${order('106')}; ${told('short', '106')}`,
  },
  short_untold: { sql: `delete from exception where kind = 'short'` },
  short_told_wrongly: { sql: told('short', '101') },
}

const pushes: Readonly<Record<string, Plant>> = {
  change_unlogged: { sql: `update stock_change set item_ids = '{}' where ${ofLastChange}` },
  listing_number: {
    sql: `update listing_push set confirmed_qty = confirmed_qty + 1 where listing_id = (select listing_id from listing where external_id = 'V0')`,
  },
  listing_unfollowed: { sql: `delete from listing_push` },
  listing_versions: { sql: `update listing_push set sending_version = 1000000` },
  listing_waits: {
    sql: `update listing_push set desired_version = confirmed_version, confirmed_version = confirmed_version - 1, due_at = ${long}`,
  },
  changes_unread: { sql: `update push_cursor set seen_version = 0; update stock_change set at = ${long}` },
}

const outward: Readonly<Record<string, Plant>> = {
  request_unsent: { sql: newRequest },
  request_without_file: { sql: `update effect set file_id = null where subject_id = ${request('102')}` },
  handed_unlike_requests: {
    sql: `update reservation set handed = 0 where order_id = ${order('102')} and item_id = ${item('SKU-0')}`,
  },
  asked_twice: {
    sql: `${newRequest};
      insert into fulfillment_order_line (merchant_id, fulfillment_order_id, order_id, line_id, item_id, requested)
      values (${merchant}, ${nowhere}, ${order('102')}, ${lineOf('102')}, ${item('SKU-0')}, 1);
      insert into effect (merchant_id, effect_id, connection_id, kind, dedupe_key, subject_id, order_id)
      values (${merchant}, gen_random_uuid(), ${connection('partner')}, 'request', 'FRX', ${nowhere}, ${order('102')})`,
  },
  cancelled_but_asked: {
    sql: `update orders set cancelled_at = now() where external_id = '102';
      update order_line_component set need = 0, excess = need where order_id = ${order('102')}`,
  },
  shipped_unlike_told: {
    sql: `update effect set intent = jsonb_set(intent, '{lines,0,quantity}', '1') where kind = 'shipped'`,
  },
  effect_twice: {
    sql: `alter table effect drop constraint effect_once;
      insert into effect select (jsonb_populate_record(e, jsonb_build_object('effect_id', gen_random_uuid()))).* from effect e where subject_id = ${request('102')}`,
  },
  effect_failed_untold: { sql: `update effect set state = 'dead' where subject_id = ${request('102')}` },
  effect_waits: { sql: `update effect set due_at = ${long} where kind = 'shipped'` },
  lease_expired: {
    sql: `update lane set lease_token = gen_random_uuid(), lease_until = ${long} where kind = 'import' and connection_id = ${connection('example')}`,
  },
  work_without_lane: { sql: `delete from lane where kind = 'effect' and connection_id = ${connection('partner')}` },
}

const row = (table: string, columns: string, values: string): Plant => ({
  sql: `insert into ${table} (merchant_id, ${columns}) values (${merchant}, ${values})`,
})
const id = 'gen_random_uuid()'
const orphans: Readonly<Record<string, Plant>> = {
  orphan_order_line: row(
    'order_line',
    'order_id, line_id, external_line_id, title, qty_ordered, total_minor',
    `${nowhere}, ${id}, 'x', 'x', 1, 0`,
  ),
  orphan_order_person: row('order_person', 'order_id, role, data', `${nowhere}, 'note', '{}'`),
  orphan_order_line_component: row(
    'order_line_component',
    'order_id, line_id, item_id, qty_per, need, placed_at',
    `${nowhere}, ${id}, ${item('SKU-0')}, 1, 0, now()`,
  ),
  orphan_timeline_event: row(
    'timeline_event',
    'order_id, event_id, kind, actor, cause_kind, cause_id',
    `${nowhere}, ${id}, 'x', 'hub', 'api', ${id}`,
  ),
  orphan_order_number: row('order_number', 'normalised, order_id, kind', `'X', ${nowhere}, 'order'`),
  orphan_reservation: row(
    'reservation',
    'order_id, line_id, item_id, location_id, reserved',
    `${nowhere}, ${id}, ${item('SKU-0')}, ${place('L0')}, 0`,
  ),
  orphan_inventory_level: row('inventory_level', 'item_id, location_id, on_hand', `${nowhere}, ${place('L0')}, 0`),
  orphan_listing_component: row('listing_component', 'listing_id, item_id, qty_per', `${nowhere}, ${item('LOOSE')}, 1`),
  orphan_listing_push: row('listing_push', 'connection_id, listing_id', `${connection('example')}, ${nowhere}`),
  orphan_fulfillment_order: row(
    'fulfillment_order',
    'fulfillment_order_id, order_id, location_id, request_number, status',
    `${id}, ${nowhere}, ${place('L0')}, '-', 'cancelled'`,
  ),
  orphan_fulfillment_order_line: row(
    'fulfillment_order_line',
    'fulfillment_order_id, order_id, line_id, item_id, requested',
    `${nowhere}, ${order('101')}, ${lineOf('101')}, ${item('SKU-0')}, 0`,
  ),
  orphan_shipment: row(
    'shipment',
    'shipment_id, fulfillment_order_id, order_id, partner_shipment_ref, carrier, shipped_at',
    `${id}, ${nowhere}, ${order('101')}, 'X', 'x', now()`,
  ),
  orphan_shipment_line: row(
    'shipment_line',
    'shipment_id, order_id, line_id, item_id, qty',
    `${nowhere}, ${order('101')}, ${lineOf('101')}, ${item('SKU-0')}, 1`,
  ),
  orphan_effect: row(
    'effect',
    'effect_id, connection_id, kind, dedupe_key, subject_id, order_id, state',
    `${id}, ${connection('example')}, 'shipped', 'x', ${id}, ${nowhere}, 'refused'`,
  ),
}

export const plants: Readonly<Record<string, Plant>> = {
  ...messages,
  ...orders,
  ...stock,
  ...pushes,
  ...outward,
  ...orphans,
  audit_log_broken: {
    sql: `insert into audit_entry values (${merchant}, ${nowhere}, 1, now(), 'user:x', 'browser', 'planted', '{}', '', '')`,
  },
}
