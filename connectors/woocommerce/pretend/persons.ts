import type { Rng } from '#kit/pretend'
import type { Address, Buyer, Payment } from './model.ts'

/** Invented on purpose: no name, street or place here belongs to anybody. Umlauts, so that bodies carry \u escapes. */
const firstNames = ['Jördis', 'Anselm', 'Frauke', 'Ødger', 'Malwine', 'Cosmo', 'Zoë', 'Tjark']
const lastNames = ['Beispiel', 'Müßter', 'Probst-Ähre', 'Testmann', 'Platzhalter', 'Vorlage']
const places = [
  ['Musterstadt', '01234', 'DE-SN'],
  ['Beispielhausen', '09876', 'DE-BY'],
  ['Klein Prüfdorf', '12345', 'DE-BE'],
] as const
const payments: readonly Payment[] = [
  { id: 'cod', title: 'Nachnahme', refunds: false },
  { id: 'woocommerce_payments', title: 'Karte', refunds: true },
]

function pick<T>(rng: Rng, choices: readonly [T, ...T[]] | readonly T[]): T {
  const choice = choices[Math.floor(rng() * choices.length)] ?? choices[0]
  if (choice === undefined) throw new Error('pretend: nothing to pick from')
  return choice
}

export function inventPayment(rng: Rng): Payment {
  return pick(rng, payments)
}

function inventAddress(rng: Rng, first: string, last: string): Address {
  const [city, postcode, state] = pick(rng, places)
  return {
    first_name: first,
    last_name: last,
    company: rng() < 0.2 ? 'Beispiel & Söhne GmbH' : '',
    address_1: `Example Street ${1 + Math.floor(rng() * 90)}`,
    address_2: rng() < 0.15 ? 'Hinterhaus' : '',
    city,
    state,
    postcode,
    country: 'DE',
  }
}

export function inventBuyer(rng: Rng): Buyer {
  const first = pick(rng, firstNames)
  const last = pick(rng, lastNames)
  const billing = inventAddress(rng, first, last)
  const elsewhere = rng() < 0.2
  return {
    billing,
    shipping: elsewhere ? inventAddress(rng, pick(rng, firstNames), last) : billing,
    email: `buyer${Math.floor(rng() * 100_000)}@example.com`,
    phone: rng() < 0.5 ? '+49 30 0000000' : '',
  }
}
