import { type Audit, each, page, theLines, theOrder, theRequests, wasRaised } from './audit.ts'

const open = `'pending', 'sending', 'unknown', 'accepted'`
const unitsOpen = 'greatest(x.requested - x.rejected - x.cancelled - x.shipped, 0)'
/** Found by its subject: by its kind alone an index would lead through all of the merchant's. */
const effectsOf = (subject: string) =>
  `(select * from effect x where x.merchant_id = $1 and x.subject_id = ${subject} offset 0) e`
const effectOf = (kind: string, subject: string, more = '') =>
  `(select count(*) from ${effectsOf(subject)} where e.kind = '${kind}' ${more}) > 0`
const reserved = each('reservation', 'r', 'order_id = d.order_id')
const ofReservation = `f.merchant_id = $1 and f.order_id = r.order_id and f.location_id = r.location_id
  and x.line_id = r.line_id and x.item_id = r.item_id`
/** Whole units of a line that have left: a kit only when all its parts have. */
const left = `cross join lateral (select coalesce(min(g.gone / c.qty_per), 0) as units from order_line_component c
  cross join lateral (select coalesce(sum(r.consumed), 0) as gone from reservation r where r.merchant_id = $1
    and r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id) g
  where c.merchant_id = $1 and c.order_id = l.order_id and c.line_id = l.line_id) g`
const said = `cross join lateral (select coalesce(sum((i ->> 'quantity')::int), 0) as units from shipment s
  cross join lateral ${effectsOf('s.shipment_id')}
  cross join jsonb_array_elements(e.intent -> 'lines') as i
  where s.merchant_id = $1 and s.order_id = l.order_id and e.kind = 'shipped' and i ->> 'line' = l.external_line_id) n`

/** A parcel is told as the order stood when it left; a shop that changes the order afterwards knows what it had been told. */
const changedSince = `exists (select 1 from timeline_event t where t.merchant_id = $1 and t.order_id = d.order_id and t.kind in ('order.updated', 'order.cancelled')
  and t.at > (select min(s.created_at) from shipment s where s.merchant_id = $1 and s.order_id = d.order_id))`

/** What proves it may be let go of after 90 days at the earliest (KEEP_HISTORY_DAYS). */
const provable = `interval '90 days'`
const leftLongAgo = `exists (select 1 from shipment s where s.merchant_id = $1 and s.order_id = d.order_id and s.created_at < now() - ${provable})`

/** What partners and shops are told: each thing once, and nothing lost on the way. */
export const outwardAudits: readonly Audit[] = [
  {
    id: 'I10',
    name: 'request_unsent',
    means: 'A partner was never asked for this request, and nothing is going to ask it.',
    mend: 'Ask again for it (fulfillment-orders retry), or ship it by hand.',
    over: 'orders',
    sql: `select f.fulfillment_order_id ${page} ${theRequests} where f.connection_id is not null and f.request_status = 'unsubmitted' and f.status = 'open'
      and not ${effectOf('request', 'f.fulfillment_order_id', `and e.state in (${open})`)} and not ${wasRaised('effect_failed', 'd.order_id')}`,
  },
  {
    id: 'I10',
    name: 'request_without_file',
    means: 'A request counts as handed to a partner, and no file holds it.',
    mend: 'Ask the partner whether it has the request.',
    over: 'orders',
    sql: `select f.fulfillment_order_id ${page} ${theRequests} where f.connection_id is not null and f.request_status <> 'unsubmitted'
      and f.created_at >= now() - ${provable} and not ${effectOf(
        'request',
        'f.fulfillment_order_id',
        `and (e.state in ('dead', 'refused') or exists (select 1 from partner_file p where p.merchant_id = $1 and p.file_id = e.file_id))`,
      )}`,
  },
  {
    id: 'I10',
    name: 'handed_unlike_requests',
    means: 'The units that partners were told to ship are not those that their requests still hold.',
    mend: 'Compare the open requests of the order with the partner.',
    over: 'orders',
    sql: `select r.order_id, r.line_id, r.item_id, r.location_id ${page} ${reserved}
      where r.handed <> (select coalesce(sum(${unitsOpen}), 0) from fulfillment_order f join fulfillment_order_line x using (merchant_id, fulfillment_order_id)
        where ${ofReservation} and f.connection_id is not null and f.request_status <> 'unsubmitted') and not ${wasRaised('over_shipped', 'd.order_id')}`,
  },
  {
    id: 'I10',
    name: 'asked_twice',
    means: 'More of a line is asked for than is held for it: it may leave twice.',
    mend: 'Have one of the requests of the order cancelled at the partner, or leave it undone.',
    over: 'orders',
    sql: `select r.order_id, r.line_id, r.item_id, r.location_id ${page} ${reserved}
      where r.reserved < (select coalesce(sum(${unitsOpen}), 0) from fulfillment_order f join fulfillment_order_line x using (merchant_id, fulfillment_order_id)
        where ${ofReservation} and f.status in ('open', 'in_progress')) and not ${wasRaised('over_shipped', 'd.order_id')}`,
  },
  {
    id: 'I10',
    name: 'cancelled_but_asked',
    means: 'An order was cancelled, and its partner was not asked to stop.',
    mend: 'Ask the partner to stop the request.',
    over: 'orders',
    sql: `select f.fulfillment_order_id ${page} ${theOrder} ${theRequests} where o.cancelled_at is not null and f.connection_id is not null
      and ((f.request_status in ('unsubmitted', 'submitted', 'accepted') and f.status in ('open', 'in_progress'))
        or (f.request_status = 'cancellation_requested' and not ${effectOf('request_cancel', 'f.fulfillment_order_id')}))`,
  },
  {
    id: 'I11',
    name: 'shipped_unlike_told',
    means: 'Another number of units was told to the shop than left the building.',
    mend: 'Compare the order with its shop, and mark there what is missing.',
    over: 'orders',
    sql: `select l.order_id, l.line_id ${page} ${theLines} ${left} ${said}
      where n.units > floor(g.units) or (n.units < least(floor(g.units), l.qty_ordered)
        and not ${wasRaised('over_shipped', 'd.order_id')} and not ${changedSince} and not ${leftLongAgo})`,
  },
  {
    id: 'I11',
    name: 'effect_twice',
    means: 'The same thing is told twice to a partner or a shop.',
    mend: 'Look whether both arrived, and undo one of them there.',
    over: 'orders',
    sql: `select e.subject_id as effect_subject_id, min(e.effect_id::text)::uuid as effect_id ${page}
      cross join lateral (select f.fulfillment_order_id as id from fulfillment_order f where f.merchant_id = $1 and f.order_id = d.order_id
        union select s.shipment_id from shipment s where s.merchant_id = $1 and s.order_id = d.order_id union select d.order_id offset 0) b
      ${each('effect', 'e', 'subject_id = b.id')} group by e.subject_id, e.kind, e.dedupe_key having count(*) > 1`,
  },
  {
    id: 'I11',
    name: 'effect_failed_untold',
    means: 'Something was given up that a partner or a shop had to be told, and no person knows.',
    mend: 'Tell the far side by hand.',
    over: 'orders',
    sql: `select e.effect_id ${page}
      cross join lateral (select f.fulfillment_order_id as id from fulfillment_order f where f.merchant_id = $1 and f.order_id = d.order_id
        union select s.shipment_id from shipment s where s.merchant_id = $1 and s.order_id = d.order_id union select d.order_id offset 0) b
      ${each('effect', 'e', 'subject_id = b.id')} where e.state in ('dead', 'unverifiable') and not ${wasRaised('effect_failed', 'd.order_id')}`,
  },
  {
    id: 'I2',
    name: 'number_unfindable',
    means: 'An order cannot be found by its own, its request’s or its parcel’s number.',
    mend: 'Report the order; it can be found by its other numbers.',
    over: 'orders',
    sql: `select d.order_id ${page}
      cross join lateral (
        select regexp_replace(o.external_id, '^(gid|https?):.*/', '', 'i') as number from orders o where o.merchant_id = $1 and o.order_id = d.order_id
        union all select f.request_number from fulfillment_order f where f.merchant_id = $1 and f.order_id = d.order_id
          and (f.request_status <> 'unsubmitted' or f.status <> 'cancelled')
        union all select s.tracking from shipment s where s.merchant_id = $1 and s.order_id = d.order_id and s.tracking is not null offset 0) k
      cross join lateral (select regexp_replace(upper(left(k.number, 100)), '[^A-Z0-9]', '', 'g') as number) w
      where w.number <> '' and not exists (select 1 from order_number n where n.merchant_id = $1 and n.normalised = w.number and n.order_id = d.order_id)`,
  },
]
