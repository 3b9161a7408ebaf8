import { z } from 'zod'
import { Gid, gid, NumericId, readAs } from './json.ts'
import { type Amount, type Bag, happened, type ShopOrder } from './order-shape.ts'
import { WebhookAddress } from './persons.ts'

const Money = z
  .object({ amount: z.string(), currency_code: z.string() })
  .transform((m): Amount => ({ amount: m.amount, currency: m.currency_code }))
const Bagged = z
  .object({ presentment_money: Money, shop_money: Money })
  .transform((b): Bag => ({ presentment: b.presentment_money, shop: b.shop_money }))
const MaybeBag = Bagged.nullish().transform((bag) => bag ?? null)
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null)
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false)
const units = z.number().int().min(0).max(1_000_000)

const Line = z.object({
  id: NumericId,
  admin_graphql_api_id: Gid.optional(),
  variant_id: NumericId.nullish(),
  sku: text,
  name: text,
  title: text,
  quantity: units,
  current_quantity: units.optional(),
  fulfillable_quantity: units,
  requires_shipping: flag,
  gift_card: flag,
  price_set: Bagged,
  discount_allocations: z.array(z.object({ amount_set: Bagged })).default([]),
})
const Refund = z.object({
  refund_line_items: z
    .array(z.object({ line_item_id: NumericId, quantity: units, restock_type: z.string() }))
    .default([]),
  transactions: z
    .array(z.object({ kind: z.string(), status: z.string(), amount: z.string(), currency: text }))
    .default([]),
})
const Fulfillment = z.object({
  status: text,
  line_items: z.array(z.object({ id: NumericId, quantity: units })).default([]),
})
const Shipping = z.object({ title: text, is_removed: flag, price_set: Bagged, discounted_price_set: Bagged })

const WebhookOrder = z.object({
  id: NumericId,
  admin_graphql_api_id: Gid.optional(),
  name: z.string(),
  created_at: z.string(),
  updated_at: text,
  cancelled_at: text,
  test: flag,
  financial_status: text,
  fulfillment_status: text,
  currency: z.string(),
  presentment_currency: z.string().nullish(),
  taxes_included: flag,
  duties_included: flag,
  total_price_set: Bagged,
  total_tax_set: MaybeBag,
  total_discounts_set: MaybeBag,
  total_tip_received: text,
  original_total_duties_set: MaybeBag,
  original_total_additional_fees_set: MaybeBag,
  total_cash_rounding_payment_adjustment_set: MaybeBag,
  email: text,
  phone: text,
  note: text,
  shipping_address: WebhookAddress.nullish(),
  billing_address: WebhookAddress.nullish(),
  shipping_lines: z.array(Shipping).default([]),
  line_items: z.array(Line).max(5_000),
  refunds: z.array(Refund).default([]),
  fulfillments: z.array(Fulfillment).default([]),
})
type WebhookOrder = z.output<typeof WebhookOrder>

function lineOf(line: z.output<typeof Line>): ShopOrder['lines'][number] {
  return {
    id: line.id,
    ref: line.admin_graphql_api_id ?? gid('LineItem', line.id),
    listing: line.variant_id == null ? null : gid('ProductVariant', line.variant_id),
    sku: line.sku,
    title: line.name ?? line.title ?? '',
    quantity: line.quantity,
    current: line.current_quantity ?? line.quantity,
    fulfillable: line.fulfillable_quantity,
    requiresShipping: line.requires_shipping,
    giftCard: line.gift_card,
    unitPrice: line.price_set,
    discounts: line.discount_allocations.map((allocation) => allocation.amount_set),
  }
}

/** Transactions carry the buyer's currency, or none (Shopify's sample): only `in_shop_currency=true` would change that. */
function refundsOf(order: WebhookOrder, currency: string): Pick<ShopOrder, 'refunded' | 'refundLines'> {
  const paidBack = order.refunds
    .flatMap((refund) => refund.transactions)
    .filter((transaction) => transaction.kind === 'refund' && transaction.status === 'success')
  return {
    refunded: paidBack.map((one) => ({ amount: one.amount, currency: one.currency ?? currency })),
    refundLines: order.refunds
      .flatMap((refund) => refund.refund_line_items)
      .map((line) => ({ line: line.line_item_id, quantity: line.quantity, restock: line.restock_type })),
  }
}

/** An `orders/*` webhook body, which has the shape of the old REST API. @throws UnreadableError naming the field */
export function fromWebhook(body: unknown): ShopOrder {
  const order = readAs(WebhookOrder, body, 'order')
  const currency = order.presentment_currency ?? order.currency
  const tip = order.total_tip_received
  return {
    ref: order.admin_graphql_api_id ?? gid('Order', order.id),
    number: order.name,
    placedAt: order.created_at,
    changedAt: order.updated_at,
    cancelledAt: order.cancelled_at,
    test: order.test,
    financial: order.financial_status,
    fulfilment: order.fulfillment_status,
    recommendation: null,
    currency,
    shopCurrency: order.currency,
    taxesIncluded: order.taxes_included,
    dutiesIncluded: order.duties_included,
    total: order.total_price_set,
    tax: order.total_tax_set,
    discounts: order.total_discounts_set,
    tip: tip === null ? null : { presentment: { amount: tip, currency: order.currency } },
    duties: order.original_total_duties_set,
    fees: order.original_total_additional_fees_set,
    rounding: order.total_cash_rounding_payment_adjustment_set,
    ...refundsOf(order, currency),
    shipping: order.shipping_lines.map((line) => ({
      title: line.title ?? '',
      removed: line.is_removed,
      price: line.price_set,
      discounted: line.discounted_price_set,
    })),
    lines: order.line_items.map(lineOf),
    fulfilledLines: order.fulfillments
      .filter((fulfillment) => happened(fulfillment.status ?? ''))
      .flatMap((fulfillment) => fulfillment.line_items)
      .map((line) => ({ line: line.id, quantity: line.quantity })),
    shipTo: order.shipping_address ?? null,
    billTo: order.billing_address ?? null,
    email: order.email,
    phone: order.phone,
    note: order.note,
  }
}
