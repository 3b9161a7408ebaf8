import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { ApiDeps } from '../api/deps.ts'
import type { AppKeys, Connector, Settings } from '../connector-kit/index.ts'
import type { KeyRing } from '../platform/base/key-ring.ts'
import { type Tx, withClaimTx, withTenantTx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import { open, type Place, seal } from '../platform/secrets/envelope.ts'
import { hashToken } from './find-endpoint.ts'

/** A merchant's question to a shop, as long as it waits for its answer. */
export interface Consent {
  readonly merchantId: string
  readonly consentId: string
  readonly connector: string
  readonly settings: Settings
  readonly label: string | null
  readonly ordersFrom: Date | null
  readonly actor: string
  readonly browserSha256: Buffer
  readonly status: 'waiting' | 'connected' | 'refused'
  readonly reason: string | null
  /** Sealed. Null: the shop has posted nothing yet. */
  readonly keys: string | null
  readonly connectionId: string | null
  readonly createdAt: Date
  readonly expiresAt: Date
}

/** From the start until the browser is back; long enough to sign in there and to read (10 minutes: ASVS 5.0 10.1.2). */
export const consentSeconds = 600
const randomBytes = 32
/** 32 random bytes as base64url. */
const tokenShape = /^[A-Za-z0-9_-]{43}$/
const forgetMax = 100
const keptDays = 1

const isToken = (text: unknown): text is string => typeof text === 'string' && tokenShape.test(text)
export const newToken = (deps: Pick<ApiDeps, 'ports'>): string =>
  deps.ports.rng.bytes(randomBytes).toString('base64url')

const columns = `merchant_id as "merchantId", consent_id as "consentId", connector, settings, label, orders_from as "ordersFrom", actor,
  browser_sha256 as "browserSha256", status, reason, keys, connection_id as "connectionId", created_at as "createdAt", expires_at as "expiresAt"`

/** How the hub is registered with a platform that wants it. @throws Problem 409 when the operator has not said so */
export function appOf(deps: Pick<ApiDeps, 'apps'>, { manifest }: Connector): AppKeys | null {
  if (manifest.auth.flow !== 'oauth2') return null
  const app = deps.apps.get(manifest.kind)
  if (app) return { clientId: app.clientId, clientSecret: app.clientSecret.reveal() }
  const name = manifest.kind.toUpperCase().replaceAll('-', '_')
  throw new Problem(
    409,
    'HUB_APP_MISSING',
    `This hub is not registered with ${manifest.title}. Whoever runs it sets APP_${name}_ID and APP_${name}_SECRET.`,
  )
}

/** Notes the question in the merchant's transaction. */
export async function openConsent(
  tx: Tx,
  consent: Pick<Consent, 'consentId' | 'connector' | 'settings' | 'label' | 'actor'> & {
    readonly ordersFrom: string | null
    readonly browser: string
  },
): Promise<Date> {
  const [row] = await tx.rows<{ expiresAt: Date }>(
    `insert into consent (merchant_id, consent_id, connector, settings, label, orders_from, actor, browser_sha256, expires_at)
     values ($1, $2, $3, $4::jsonb, $5, $6::timestamptz, $7, $8, now() + $9 * interval '1 second') returning expires_at as "expiresAt"`,
    [
      tx.merchantId,
      consent.consentId,
      consent.connector,
      JSON.stringify(consent.settings),
      consent.label,
      consent.ordersFrom,
      consent.actor,
      hashToken(consent.browser),
      consentSeconds,
    ],
  )
  if (!row) throw new Error('the consent was not stored')
  return row.expiresAt
}

/** Makes the state find its merchant. Those that nobody came back with are forgotten on the way. */
export async function publishState(
  deps: Pick<ApiDeps, 'db'>,
  {
    state,
    merchantId,
    consentId,
    expiresAt,
  }: { readonly state: string } & Pick<Consent, 'merchantId' | 'consentId' | 'expiresAt'>,
): Promise<void> {
  await withClaimTx(deps.db, async (tx) => {
    await tx.rows(
      `delete from consent_state where state_sha256 in (select state_sha256 from consent_state where expires_at < now() limit ${forgetMax})`,
    )
    await tx.rows(
      'insert into consent_state (state_sha256, merchant_id, consent_id, expires_at) values ($1, $2, $3, $4)',
      [hashToken(state), merchantId, consentId, expiresAt],
    )
  })
}

/** The question behind a state. Null: none, another platform's, used, or too late; the caller tells nobody which. */
export async function consentOf(deps: Pick<ApiDeps, 'db'>, kind: string, state: unknown): Promise<Consent | null> {
  if (!isToken(state)) return null
  const [found] = await withClaimTx(deps.db, (tx) =>
    tx.rows<{ merchantId: string; consentId: string }>(
      `select merchant_id as "merchantId", consent_id as "consentId" from consent_state where state_sha256 = $1 and expires_at > now()`,
      [hashToken(state)],
    ),
  )
  if (!found) return null
  const consent = await withTenantTx(deps.db, found.merchantId, (tx) => readConsent(tx, found.consentId))
  return consent?.connector === kind && consent.status === 'waiting' ? consent : null
}

export async function readConsent(tx: Tx, consentId: string): Promise<Consent | null> {
  const [row] = await tx.rows<Consent & object>(
    `select ${columns} from consent where merchant_id = $1 and consent_id = $2`,
    [tx.merchantId, consentId],
  )
  return row ?? null
}

/** True for the browser that asked; a stolen link is of no use in another. */
export function isSameBrowser(consent: Consent, browser: unknown): boolean {
  return isToken(browser) && timingSafeEqual(hashToken(browser), consent.browserSha256)
}

/** Uses the state up. False: somebody else did, a moment ago. */
export async function takeState(deps: Pick<ApiDeps, 'db'>, state: string): Promise<boolean> {
  const rows = await withClaimTx(deps.db, (tx) =>
    tx.rows('delete from consent_state where state_sha256 = $1 and expires_at > now() returning 1', [hashToken(state)]),
  )
  return rows.length > 0
}

const placeOf = ({ merchantId, consentId }: Pick<Consent, 'merchantId' | 'consentId'>): Place => ({
  ...{ merchantId, table: 'consent' },
  ...{ rowId: consentId, column: 'keys' },
})

/** Keeps what the shop posted, sealed; the first answer counts. False: there is one already, or it is too late. */
export async function keepPosted(
  deps: Pick<ApiDeps, 'db' | 'keys'>,
  consent: Consent,
  fields: Readonly<Record<string, string>>,
): Promise<boolean> {
  const sealed = seal(deps.keys, fields, placeOf(consent))
  const rows = await withTenantTx(deps.db, consent.merchantId, (tx) =>
    tx.rows(
      `update consent set keys = $3 where merchant_id = $1 and consent_id = $2 and keys is null and status = 'waiting' and expires_at > now() returning 1`,
      [tx.merchantId, consent.consentId, sealed],
    ),
  )
  return rows.length > 0
}

const posted = z.record(z.string(), z.string())

/** What the shop posted; null: nothing yet. */
export function postedOf(keys: KeyRing, consent: Consent): Readonly<Record<string, string>> | null {
  return consent.keys === null ? null : posted.parse(open(keys, consent.keys, placeOf(consent)))
}

/** How it ended. What the shop posted has done its work, or none will be done with it. */
export async function endConsent(
  tx: Tx,
  consentId: string,
  end:
    | { readonly status: 'connected'; readonly connectionId: string }
    | { readonly status: 'refused'; readonly reason: string },
): Promise<void> {
  const [connectionId, reason] = end.status === 'connected' ? [end.connectionId, null] : [null, end.reason]
  await tx.rows(
    `update consent set status = $3, connection_id = $4, reason = $5, keys = null where merchant_id = $1 and consent_id = $2`,
    [tx.merchantId, consentId, end.status, connectionId, reason],
  )
}

/** Questions of yesterday. Returns how many went. */
export async function purgeConsents(
  tx: Tx,
  { limit }: { readonly limit: number },
): Promise<{ rows: number; next: string | null }> {
  const gone = await tx.rows(
    `delete from consent where merchant_id = $1 and consent_id in (
       select consent_id from consent where merchant_id = $1 and expires_at < now() - $2 * interval '1 day' limit $3) returning 1`,
    [tx.merchantId, keptDays, limit],
  )
  return { rows: gone.length, next: gone.length < limit ? null : '' }
}

/** `__Host-` pins a cookie to this very host, which plain http cannot. */
export const cookieName = (publicUrl: string): string => (publicUrl.startsWith('https:') ? '__Host-connect' : 'connect')

/**
 * The name that this browser was given, from its cookies; null: none, so it asked for nothing here. It is kept, so that
 * two tabs which connect at once do not disturb each other.
 */
export function browserNamed(cookie: string | undefined, publicUrl: string): string | null {
  const name = `${cookieName(publicUrl)}=`
  const value = cookie
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(name))
    ?.slice(name.length)
  return isToken(value) ? value : null
}
