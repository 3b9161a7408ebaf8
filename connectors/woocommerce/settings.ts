import { z } from 'zod'
import type { Ctx, Settings } from '#kit'

export const credentials = z.object({
  consumerKey: z.string().trim().min(1).max(200),
  consumerSecret: z.string().trim().min(1).max(200),
  /** base64url: WooCommerce decodes HTML entities in secrets, so these characters are the safe ones. */
  webhookSecret: z.string().regex(/^[A-Za-z0-9_-]{16,200}$/),
})
export type Credentials = z.infer<typeof credentials>
export type WooCtx = Ctx<Credentials>

/** What people paste ("shop.example.com/wp-admin/") to the address that REST paths are appended to; null when it is none. */
export function storeAddress(text: string): string | null {
  const trimmed = text.trim()
  const candidate = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`
  if (!URL.canParse(candidate)) return null
  const url = new URL(candidate)
  if (!['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.password !== '') return null
  const path = url.pathname.replace(/\/wp-(?:json|admin)(?:\/.*)?$/, '').replace(/\/+$/, '')
  return `${url.origin}${path}`
}

const storeUrl = z
  .string()
  .max(300)
  .transform((text, context) => {
    const address = storeAddress(text)
    if (address !== null) return address
    context.addIssue({ code: 'custom', message: 'not a shop address; expected e.g. https://shop.example.com' })
    return z.NEVER
  })

export const fulfilmentTiers = ['core', 'tracking-plugin', 'note'] as const

const shape = z.object({
  storeUrl,
  /** `query` puts the key into the URL, for hosts that strip the Authorization header. */
  auth: z.enum(['basic', 'query']).default('basic'),
  notifyBuyer: z.boolean().optional(),
  /** How "shipped" is told; found out by the probe. */
  fulfilments: z.enum(fulfilmentTiers).optional(),
  /** For show only: every computation uses the shop's *_gmt fields. */
  timeZone: z.string().max(60).optional(),
})
export type WooSettings = z.infer<typeof shape>
export const settings: z.ZodType<Settings> = shape

/** The connection's settings, typed. */
export function readSettings(given: Settings): WooSettings {
  return shape.parse(given)
}
