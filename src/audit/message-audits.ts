import { type Audit, each } from './audit.ts'

const recent = 'from inbox_message m where m.merchant_id = $1 and m.received_at >= $3'

/** What arrived: its bytes are kept, it ends once, and where it ends badly a person is told. */
export const messageAudits: readonly Audit[] = [
  {
    id: 'I1',
    name: 'message_without_body',
    means: 'A delivery waits whose bytes are not there.',
    mend: 'Have the shop polled: it brings what the delivery was about.',
    over: 'rows',
    sql: `select m.message_id from inbox_message m where m.merchant_id = $1 and m.state = 'pending'
      and not exists (select 1 from inbox_body b where b.merchant_id = $1 and b.received_on = (m.received_at at time zone 'utc')::date and b.message_id = m.message_id)`,
  },
  {
    id: 'I2',
    name: 'applied_without_order',
    means: 'A delivery counts as applied, and its order is not here.',
    mend: 'Replay the message.',
    over: 'rows',
    sql: `select m.message_id from (select m.* ${recent} and m.state = 'applied' and m.subject_ref is not null offset 0) m
      ${each('connection', 'c', 'connection_id = m.connection_id')}
      where (select count(*) from orders o where o.merchant_id = $1 and o.account_id = c.account_id and o.external_id = m.subject_ref) = 0`,
  },
  {
    id: 'I5',
    name: 'message_end',
    means: 'A delivery ended in no way that is known, or without its reason.',
    mend: 'Replay the message.',
    over: 'rows',
    sql: `select m.message_id ${recent} and (m.state not in ('pending', 'applied', 'superseded', 'ignored', 'dead')
      or (m.state in ('ignored', 'dead')) <> (m.reason is not null))`,
  },
  {
    id: 'I5',
    name: 'message_dead_untold',
    means: 'A delivery was given up, and nobody was told.',
    mend: 'Read the message, then replay it.',
    over: 'rows',
    sql: `select m.message_id ${recent} and m.state = 'dead'
      and not exists (select 1 from exception e where e.merchant_id = $1 and e.subject_id = m.message_id and e.kind = 'message_dead')`,
  },
  {
    id: 'I5',
    name: 'file_unread',
    means: 'A partner’s file was taken, and nothing is going to read it.',
    mend: 'Put the file into the partner’s folder again, with one more blank line.',
    over: 'rows',
    sql: `select p.file_id from partner_file p where p.merchant_id = $1 and p.created_at >= $3 and p.created_at < now() - interval '10 minutes'
      and p.direction = 'in' and p.state = 'stored'
      and not exists (select 1 from inbox_message m where m.merchant_id = $1 and m.connection_id = p.connection_id and m.state = 'pending' and m.source = 'file')`,
  },
]
