import type { Secret } from '../platform/base/secret.ts'
import type { AccountTx } from '../platform/db/tx.ts'
import { makeApiKey } from '../platform/secrets/api-key.ts'

export interface NewKey {
  readonly merchantId: string
  readonly label: string
  readonly scopes: readonly string[]
  readonly expiresAt: string | null
}
export interface KeyRow {
  readonly keyId: string
  readonly label: string
  readonly scopes: readonly string[]
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  /** To five minutes. */
  readonly lastUsedAt: Date | null
}

const columns = `key_id as "keyId", label, scopes, created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt",
  last_used_at as "lastUsedAt"`

/** Makes a key. Its text is in this answer and nowhere else. */
export async function createKey(
  tx: Pick<AccountTx, 'rows'>,
  key: NewKey,
): Promise<{ readonly row: KeyRow; readonly text: Secret<string> }> {
  const made = makeApiKey()
  const [row] = await tx.rows<KeyRow & object>(
    `insert into api_key (key_id, merchant_id, secret_sha256, label, scopes, expires_at) values ($1, $2, $3, $4, $5::text[], $6) returning ${columns}`,
    [made.id, key.merchantId, made.hash, key.label, key.scopes, key.expiresAt],
  )
  if (!row) throw new Error('the key was not stored')
  return { row, text: made.text }
}

/** The control plane has no row-level security by merchant: every statement names it. */
export function listKeys(
  tx: Pick<AccountTx, 'rows'>,
  merchantId: string,
  page: { readonly after: string; readonly limit: number },
): Promise<KeyRow[]> {
  return tx.rows<KeyRow & object>(
    `select ${columns} from api_key where merchant_id = $1 and key_id > $2 order by key_id limit $3`,
    [merchantId, page.after, page.limit],
  )
}

/** False: the merchant has no such key. Revoking twice keeps the first time. */
export async function revokeKey(tx: Pick<AccountTx, 'rows'>, merchantId: string, keyId: string): Promise<boolean> {
  const rows = await tx.rows(
    'update api_key set revoked_at = coalesce(revoked_at, now()) where merchant_id = $1 and key_id = $2 returning 1',
    [merchantId, keyId],
  )
  return rows.length > 0
}
