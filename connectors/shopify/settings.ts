import { z } from 'zod'
import type { Ctx, Settings } from '#kit'

/** Anchored and lower-cased: `x.myshopify.com.evil.com`, ports, paths and user parts are refused. */
export const ShopDomain = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9-]{0,99}\.myshopify\.com$/, 'a shop is named like "example.myshopify.com"')

const secret = z.string().trim().min(1).max(500)
const secretsMax = 5

/**
 * The client secret signs webhooks and pays for refreshes. The first one signs what we send; all are accepted on
 * what we receive, so that a secret can be rotated without losing deliveries.
 */
export const CredentialsShape = z
  .object({
    shop: ShopDomain,
    accessToken: secret,
    apiSecret: secret.optional(),
    apiSecrets: z.array(secret).max(secretsMax).default([]),
    clientId: z.string().trim().min(1).max(200).optional(),
    refreshToken: secret.optional(),
    expiresAt: z.iso.datetime({ offset: true }).optional(),
  })
  .transform(({ apiSecret, ...rest }) => ({
    ...rest,
    apiSecrets: [...new Set(apiSecret === undefined ? rest.apiSecrets : [apiSecret, ...rest.apiSecrets])],
  }))
  .refine((value) => value.apiSecrets.length > 0, { message: 'the client secret is needed', path: ['apiSecrets'] })
export type Credentials = z.output<typeof CredentialsShape>

const LocationId = z.string().regex(/^gid:\/\/shopify\/Location\/\d{1,20}$/, 'like "gid://shopify/Location/1"')

export const SettingsShape = z.object({
  shop: ShopDomain,
  /** Where stock is read and written, and first choice for shipping. The shop's primary location unless given. */
  locationId: LocationId.optional(),
  /**
   * Development only. Loopback alone, because a refresh sends the app's client secret to this address: anything
   * else would let a merchant collect the secret of an app that serves others.
   */
  baseUrl: z
    .string()
    .regex(/^http:\/\/(127\.0\.0\.1|localhost):\d{1,5}$/, 'only a loopback address, like "http://127.0.0.1:4010"')
    .optional(),
  /** False: the shop never mails the buyer for our shipments, whatever the shipment says. */
  notifyBuyer: z.boolean().optional(),
  /** True: an order whose payment is authorized but not captured is handed on for shipping. */
  shipAuthorized: z.boolean().optional(),
  /** False: a cancellation by the hub returns no money; otherwise to the original payment methods. */
  refundOnCancel: z.boolean().optional(),
})
export type ShopSettings = z.output<typeof SettingsShape>

export type ShopCtx = Ctx<Credentials>

/** The connection's settings, typed. @throws ZodError when the hub stored what `SettingsShape` refuses */
export function settingsOf(ctx: { readonly settings: Settings }): ShopSettings {
  return SettingsShape.parse(ctx.settings)
}
