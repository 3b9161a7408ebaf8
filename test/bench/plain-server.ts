/** What the hub's ack is held against: the same framework and signature, no database. Its own process. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { z } from 'zod'
import { answerParent } from './children.ts'

export interface Ask {
  /** `hmac`: signature only. `zod`: and JSON.parse, and the shape of an order. */
  readonly mode: 'hmac' | 'zod'
  readonly apiSecret: string
}
export interface Answer {
  readonly port: number
}

const text = z.string().nullable()
const Money = z.object({ amount: z.string(), currency_code: z.string().length(3) })
const Bag = z.object({ shop_money: Money, presentment_money: Money })
const Address = z.object({
  name: text,
  address1: text,
  address2: text,
  city: text,
  zip: text,
  country_code: text,
  phone: text,
})
const Order = z.object({
  id: z.number().int(),
  admin_graphql_api_id: z.string(),
  name: z.string(),
  email: text,
  created_at: z.string(),
  updated_at: z.string(),
  cancelled_at: text,
  currency: z.string().length(3),
  financial_status: text,
  fulfillment_status: text,
  test: z.boolean(),
  total_price: z.string(),
  total_price_set: Bag,
  total_tax: z.string(),
  total_discounts: z.string(),
  customer: z.object({ id: z.number().int(), email: text, first_name: text, last_name: text }).nullable(),
  shipping_address: Address.nullable(),
  billing_address: Address.nullable(),
  line_items: z.array(
    z.object({
      id: z.number().int(),
      variant_id: z.number().int().nullable(),
      sku: text,
      name: z.string(),
      quantity: z.number().int(),
      price: z.string(),
      price_set: Bag,
      requires_shipping: z.boolean(),
      discount_allocations: z.array(z.object({ amount: z.string(), amount_set: Bag })),
    }),
  ),
  shipping_lines: z.array(z.object({ id: z.number().int(), title: z.string(), price: z.string(), price_set: Bag })),
})

async function serve({ mode, apiSecret }: Ask): Promise<Answer> {
  const app = fastify({ logger: false, bodyLimit: 2_000_000 })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.post('/in/shopify/:token', async (request, reply) => {
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const own = createHmac('sha256', apiSecret).update(raw).digest()
    const given = Buffer.from(String(request.headers['x-shopify-hmac-sha256'] ?? ''), 'base64')
    if (given.length !== own.length || !timingSafeEqual(own, given)) return reply.code(401).send('refused')
    if (mode === 'zod') Order.parse(JSON.parse(raw.toString()))
    return reply.code(200).type('text/plain').send('ok')
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port }
}

answerParent<Ask, Answer>(serve)
