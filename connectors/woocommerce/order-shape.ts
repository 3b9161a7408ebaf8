import { z } from 'zod'
import { amount } from './amounts.ts'
import { id, idOrNone, listOf, metaList, text, units } from './wire.ts'

const address = z
  .object({
    first_name: text,
    last_name: text,
    company: text,
    address_1: text,
    address_2: text,
    city: text,
    state: text,
    postcode: text,
    country: text,
    phone: text,
    email: text,
  })
  .nullish()
  .catch(null)
export type Address = z.infer<typeof address>

const line = z.object({
  id,
  name: text,
  product_id: idOrNone,
  variation_id: idOrNone,
  quantity: units.pipe(z.number().nonnegative()),
  total: amount,
  sku: text,
  /** A float ("16.7983195"): shown, never computed with. */
  price: amount.catch(0n),
  meta_data: metaList,
  /** Set by Product Bundles and Composite Products on the line that only holds its parts together. */
  bundled_items: listOf(z.unknown()),
  composite_children: listOf(z.unknown()),
})
export type OrderLine = z.infer<typeof line>

const charge = z.object({ total: amount, method_title: text })

const orderBody = z.object({
  id,
  number: text,
  status: text,
  currency: text,
  date_created_gmt: text,
  date_modified_gmt: text,
  date_completed_gmt: text,
  total: amount,
  total_tax: amount,
  cart_tax: amount,
  shipping_total: amount,
  shipping_tax: amount,
  line_items: listOf(line),
  fee_lines: listOf(charge),
  shipping_lines: listOf(charge),
  refunds: listOf(z.object({ total: amount })),
  billing: address,
  shipping: address,
  customer_note: text,
})
export type Order = z.infer<typeof orderBody>

const refundLine = z.object({ quantity: units.catch(0), meta_data: metaList })
const refund = z.object({ date_created_gmt: text, line_items: listOf(refundLine) })
export type Refund = z.infer<typeof refund>

/**
 * What this connector stores of an order: WooCommerce's own JSON, with the refunds beside it, because the order alone
 * does not tell which units were refunded. `refunds` null: they were not fetched.
 */
export const envelope = {
  stored: z.object({ order: orderBody, refunds: listOf(refund) }),
  bare: orderBody.transform((order) => ({ order, refunds: null })),
}
export interface Envelope {
  readonly order: Order
  readonly refunds: readonly Refund[] | null
}
