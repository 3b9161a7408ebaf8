import { z } from 'zod'
import { type Account, type AuthPort, ChannelError } from '#kit'
import { ask, askIfRouted } from './client.ts'
import { failureOf } from './failure.ts'
import { type Credentials, type fulfilmentTiers, readSettings, storeAddress, type WooCtx } from './settings.ts'
import { listOf, text } from './wire.ts'

const index = z.object({
  name: text,
  home: text,
  url: text,
  timezone_string: text,
  gmt_offset: text,
  namespaces: listOf(text),
})
type Index = z.infer<typeof index>

/** WordPress' own front page of REST: public, so it tells "not WooCommerce" apart from "wrong key". */
async function readIndex(ctx: WooCtx, storeUrl: string): Promise<Index> {
  const fields = 'name,home,url,timezone_string,gmt_offset,namespaces'
  const url = `${storeUrl}/wp-json/?_fields=${encodeURIComponent(fields)}`
  const headers = { accept: 'application/json', 'user-agent': 'Crossdock' }
  const response = await ctx.send({ method: 'GET', url, headers, budget: 'rest', replaySafe: true })
  if (response.status === 429 || response.status >= 500) {
    throw failureOf(response, { write: false, replaySafe: true, now: ctx.now() })
  }
  if (response.status !== 200) {
    const { message, info } = failureOf(response, { write: false, replaySafe: true, now: ctx.now() })
    const hint = response.status === 404 ? '; set Settings > Permalinks in WordPress to anything but Plain' : ''
    throw new ChannelError('invalid', `No WordPress REST API at this address${hint}. ${message}`, info)
  }
  try {
    return index.parse(JSON.parse(new TextDecoder().decode(response.body)))
  } catch {
    throw new ChannelError('invalid', 'The address answers with a web page where the WordPress REST API should be')
  }
}

const withoutWww = (host: string) => host.replace(/^www\./, '')

/**
 * The shop's own name for itself. Its host must be the one we reached: otherwise any site could claim to be another
 * merchant's shop. The scheme is ours, so that a later http-to-https change in WordPress is no new account.
 */
function accountKey(storeUrl: string, home: string): string {
  const reached = new URL(storeUrl)
  const address = storeAddress(home)
  if (home === '' || address === null) return storeUrl.toLowerCase()
  const claimed = new URL(address)
  if (withoutWww(claimed.host) !== withoutWww(reached.host)) {
    throw new ChannelError('invalid', `The shop calls itself ${claimed.host}; connect with that address`)
  }
  return `${reached.protocol}//${claimed.host}${claimed.pathname.replace(/\/+$/, '')}`.toLowerCase()
}

const option = listOf(z.object({ id: text, value: z.unknown() }))

async function readCurrency(ctx: WooCtx): Promise<string | null> {
  const { data } = await ask(ctx, { method: 'GET', path: 'settings/general', shape: option })
  const value = data.find((entry) => entry.id === 'woocommerce_currency')?.value
  return typeof value === 'string' && /^[A-Z]{3}$/.test(value) ? value : null
}

function timeZoneOf({ timezone_string: name, gmt_offset: offset }: Index): string | null {
  if (name !== '') return name
  const hours = Number(offset)
  if (offset === '' || !Number.isFinite(hours)) return null
  const minutes = Math.round(Math.abs(hours) * 60)
  const part = (n: number) => String(n).padStart(2, '0')
  return `${hours < 0 ? '-' : '+'}${part(Math.floor(minutes / 60))}:${part(minutes % 60)}`
}

/** Which way "shipped" can be told here. Order 0 exists nowhere: only a missing route answers `rest_no_route`. */
async function probeFulfilments(ctx: WooCtx, namespaces: readonly string[]): Promise<(typeof fulfilmentTiers)[number]> {
  try {
    const answer = await askIfRouted(ctx, { method: 'GET', path: 'orders/0/fulfillments', shape: z.unknown() })
    if (answer !== null) return 'core'
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    if (error.kind === 'not_found') return 'core'
  }
  const plugin = namespaces.some((name) => name === 'wc-shipment-tracking/v3' || name === 'wc-ast/v3')
  return plugin ? 'tracking-plugin' : 'note'
}

/** An empty batch changes nothing, but a read-only key is refused it. Any other answer says nothing. */
async function missingRights(ctx: WooCtx): Promise<readonly string[]> {
  try {
    const body = { update: [] }
    await ask(ctx, { method: 'POST', path: 'products/batch', body, replaySafe: true, shape: z.unknown() })
    return []
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    return error.kind === 'forbidden' || error.kind === 'auth_revoked' ? ['write'] : []
  }
}

async function probe(ctx: WooCtx): Promise<Account> {
  const { storeUrl } = readSettings(ctx.settings)
  const site = await readIndex(ctx, storeUrl)
  if (!site.namespaces.includes('wc/v3')) {
    throw new ChannelError('invalid', 'WordPress answers here, but without WooCommerce (no wc/v3 in its REST API)')
  }
  const key = accountKey(storeUrl, site.home || site.url)
  const currency = await readCurrency(ctx)
  const timeZone = timeZoneOf(site)
  const fulfilments = await probeFulfilments(ctx, site.namespaces)
  const missing = await missingRights(ctx)
  const settings = { ...ctx.settings, storeUrl, fulfilments, ...(timeZone !== null && { timeZone }) }
  return { key, name: site.name || new URL(key).host, currency, timeZone, missing, settings }
}

/**
 * The merchant's approval page. The keys then come by an unsigned server POST to `callbackUrl`, so the state (echoed as
 * user_id) is the only proof; the shop follows redirects with the keys in the body, so that route must never redirect.
 */
const authorizeUrl: AuthPort['authorizeUrl'] = ({ settings, state, callbackUrl, returnUrl }) => {
  const url = new URL(`${readSettings(settings).storeUrl}/wc-auth/v1/authorize`)
  url.searchParams.set('app_name', 'Crossdock')
  url.searchParams.set('scope', 'read_write')
  url.searchParams.set('user_id', state)
  url.searchParams.set('return_url', returnUrl)
  url.searchParams.set('callback_url', callbackUrl)
  return url.href
}

const posted = z.object({ consumer_key: z.string().min(1).max(200), consumer_secret: z.string().min(1).max(200) })

/** The keys as the shop posted them. What they may do is asked of the shop afterwards, at the address that was meant. */
const complete: AuthPort<Credentials>['complete'] = async ({ query, fresh }) => {
  const keys = posted.safeParse(query)
  if (!keys.success) {
    const field = keys.error.issues[0]?.path.join('.') ?? 'consumer_key'
    throw new ChannelError('invalid', `the shop's answer has no usable ${field}`, { field })
  }
  return { consumerKey: keys.data.consumer_key, consumerSecret: keys.data.consumer_secret, webhookSecret: fresh }
}

/** WooCommerce lets no key delete itself (11.0.1); its last seven characters are what its own list of keys shows. */
const revoke: AuthPort<Credentials>['revoke'] = async ({ secrets }) =>
  `Delete the key that ends in "…${secrets.consumerKey.slice(-7)}" in WordPress: WooCommerce > Settings > Advanced > REST API.`

export const auth: AuthPort<Credentials> = { probe, revoke, authorizeUrl, complete }
