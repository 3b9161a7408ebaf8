import type { Person } from '#kit'
import type { Address } from './order-shape.ts'

type Fields = { -readonly [K in keyof Person]: string }

function personOf(fields: Fields): Person | null {
  const given = Object.entries(fields).filter(([, value]) => value !== '')
  return given.length === 0 ? null : Object.fromEntries(given)
}

function fieldsOf(address: NonNullable<Address>): Fields {
  return {
    name: `${address.first_name} ${address.last_name}`.trim(),
    company: address.company,
    address1: address.address_1,
    address2: address.address_2,
    city: address.city,
    province: address.state,
    postcode: address.postcode,
    country: /^[A-Za-z]{2}$/.test(address.country) ? address.country.toUpperCase() : '',
    phone: address.phone,
    email: address.email,
  }
}

export function billTo(billing: Address): Person | null {
  return billing ? personOf(fieldsOf(billing)) : null
}

/**
 * Orders made through REST often carry only a billing address. Phone and e-mail are the buyer's: the shipping address
 * has no e-mail and mostly no phone.
 */
export function shipTo(shipping: Address, billing: Address): Person | null {
  const named = shipping && (shipping.address_1 || shipping.postcode || shipping.city) ? shipping : billing
  if (!named || !(named.address_1 || named.postcode || named.city)) return null
  const fields = fieldsOf(named)
  return personOf({
    ...fields,
    phone: fields.phone || billing?.phone || '',
    email: fields.email || billing?.email || '',
  })
}

export function buyer(billing: Address): Person | null {
  if (!billing) return null
  const { name, company, phone, email } = fieldsOf(billing)
  return personOf({ name: name ?? '', company: company ?? '', phone: phone ?? '', email: email ?? '' })
}
