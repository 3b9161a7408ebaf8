import { z } from 'zod'
import {
  type Account,
  type AppKeys,
  type AuthPort,
  ChannelError,
  type Ctx,
  cleanText,
  type HttpResponse,
  type Settings,
} from '#kit'
import { primaryLocation, shopInfo, uninstallApp } from './documents.ts'
import { retryAfterMs } from './failures.ts'
import { addressOf, ask } from './graphql.ts'
import { isSignedQuery } from './library.ts'
import { type Credentials, CredentialsShape, SettingsShape, type ShopCtx, ShopDomain, settingsOf } from './settings.ts'

/** Writing implies reading (docs access-scopes, read 2026-11-23). */
const scopes = [
  'write_orders',
  'read_products',
  'write_inventory',
  'read_locations',
  'write_merchant_managed_fulfillment_orders',
] as const

const ShopInfo = z.object({
  shop: z.object({ id: z.string(), name: z.string(), currencyCode: z.string(), ianaTimezone: z.string() }),
  currentAppInstallation: z.object({ accessScopes: z.array(z.object({ handle: z.string() })) }),
})
const Primary = z.object({ location: z.object({ id: z.string() }).nullable() })

function missingScopes(granted: readonly string[]): readonly string[] {
  const effective = new Set(granted.flatMap((scope) => [scope, scope.replace(/^write_/, 'read_')]))
  return scopes.filter((scope) => !effective.has(scope))
}

const probe = async (ctx: ShopCtx): Promise<Account> => {
  const { shop, currentAppInstallation } = await ask(ctx, { document: shopInfo, cost: 3, answer: ShopInfo })
  const missing = missingScopes(currentAppInstallation.accessScopes.map((scope) => scope.handle))
  const account = {
    key: shop.id,
    name: shop.name,
    currency: shop.currencyCode,
    timeZone: shop.ianaTimezone,
    missing,
  }
  if (settingsOf(ctx).locationId !== undefined || missing.includes('read_locations')) return account
  const { location } = await ask(ctx, { document: primaryLocation, cost: 1, answer: Primary })
  return location === null ? account : { ...account, settings: { locationId: location.id } }
}

/** The shop that was meant, at Shopify or, in development, on this machine. @throws ChannelError */
function shopOf(settings: Settings): { readonly shop: string; readonly address: string } {
  const parsed = SettingsShape.safeParse(settings)
  if (!parsed.success) throw new ChannelError('invalid', 'not a myshopify.com domain', { field: 'settings.shop' })
  const { shop, baseUrl } = parsed.data
  return { shop, address: baseUrl ?? `https://${shop}` }
}

function appOf(app: AppKeys | null): AppKeys {
  if (app === null) throw new ChannelError('invalid', 'this hub is not registered as an app of Shopify')
  return app
}

const authorizeUrl: AuthPort['authorizeUrl'] = ({ settings, state, callbackUrl, app }) => {
  const url = new URL('/admin/oauth/authorize', shopOf(settings).address)
  url.searchParams.set('client_id', appOf(app).clientId)
  url.searchParams.set('scope', scopes.join(','))
  url.searchParams.set('redirect_uri', callbackUrl)
  url.searchParams.set('state', state)
  return url.href
}

/** An expiring token. Without `expires_in` it would look permanent and never be refreshed (shopify-app-js#3400). */
const Token = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().int().positive(),
  refresh_token: z.string().min(1),
})

function readToken(response: HttpResponse, now: Date) {
  const { status, headers } = response
  const info = { httpStatus: status }
  if (status === 429) {
    throw new ChannelError('rate_limited', 'the token endpoint throttles', {
      ...info,
      retryAfterMs: retryAfterMs(headers['retry-after']),
    })
  }
  if (status >= 500) throw new ChannelError('transient', `the token endpoint answered ${status}`, info)
  if (status !== 200) throw new ChannelError('auth_revoked', `the token endpoint answered ${status}`, info)
  let body: unknown
  try {
    body = JSON.parse(new TextDecoder().decode(response.body))
  } catch {
    body = undefined
  }
  const token = Token.safeParse(body)
  if (!token.success) {
    const field = token.error.issues[0]?.path.join('.') ?? ''
    throw new ChannelError('transient', `the token endpoint left out "${field}"`, { ...info, remoteCode: 'malformed' })
  }
  const expiresAt = new Date(now.getTime() + token.data.expires_in * 1_000).toISOString()
  return { accessToken: token.data.access_token, refreshToken: token.data.refresh_token, expiresAt }
}

async function postToken(ctx: Ctx<unknown>, url: string, form: Settings) {
  const response = await ctx.send({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(form),
    budget: 'token',
    // The old refresh token works until the new one is first used (changelog of 2026-08-28), so a lost answer is no loss.
    replaySafe: true,
  })
  return readToken(response, ctx.now())
}

const complete: AuthPort<Credentials>['complete'] = async ({ query, settings, app, ctx }) => {
  const { clientId, clientSecret } = appOf(app)
  const { shop, address } = shopOf(settings)
  if (!(await isSignedQuery(query, { clientId, clientSecret }))) {
    throw new ChannelError('invalid', 'the callback is not signed by Shopify', { field: 'hmac' })
  }
  if (ShopDomain.safeParse(query.shop).data !== shop) {
    throw new ChannelError('invalid', 'another shop answered than the one that was asked', { field: 'shop' })
  }
  const form = { client_id: clientId, client_secret: clientSecret, code: query.code ?? '', expiring: '1' }
  const token = await postToken(ctx, `${address}/admin/oauth/access_token`, form)
  return CredentialsShape.parse({ shop, clientId, apiSecrets: [clientSecret], ...token })
}

const refresh: AuthPort<Credentials>['refresh'] = async (ctx) => {
  const { shop, clientId, refreshToken, apiSecrets } = ctx.secrets
  if (refreshToken === undefined || clientId === undefined) {
    throw new ChannelError('auth_revoked', 'these credentials cannot be refreshed')
  }
  const url = addressOf(ctx, `https://${shop}/admin/oauth/access_token`)
  const form = {
    client_id: clientId,
    client_secret: apiSecrets[0],
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  }
  const token = await postToken(ctx, url, form)
  return { secrets: { ...ctx.secrets, ...token }, expiresAt: token.expiresAt }
}

const Uninstalled = z.object({
  appUninstall: z.object({ userErrors: z.array(z.object({ code: z.string().nullable(), message: z.string() })) }),
})

const revoke: AuthPort<Credentials>['revoke'] = async (ctx) => {
  try {
    const { appUninstall } = await ask(ctx, { document: uninstallApp, cost: 10, answer: Uninstalled })
    const [refused] = appUninstall.userErrors.filter(({ code }) => code !== 'APP_NOT_INSTALLED')
    if (refused) throw new ChannelError('invalid', `the app was not uninstalled: ${cleanText(refused.message, 120)}`)
  } catch (error) {
    // Whom the shop no longer knows has nothing to give back.
    if (!(error instanceof ChannelError && error.kind === 'auth_revoked')) throw error
  }
  return null
}

const expiresAt = ({ expiresAt }: Credentials) => expiresAt ?? null

export const auth: AuthPort<Credentials> = { probe, authorizeUrl, complete, revoke, expiresAt, refresh }
