import type { KeyRing } from '../platform/base/key-ring.ts'
import type { Tx } from '../platform/db/tx.ts'
import { seal } from '../platform/secrets/envelope.ts'
import { noteLogin } from './note-evidence.ts'
import type { OpenConnection } from './open-connection.ts'
import { placeOf } from './read.ts'

/** Replaces the secrets that `connection` was opened with. False: a person connected it anew meanwhile, and theirs stay. */
export async function renewLogin(
  tx: Tx,
  keys: KeyRing,
  { connectionId, connector, sealed }: OpenConnection,
  secrets: unknown,
): Promise<boolean> {
  const rows = await tx.rows(
    `update connection set credentials = $4 where merchant_id = $1 and connection_id = $2 and credentials = $3 returning 1`,
    [tx.merchantId, connectionId, sealed, seal(keys, secrets, placeOf(tx.merchantId, connectionId, 'credentials'))],
  )
  if (rows.length > 0) await noteLogin(tx, connectionId, connector.auth.expiresAt?.(secrets) ?? null)
  return rows.length > 0
}
