import type { Audit } from './audit.ts'

/** What the hub holds is done within a minute when nothing is wrong; a far side that fails is asked later, not late. */
const patience = `interval '10 minutes'`
const active = (row: string, writes: boolean) => `exists (select 1 from connection c where c.merchant_id = $1
  and c.connection_id = ${row}.connection_id and c.status = 'active' ${writes ? `and c.write_mode = 'on'` : ''})`
const lane = (row: string, kind: string) =>
  `exists (select 1 from lane l where l.merchant_id = $1 and l.connection_id = ${row}.connection_id and l.kind = '${kind}')`
const open = `'pending', 'sending', 'unknown', 'accepted'`
const look = 'See that a worker runs and what its log says of this connection.'
const reconnect = 'Connect the shop or partner again: that makes its lanes.'

/** Liveness: nothing that is due waits for nobody. */
export const waitingAudits: readonly Audit[] = [
  {
    id: 'I16',
    name: 'message_waits',
    means: 'A delivery is due for long, and nobody reads it.',
    mend: look,
    over: 'rows',
    sql: `select m.message_id from inbox_message m where m.merchant_id = $1 and m.state = 'pending' and m.due_at < now() - ${patience} and ${active('m', false)}`,
  },
  {
    id: 'I16',
    name: 'effect_waits',
    means: 'Something must be told to a partner or a shop, and nobody tells it.',
    mend: look,
    over: 'rows',
    sql: `select e.effect_id from effect e where e.merchant_id = $1 and e.state in (${open}) and e.due_at < now() - ${patience} and ${active('e', true)}`,
  },
  {
    id: 'I16',
    name: 'listing_waits',
    means: 'A shop is due to be told a number, and nobody tells it.',
    mend: look,
    over: 'rows',
    sql: `select p.listing_id from listing_push p where p.merchant_id = $1 and p.desired_version > p.confirmed_version
      and p.due_at < now() - ${patience} and ${active('p', true)}
      and exists (select 1 from listing g where g.merchant_id = $1 and g.listing_id = p.listing_id and g.publish_target is not null)`,
  },
  {
    id: 'I16',
    name: 'changes_unread',
    means: 'Stock changed long ago, and a shop’s lane has not taken the change in.',
    mend: look,
    over: 'rows',
    sql: `select l.connection_id from lane l
      cross join lateral (select coalesce((select x.seen_version from push_cursor x where x.merchant_id = $1 and x.connection_id = l.connection_id), 0) as seen) x
      cross join lateral (select s.at from stock_change s where s.merchant_id = $1 and s.version > x.seen order by s.version limit 1) s
      where l.merchant_id = $1 and l.kind = 'push.stock' and s.at < now() - ${patience} and ${active('l', true)}`,
  },
  {
    id: 'I16',
    name: 'lease_expired',
    means: 'The holder of a lane went silent long ago, and nobody took over.',
    mend: look,
    over: 'rows',
    sql: `select l.connection_id from lane l where l.merchant_id = $1 and l.lease_token is not null and l.lease_until < now() - ${patience}
      and l.kind <> 'audit' and ${active('l', false)}`,
  },
  {
    id: 'I16',
    name: 'work_without_lane',
    means: 'Work waits at a connection that has no lane for it: nobody will ever look.',
    mend: reconnect,
    over: 'rows',
    sql: `select e.connection_id, e.effect_id as work_id from effect e where e.merchant_id = $1 and e.state in (${open}) and ${active('e', false)} and not ${lane('e', 'effect')}
      union all
      select m.connection_id, m.message_id from inbox_message m where m.merchant_id = $1 and m.state = 'pending' and ${active('m', false)} and not ${lane('m', 'import')}
      union all
      select p.connection_id, p.listing_id from listing_push p where p.merchant_id = $1 and p.desired_version > p.confirmed_version and ${active('p', false)} and not ${lane('p', 'push.stock')}`,
  },
]
