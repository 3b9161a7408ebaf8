import { createHash, timingSafeEqual } from 'node:crypto'
import type { ApiDeps } from '../api/deps.ts'
import { permissionsOfInstall, permissionsOfKey } from '../api/permissions.ts'
import { withClaimTx } from '../platform/db/tx.ts'
import type { Authenticate } from '../platform/http/access.ts'
import { matchesApiKey, parseApiKey } from '../platform/secrets/api-key.ts'

const bearerShape = /^Bearer (?<token>[\x21-\x7e]{1,300})$/
const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest()

/** Written no more often, so that asking does not become writing. */
const touchEveryS = 300

interface KeyRow {
  readonly merchantId: string
  readonly hash: Buffer
  readonly scopes: string[]
  /** It was last used a while ago, or never. */
  readonly idle: boolean
}

/** Whoever is at it already writes the same, so nobody waits. */
const touch = (db: ApiDeps['db'], keyId: string) =>
  withClaimTx(db, (tx) =>
    tx.rows(
      `update api_key set last_used_at = now() where key_id in (select key_id from api_key where key_id = $1 for no key update skip locked)`,
      [keyId],
    ),
  )

/** Who sends this `Authorization: Bearer …`. Read at every request, so that a revoked key ends at once. */
export function openAuthenticate(deps: Pick<ApiDeps, 'db' | 'installToken'>): Authenticate {
  const installHash = deps.installToken === null ? null : sha256(deps.installToken.reveal())
  return async (request) => {
    const token = bearerShape.exec(request.headers.authorization ?? '')?.groups?.token
    if (token === undefined) return null
    if (installHash !== null && timingSafeEqual(sha256(token), installHash))
      return { merchantId: '', actor: 'install', scopes: permissionsOfInstall, session: null }
    const key = parseApiKey(token)
    if (key === null) return null
    const [row] = await withClaimTx(deps.db, (tx) =>
      tx.rows<KeyRow & object>(
        `select merchant_id as "merchantId", secret_sha256 as hash, scopes,
           last_used_at is null or last_used_at < now() - $2 * interval '1 second' as idle from api_key
         where key_id = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
        [key.id, touchEveryS],
      ),
    )
    if (!row || !matchesApiKey(key.secret, row.hash)) return null
    if (row.idle) await touch(deps.db, key.id)
    return {
      merchantId: row.merchantId,
      actor: `key:${key.id}`,
      scopes: permissionsOfKey(row.scopes),
      session: null,
    }
  }
}
