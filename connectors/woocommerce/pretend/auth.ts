import type { PretendCall } from '#kit/pretend'
import type { ApiKey, Store } from './model.ts'
import { RestError } from './rest.ts'

/** Loopback HTTP counts as TLS here (`is_ssl()` true), so Basic and query credentials both work, as on a real https store. */
function givenCredentials(call: PretendCall): { readonly key: string; readonly secret: string } | null {
  const queryKey = call.url.searchParams.get('consumer_key')
  const querySecret = call.url.searchParams.get('consumer_secret')
  if (queryKey !== null && querySecret !== null) return { key: queryKey, secret: querySecret }
  const basic = /^Basic\s+(\S+)$/i.exec(call.headers.authorization ?? '')?.[1]
  if (basic === undefined) return null
  const text = Buffer.from(basic, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? null : { key: text.slice(0, colon), secret: text.slice(colon + 1) }
}

function cannot(method: string, status: 401 | 403): RestError {
  if (method === 'GET')
    return new RestError(status, 'woocommerce_rest_cannot_view', 'Sorry, you cannot list resources.')
  if (method === 'DELETE') {
    return new RestError(
      status,
      'woocommerce_rest_cannot_delete',
      'Sorry, you are not allowed to delete this resource.',
    )
  }
  return new RestError(status, 'woocommerce_rest_cannot_edit', 'Sorry, you are not allowed to edit this resource.')
}

/**
 * Who calls. Statuses as observed on WooCommerce 11.0.1 (2026-11-23): nobody, an unknown key and a deleted user are the
 * same 401 `cannot_…`; a wrong secret and a key without the permission are 401 `authentication_error`; a demoted user 403.
 * @throws RestError
 */
export function authenticate(store: Store, call: PretendCall): ApiKey {
  const given = givenCredentials(call)
  const key = given && store.keys.get(given.key)
  if (!given || !key || store.owner === 'deleted') throw cannot(call.method, 401)
  if (given.secret !== key.secret) {
    throw new RestError(401, 'woocommerce_rest_authentication_error', 'Consumer secret is invalid.')
  }
  const permission = call.method === 'GET' ? 'read' : 'write'
  if (key.permissions !== 'read_write' && key.permissions !== permission) {
    const message = `The API key provided does not have ${permission} permissions.`
    throw new RestError(401, 'woocommerce_rest_authentication_error', message)
  }
  if (store.owner === 'demoted') throw cannot(call.method, 403)
  return key
}
