import { gid, type Order, type Person, pick, type Shop } from './state.ts'

/** Invented buyers: common given names, example surnames and the reserved example domain. */
export function inventPerson(shop: Shop): Person {
  const firstName = pick(shop, ['Ada', 'Bruno', 'Chloé', 'Deniz', 'Eva', 'Femi', 'Greta', 'Łukasz'])
  const lastName = pick(shop, ['Example', 'Muster', 'Sample', "O'Test", 'Beispiel'])
  const house = 1 + Math.floor(shop.rng() * 99)
  const where =
    shop.currency === 'USD'
      ? { zip: '00000', city: 'Exampleton', country: 'United States', code: 'US', province: 'Ohio', provinceCode: 'OH' }
      : { zip: '00000', city: 'Musterstadt', country: 'Germany', code: 'DE', province: null, provinceCode: null }
  const mailbox = `${firstName}.${lastName}`
    .normalize('NFD')
    .replace(/[^a-zA-Z.]/g, '')
    .toLowerCase()
  return {
    customerId: shop.newId(),
    addressId: shop.newId(),
    firstName,
    lastName,
    email: `${mailbox}${house}@example.com`,
    street: `Example Street ${house}`,
    zip: where.zip,
    city: where.city,
    country: where.country,
    countryCode: where.code,
    province: where.province,
    provinceCode: where.provinceCode,
  }
}

export function addressBody(person: Person) {
  return {
    first_name: person.firstName,
    address1: person.street,
    phone: null,
    city: person.city,
    zip: person.zip,
    province: person.province,
    country: person.country,
    last_name: person.lastName,
    address2: null,
    company: null,
    latitude: null,
    longitude: null,
    name: `${person.firstName} ${person.lastName}`,
    country_code: person.countryCode,
    province_code: person.provinceCode,
  }
}

export function customerBody(order: Order) {
  const { person } = order
  const id = BigInt(person.customerId)
  return {
    id,
    created_at: null,
    updated_at: null,
    first_name: person.firstName,
    last_name: person.lastName,
    state: 'disabled',
    note: null,
    verified_email: true,
    multipass_identifier: null,
    tax_exempt: false,
    email: person.email,
    phone: null,
    currency: order.currencies.buyer,
    tax_exemptions: [],
    admin_graphql_api_id: gid('Customer', person.customerId),
    default_address: {
      ...addressBody(person),
      id: BigInt(person.addressId),
      customer_id: id,
      country_name: person.country,
      default: true,
    },
  }
}

export function addressView(person: Person) {
  return {
    __typename: 'MailingAddress',
    id: gid('MailingAddress', person.addressId),
    firstName: person.firstName,
    lastName: person.lastName,
    name: `${person.firstName} ${person.lastName}`,
    company: null,
    address1: person.street,
    address2: null,
    city: person.city,
    province: person.province,
    provinceCode: person.provinceCode,
    zip: person.zip,
    country: person.country,
    countryCodeV2: person.countryCode,
    phone: null,
  }
}
