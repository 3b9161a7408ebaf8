import { createHash } from 'node:crypto'
import type { PretendAnswer } from '#kit/pretend'
import { type ApiKey, nextId, type Store } from './model.ts'
import { isLoopback, post } from './outgoing.ts'
import { phpJson } from './rest.ts'

const callbackTimeoutMs = 60_000
const redirectsMax = 5
const required = ['app_name', 'user_id', 'return_url', 'callback_url', 'scope'] as const
const permissionNames: Readonly<Record<string, ApiKey['permissions']>> = {
  read: 'read',
  write: 'write',
  read_write: 'read_write',
}

export function issueKey(store: Store, permissions: ApiKey['permissions'], seed: string): ApiKey {
  const id = nextId(store, 'key')
  const hex = (part: string) => createHash('sha1').update(`${store.name}.${seed}.${id}.${part}`).digest('hex')
  const key = { id, key: `ck_${hex('key')}`, secret: `cs_${hex('secret')}`, permissions }
  store.keys.set(key.key, key)
  return key
}

const look = `
  body { margin: 0; background: #f6f2fb; color: #1e1e1e; font: 15px/1.5 system-ui, sans-serif; }
  main { box-sizing: border-box; max-width: 560px; margin: 8vh auto; padding: 28px; border-radius: 6px; background: #fff; }
  h1 { margin: 0 0 4px; font-size: 21px; }
  ul { margin: 12px 0 20px; padding-left: 20px; }
  .note { color: #50575e; }
  .keys { display: flex; flex-wrap: wrap; gap: 10px; }
  .keys a { padding: 10px 18px; border: 1px solid #5b3e8c; border-radius: 4px; color: #5b3e8c; text-decoration: none; }
  .keys a.wc-auth-approve { background: #5b3e8c; color: #fff; }`
/** As `WC_Auth` lists them for a scope. */
const mayDo: Readonly<Record<string, readonly string[]>> = {
  read: ['View coupons', 'View customers', 'View orders and sales reports', 'View products'],
  write: ['Create webhooks', 'Create coupons', 'Create customers', 'Create orders', 'Create products'],
  read_write: [
    ...['Create webhooks', 'View and manage coupons', 'View and manage customers'],
    ...['View and manage orders and sales reports', 'View and manage products'],
  ],
}

function page(status: number, html: string): PretendAnswer {
  const headers = { 'content-type': 'text/html; charset=UTF-8' }
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Connect</title><style>${look}</style>`
  return { status, headers, body: `<!DOCTYPE html><html lang="en">${head}<body><main>${html}</main></body></html>` }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

function denied(message: string): PretendAnswer {
  return page(401, `<h1>Access denied</h1><p>Error: ${escaped(message)}.</p>`)
}

/** Only https callbacks are taken; loopback HTTP counts as TLS here, and nowhere else. */
function callbackIsSafe(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))
}

function complaint(search: URLSearchParams): string | null {
  const missing = required.find((name) => !search.get(name))
  if (missing) return `Missing parameter ${missing}`
  const scope = search.get('scope') ?? ''
  if (permissionNames[scope] === undefined) return `Invalid scope ${scope}`
  if (!URL.canParse(search.get('return_url') ?? '')) return 'The return_url is not a valid URL'
  if (!callbackIsSafe(search.get('callback_url') ?? '')) return 'The callback_url needs to be over SSL'
  return null
}

function returnAddress(search: URLSearchParams, success: '0' | '1'): string {
  const url = new URL(search.get('return_url') ?? '')
  url.searchParams.set('success', success)
  url.searchParams.set('user_id', search.get('user_id') ?? '')
  return url.href
}

/** The page on which the merchant, always logged in here, approves or denies. */
function consentPage(store: Store, search: URLSearchParams): PretendAnswer {
  const granted = `/wc-auth/v1/access_granted/?${search}&wc_auth_nonce=pretend`
  const name = escaped(search.get('app_name') ?? '')
  const rights = (mayDo[search.get('scope') ?? ''] ?? []).map((right) => `<li>${right}</li>`).join('')
  const links =
    `<a class="wc-auth-approve" href="${escaped(granted)}">Approve</a> ` +
    `<a class="wc-auth-deny" href="${escaped(returnAddress(search, '0'))}">Deny</a>`
  return page(
    200,
    `<p class="note">${escaped(store.name)}, a pretended WooCommerce at ${escaped(store.url)}</p><h1>${name} would like to connect to your store</h1><p>This will let ${name}:</p><ul>${rights}</ul><p class="keys">${links}</p>`,
  )
}

/**
 * Each grant makes a further key. The callback is finished before the browser is sent on, and only a plain 200 keeps the
 * key; a redirect is followed as GET with the keys in it (all observed on WooCommerce 11.0.1, 2026-11-23).
 */
async function grant(store: Store, search: URLSearchParams): Promise<PretendAnswer> {
  const permissions = permissionNames[search.get('scope') ?? ''] ?? 'read'
  const key = issueKey(store, permissions, search.get('user_id') ?? '')
  const status = await post({
    url: search.get('callback_url') ?? '',
    headers: { 'content-type': 'application/json;charset=UTF-8', 'user-agent': `WordPress/6.9.1; ${store.url}` },
    body: phpJson({
      key_id: key.id,
      user_id: search.get('user_id'),
      consumer_key: key.key,
      consumer_secret: key.secret,
      key_permissions: permissions,
    }),
    timeoutMs: callbackTimeoutMs,
    redirectsMax,
  })
  store.record('key.granted', { key: key.id, permissions, status })
  if (status !== 200) {
    store.keys.delete(key.key)
    return denied('An error occurred in the request and at the time were unable to send the consumer data')
  }
  return { status: 302, headers: { location: returnAddress(search, '1') }, body: '' }
}

export async function wcAuth(store: Store, url: URL): Promise<PretendAnswer> {
  const step = /^\/wc-auth\/v1\/(authorize|access_granted)\/?$/.exec(url.pathname)?.[1]
  if (step === undefined) return page(404, '<h1>Not found</h1>')
  const wrong = complaint(url.searchParams)
  if (wrong !== null) return denied(wrong)
  if (step === 'authorize') return consentPage(store, url.searchParams)
  if (url.searchParams.get('wc_auth_nonce') !== 'pretend') return denied('Invalid nonce verification')
  return grant(store, url.searchParams)
}
