import { z } from 'zod'
import { cleanText, type Person } from '#kit'

const text = z.string().nullish()

/** Protected customer data: any part may be null or missing, in both spellings. */
export const WebhookAddress = z
  .object({
    name: text,
    first_name: text,
    last_name: text,
    company: text,
    address1: text,
    address2: text,
    city: text,
    province_code: text,
    province: text,
    zip: text,
    country_code: text,
    phone: text,
  })
  .transform((a) =>
    person({
      name: a.name ?? [a.first_name, a.last_name].filter(Boolean).join(' '),
      company: a.company,
      address1: a.address1,
      address2: a.address2,
      city: a.city,
      province: a.province_code ?? a.province,
      postcode: a.zip,
      country: a.country_code,
      phone: a.phone,
    }),
  )
export const GraphqlAddress = z
  .object({
    name: text,
    company: text,
    address1: text,
    address2: text,
    city: text,
    provinceCode: text,
    zip: text,
    countryCodeV2: text,
    phone: text,
  })
  .transform((a) =>
    person({
      name: a.name,
      company: a.company,
      address1: a.address1,
      address2: a.address2,
      city: a.city,
      province: a.provinceCode,
      postcode: a.zip,
      country: a.countryCodeV2,
      phone: a.phone,
    }),
  )

type Raw = { readonly [K in keyof Person]?: string | null | undefined }

/** A person of what is known; null when nothing is. */
export function person(raw: Raw): Person | null {
  const entries = Object.entries(raw).flatMap(([key, value]) => {
    const known = cleanText(value ?? '', 500).trim()
    return known === '' ? [] : [[key, known]]
  })
  return entries.length === 0 ? null : Object.fromEntries(entries)
}
