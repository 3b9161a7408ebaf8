import type { TestDatabase } from '../support/database.ts'

const questions = {
  messages: `select source, topic, state, reason, attempts, due_at - now() as due_in from inbox_message
    where state in ('pending', 'dead') order by due_at limit 10`,
  listings: `select l.external_id, p.desired_version, p.sending_version, p.sending_qty, p.pushed_version, p.confirmed_version, p.confirmed_qty,
    p.base_qty, p.unseen, p.due_at - now() as due_in, p.recheck_at - now() as recheck_in, p.error
    from listing_push p join listing l using (merchant_id, listing_id)
    where p.desired_version > p.confirmed_version or p.unseen > 0 limit 10`,
  effects: `select kind, state, attempts, reason, due_at - now() as due_in from effect where state not in ('confirmed', 'refused') limit 10`,
  requests: `select request_number, status, request_status, reason from fulfillment_order where status not in ('closed', 'cancelled') limit 10`,
  exceptions: `select kind, detail from exception where resolved_at is null limit 10`,
  lanes: `select kind, lease_until - now() as held_for from lane where lease_token is not null limit 10`,
}

/** What the hub's tables hold that is not done: for the message of a test that waited in vain. */
export async function stuckRows({ asAdmin }: TestDatabase): Promise<string> {
  const parts = await asAdmin(async (admin) => {
    const told: string[] = []
    for (const [name, sql] of Object.entries(questions)) {
      const { rows } = await admin.query<Record<string, unknown>>(sql)
      if (rows.length > 0) told.push(`${name} not done:\n${rows.map((row) => `  ${JSON.stringify(row)}`).join('\n')}`)
    }
    return told
  })
  return parts.length === 0 ? 'no row waits' : parts.join('\n')
}
