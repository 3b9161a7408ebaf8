import type { Tx } from '../platform/db/tx.ts'

export interface MerchantRow {
  readonly merchantId: string
  readonly name: string
  readonly timeZone: string
  readonly currency: string | null
  readonly shipsPartially: boolean
  readonly createdAt: Date
}

export async function readMerchant(tx: Tx): Promise<MerchantRow | null> {
  const [row] = await tx.rows<MerchantRow & object>(
    `select merchant_id as "merchantId", name, time_zone as "timeZone", currency, ships_partially as "shipsPartially", created_at as "createdAt"
     from merchant where merchant_id = $1`,
    [tx.merchantId],
  )
  return row ?? null
}
