import { z } from 'zod'
import { type PrivacyAsk, type PrivacyPort, UnreadableError } from '#kit'
import { gid, NumericId, parseJson, readAs } from './json.ts'
import { isSigned } from './webhooks.ts'

const ordersMax = 10_000

const OfShop = z.object({ shop_id: NumericId })
const Ids = z.array(NumericId).max(ordersMax).nullish()
const DataRequest = OfShop.extend({ orders_requested: Ids })
const CustomerRedact = OfShop.extend({ orders_to_redact: Ids })

const account = (id: string) => gid('Shop', id)
const refs = (ids: readonly string[] | null | undefined) => (ids ?? []).map((id) => gid('Order', id))

/**
 * The three topics that every app must answer (docs "privacy law compliance", read 2026-11-23). They name the customer by id,
 * mail and phone, too; what is kept here is kept by order, so the orders are all that is read.
 */
const decoders: Readonly<Record<string, (body: unknown) => PrivacyAsk>> = {
  'customers/data_request': (body) => {
    const read = readAs(DataRequest, body, 'data request')
    return { kind: 'export', account: account(read.shop_id), orders: refs(read.orders_requested) }
  },
  'customers/redact': (body) => {
    const read = readAs(CustomerRedact, body, 'customer redaction')
    return { kind: 'erase', account: account(read.shop_id), orders: refs(read.orders_to_redact) }
  },
  'shop/redact': (body) => ({
    kind: 'erase_account',
    account: account(readAs(OfShop, body, 'shop redaction').shop_id),
  }),
}

export const privacy: PrivacyPort = {
  verify: ({ headers, raw }, { clientSecret }) => isSigned(raw, headers['x-shopify-hmac-sha256'] ?? '', [clientSecret]),
  decode: ({ headers, raw }) => {
    const topic = headers['x-shopify-topic']?.toLowerCase() ?? ''
    const decoder = Object.hasOwn(decoders, topic) ? decoders[topic] : undefined
    if (!decoder) return null
    const body = parseJson(new TextDecoder().decode(raw))
    if (typeof body !== 'object' || body === null) throw new UnreadableError('the body is not an object')
    return decoder(body)
  },
}
