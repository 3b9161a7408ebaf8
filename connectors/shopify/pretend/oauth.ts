import { createHmac, randomBytes } from 'node:crypto'
import type { PretendAnswer, PretendCall } from '#kit/pretend'
import type { Announce } from './announce.ts'
import { consentPage } from './consent-page.ts'
import type { Shop } from './state.ts'

interface RefreshToken {
  readonly parent: string | null
  readonly expiresAt: number
  used: boolean
}
/** An app as Shopify has it on file. */
export interface PretendApp {
  readonly clientId: string
  readonly clientSecret: string
}
export interface Keys {
  readonly shop: Shop
  /** Null: whatever app asks is taken for the one that this shop knows. */
  readonly clientId: string | null
  readonly apiSecret: string
  readonly accessSeconds: number
  readonly refreshSeconds: number
  readonly codes: Map<string, { readonly clientId: string; readonly redirectUri: string }>
  /** Null: does not expire. */
  readonly access: Map<string, number | null>
  readonly refresh: Map<string, RefreshToken>
}
export interface TokenAnswer {
  readonly access_token: string
  readonly scope: string
  readonly expires_in?: number
  readonly refresh_token?: string
  readonly refresh_token_expires_in?: number
}

const accessSecondsUsual = 3_600
const refreshSecondsUsual = 90 * 86_400

function secret(shop: Shop, prefix: string): string {
  return prefix + Array.from({ length: 32 }, () => Math.floor(shop.rng() * 16).toString(16)).join('')
}

export function openKeys(
  shop: Shop,
  {
    timeScale,
    tokenSeconds,
    app,
  }: { readonly timeScale: number; readonly tokenSeconds?: number; readonly app?: PretendApp },
): Keys {
  // Drawn in any case, so that a shop with a registered app tells the same story.
  const own = secret(shop, 'shpss_')
  return {
    shop,
    clientId: app?.clientId ?? null,
    apiSecret: app?.clientSecret ?? own,
    accessSeconds: tokenSeconds ?? accessSecondsUsual / timeScale,
    refreshSeconds: refreshSecondsUsual / (tokenSeconds === undefined ? timeScale : 1),
    codes: new Map(),
    access: new Map(),
    refresh: new Map(),
  }
}

/** The app is gone from the shop, whoever removed it: its tokens die at once, then it is told. */
export function endAccess({ access, refresh, shop }: Keys, announce: Pick<Announce, 'uninstalled'>): void {
  access.clear()
  refresh.clear()
  announce.uninstalled()
  shop.tell('app.uninstalled', {})
}

export function mintToken(keys: Keys, expiring: boolean, parent: string | null): TokenAnswer {
  const scope = keys.shop.granted.join(',')
  const token = `shpat_${randomBytes(16).toString('hex')}`
  if (!expiring) {
    keys.access.set(token, null)
    return { access_token: token, scope }
  }
  const refreshToken = `shprt_${randomBytes(16).toString('hex')}`
  keys.access.set(token, Date.now() + keys.accessSeconds * 1000)
  keys.refresh.set(refreshToken, { parent, expiresAt: Date.now() + keys.refreshSeconds * 1000, used: false })
  return {
    access_token: token,
    scope,
    expires_in: Math.max(1, Math.floor(keys.accessSeconds)),
    refresh_token: refreshToken,
    refresh_token_expires_in: Math.max(1, Math.floor(keys.refreshSeconds)),
  }
}

export function knowsToken(keys: Keys, token: string | undefined): boolean {
  const expiresAt = token === undefined ? undefined : keys.access.get(token)
  return expiresAt === null || (expiresAt !== undefined && expiresAt > Date.now())
}

/** First use of a refresh token ends its predecessor; until then the predecessor works (since 2026-08-28), so a lost answer can be asked for again. */
function refreshWith(keys: Keys, token: string): TokenAnswer | null {
  const known = keys.refresh.get(token)
  if (!known || known.expiresAt <= Date.now()) return null
  if (!known.used) {
    known.used = true
    if (known.parent) keys.refresh.delete(known.parent)
    // Its twins, minted from the same predecessor in answers that got lost, end too.
    for (const [other, twin] of keys.refresh)
      if (twin !== known && twin.parent === known.parent) keys.refresh.delete(other)
  }
  keys.shop.tell('token.renewed', {})
  return mintToken(keys, true, token)
}

function json(status: number, body: unknown): PretendAnswer {
  return { status, body: JSON.stringify(body) }
}

/** The query that comes back to the app, with Shopify's hex HMAC over its sorted rest. */
function callbackUrl(keys: Keys, redirectUri: string, state: string, code: string): string {
  const slug = keys.shop.domain.replace('.myshopify.com', '')
  const params: Record<string, string> = {
    code,
    host: Buffer.from(`admin.shopify.com/store/${slug}`).toString('base64').replace(/=+$/, ''),
    shop: keys.shop.domain,
    state,
    timestamp: String(Math.floor(Date.now() / 1000)),
  }
  const signed = new URLSearchParams(Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1))).toString()
  const hmac = createHmac('sha256', keys.apiSecret).update(signed).digest('hex')
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries({ ...params, hmac })) url.searchParams.set(name, value)
  return url.toString()
}

/** GET /admin/oauth/authorize: the consent page; its Install (`consent=1`) sends the browser back to the app with a code. */
export function authorize(keys: Keys, call: PretendCall): PretendAnswer {
  const query = call.url.searchParams
  const clientId = query.get('client_id') ?? ''
  const redirectUri = query.get('redirect_uri') ?? ''
  const isKnown = keys.clientId === null ? clientId !== '' : clientId === keys.clientId
  if (!isKnown || !URL.canParse(redirectUri)) {
    return { status: 400, headers: { 'content-type': 'text/html' }, body: 'Oauth error invalid_request' }
  }
  if (query.get('consent') === '1') {
    const code = randomBytes(16).toString('hex')
    keys.codes.set(code, { clientId, redirectUri })
    return {
      status: 302,
      headers: { location: callbackUrl(keys, redirectUri, query.get('state') ?? '', code) },
      body: '',
    }
  }
  const next = new URLSearchParams(query)
  next.set('consent', '1')
  return consentPage(keys.shop, query, `/admin/oauth/authorize?${next}`)
}

function fields(call: PretendCall): Record<string, string> {
  const text = call.body.toString('utf8')
  if (!(call.headers['content-type'] ?? '').includes('json')) return Object.fromEntries(new URLSearchParams(text))
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read !== 'object' || read === null) return {}
    return Object.fromEntries(Object.entries(read).map(([name, value]) => [name, String(value)]))
  } catch {
    return {}
  }
}

/** POST /admin/oauth/access_token: a code or a refresh token for a token. */
export function exchange(keys: Keys, call: PretendCall): PretendAnswer {
  const given = fields(call)
  if (!given.client_id || given.client_secret !== keys.apiSecret) {
    return json(400, { error: 'invalid_client', error_description: 'Client authentication failed.' })
  }
  if (given.grant_type === 'refresh_token') {
    const token = refreshWith(keys, given.refresh_token ?? '')
    return token
      ? json(200, token)
      : json(400, { error: 'invalid_grant', error_description: 'The refresh token is invalid.' })
  }
  if (given.grant_type !== undefined && given.grant_type !== 'authorization_code') {
    return json(400, {
      error: 'unsupported_grant_type',
      error_description: `${given.grant_type} is not supported here.`,
    })
  }
  const code = keys.codes.get(given.code ?? '')
  if (!code || code.clientId !== given.client_id) {
    return json(400, {
      error: 'invalid_request',
      error_description: 'The authorization code was not found or was already used.',
    })
  }
  keys.codes.delete(given.code ?? '')
  return json(200, mintToken(keys, given.expiring === '1' || given.expiring === 'true', null))
}
