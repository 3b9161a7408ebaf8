import type { Tx } from '../platform/db/tx.ts'
import { notFound } from '../platform/http/problem.ts'

const lookUps = {
  connection: 'select 1 from connection where merchant_id = $1 and connection_id = $2',
  location: 'select 1 from location where merchant_id = $1 and location_id = $2',
  order: 'select 1 from orders where merchant_id = $1 and order_id = $2',
} as const

/** A filter that names what the caller does not have is 404, as its own address would be; absent filters pass. */
export async function requireKnown(
  tx: Tx,
  named: { readonly [noun in keyof typeof lookUps]?: string | undefined },
): Promise<void> {
  for (const noun of ['connection', 'location', 'order'] as const) {
    const id = named[noun]
    if (id !== undefined && (await tx.rows(lookUps[noun], [tx.merchantId, id])).length === 0) throw notFound()
  }
}
