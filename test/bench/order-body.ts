import { seededRng } from '#kit/pretend'

/** What the bench knows of an order that it made up: enough to say afterwards what the hub must hold. */
export interface MadeOrder {
  readonly ref: string
  readonly lines: readonly { readonly sku: number; readonly quantity: number }[]
  readonly body: string
}
export interface Assortment {
  readonly skus: number
  /** Share of the lines that are for SKU 0. */
  readonly hot: number
}

const firstOrderId = 9_000_000_000_000
const firstVariantId = 48_000_000_000
const firstProductId = 7_900_000_000
const currency = 'EUR'
const shippingMinor = 490
const discountMinor = 100

export const skuOf = (n: number) => `SKU-${String(n).padStart(5, '0')}`
export const variantGid = (n: number) => `gid://shopify/ProductVariant/${firstVariantId + n}`
const priceMinor = (sku: number) => 1_099 + (sku % 90) * 100
const decimal = (minor: number) => (minor / 100).toFixed(2)
const both = (minor: number) => {
  const money = { amount: decimal(minor), currency_code: currency }
  return { shop_money: money, presentment_money: money }
}
const taxOf = (minor: number) => Math.round(minor - minor / 1.19)
const taxLine = (minor: number) => ({
  channel_liable: false,
  price: decimal(taxOf(minor)),
  price_set: both(taxOf(minor)),
  rate: 0.19,
  title: 'VAT',
})

function linesOf(id: number, assortment: Assortment, rng: () => number) {
  return Array.from({ length: 1 + Math.floor(rng() * 3) }, (_, n) => {
    const sku = rng() < assortment.hot ? 0 : Math.floor(rng() * assortment.skus)
    return { id: id * 10 + n, sku, quantity: 1 + Math.floor(rng() * 2) }
  })
}

function lineBody({ id, sku, quantity }: { id: number; sku: number; quantity: number }) {
  const price = priceMinor(sku)
  return {
    id,
    admin_graphql_api_id: `gid://shopify/LineItem/${id}`,
    attributed_staffs: [],
    current_quantity: quantity,
    fulfillable_quantity: quantity,
    fulfillment_service: 'manual',
    fulfillment_status: null,
    gift_card: false,
    grams: 420,
    name: `Example article ${sku} - size ${sku % 7}`,
    price: decimal(price),
    price_set: both(price),
    product_exists: true,
    product_id: firstProductId + sku,
    properties: [{ name: 'Gift wrap', value: 'none' }],
    quantity,
    requires_shipping: true,
    sales_line_item_group_id: null,
    sku: skuOf(sku),
    taxable: true,
    title: `Example article ${sku}`,
    total_discount: '0.00',
    total_discount_set: both(0),
    variant_id: firstVariantId + sku,
    variant_inventory_management: 'shopify',
    variant_title: `size ${sku % 7}`,
    vendor: 'Example Goods',
    tax_lines: [taxLine(price * quantity - discountMinor)],
    duties: [],
    discount_allocations: [
      { amount: decimal(discountMinor), amount_set: both(discountMinor), discount_application_index: 0 },
    ],
  }
}

function addressOf(n: number) {
  return {
    first_name: 'Example',
    last_name: `Buyer ${n % 997}`,
    name: `Example Buyer ${n % 997}`,
    company: null,
    address1: `Example Street ${1 + (n % 300)}`,
    address2: null,
    city: 'Example City',
    zip: String(10_000 + (n % 80_000)),
    province: null,
    province_code: null,
    country: 'Germany',
    country_code: 'DE',
    phone: '+49 30 0000000',
    latitude: 52.5,
    longitude: 13.4,
  }
}

function customerOf(n: number, at: string) {
  const id = 6_000_000_000 + (n % 5_000)
  const address = { ...addressOf(n), id: id + 1, customer_id: id, country_name: 'Germany', default: true }
  return {
    id,
    admin_graphql_api_id: `gid://shopify/Customer/${id}`,
    created_at: at,
    updated_at: at,
    email: `buyer-${n % 5_000}@example.com`,
    first_name: 'Example',
    last_name: `Buyer ${n % 997}`,
    state: 'disabled',
    note: null,
    verified_email: true,
    multipass_identifier: null,
    tax_exempt: false,
    tax_exemptions: [],
    phone: '+49 30 0000000',
    currency,
    tags: 'newsletter, returning',
    email_marketing_consent: { state: 'not_subscribed', opt_in_level: 'single_opt_in', consent_updated_at: null },
    sms_marketing_consent: null,
    default_address: address,
  }
}

function sumsOf(lines: readonly { readonly sku: number; readonly quantity: number }[]) {
  const gross = lines.reduce((sum, line) => sum + priceMinor(line.sku) * line.quantity, 0)
  const discounts = discountMinor * lines.length
  const subtotal = gross - discounts
  const total = subtotal + shippingMinor
  const named = { total_line_items_price: gross, subtotal_price: subtotal, total_price: total, total_tax: taxOf(total) }
  const all: Record<string, number> = {
    ...named,
    total_discounts: discounts,
    current_subtotal_price: subtotal,
    current_total_discounts: discounts,
    current_total_price: total,
    current_total_tax: taxOf(total),
  }
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, minor]): [string, unknown][] => [
      [name, decimal(minor)],
      [`${name}_set`, both(minor)],
    ]),
  )
}

function shippingLine(id: number) {
  return {
    id: id * 10 + 9,
    carrier_identifier: null,
    code: 'standard',
    current_discounted_price_set: both(shippingMinor),
    discounted_price: decimal(shippingMinor),
    discounted_price_set: both(shippingMinor),
    is_removed: false,
    phone: null,
    price: decimal(shippingMinor),
    price_set: both(shippingMinor),
    requested_fulfillment_service_id: null,
    source: 'shopify',
    title: 'Standard shipping',
    tax_lines: [taxLine(shippingMinor)],
    discount_allocations: [],
  }
}

const alike = {
  app_id: 1_354_745,
  browser_ip: null,
  buyer_accepts_marketing: false,
  cancel_reason: null,
  cancelled_at: null,
  cart_token: null,
  checkout_id: null,
  checkout_token: null,
  client_details: {
    accept_language: 'de-DE,de;q=0.9,en;q=0.8',
    browser_height: 1080,
    browser_ip: null,
    browser_width: 1920,
    session_hash: null,
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Example/1.0 Safari/537.36',
  },
  closed_at: null,
  confirmed: true,
  currency,
  customer_locale: 'de',
  device_id: null,
  discount_codes: [{ code: 'WELCOME', amount: '1.00', type: 'fixed_amount' }],
  discount_applications: [
    {
      target_type: 'line_item',
      type: 'discount_code',
      value: '1.0',
      value_type: 'fixed_amount',
      allocation_method: 'each',
      target_selection: 'all',
      code: 'WELCOME',
    },
  ],
  duties_included: false,
  estimated_taxes: false,
  financial_status: 'paid',
  fulfillment_status: null,
  fulfillments: [],
  landing_site: '/collections/all?utm_source=example&utm_medium=mail&utm_campaign=autumn',
  landing_site_ref: null,
  location_id: null,
  merchant_of_record_app_id: null,
  note: null,
  note_attributes: [{ name: 'Delivery note', value: 'Leave with the neighbour' }],
  original_total_additional_fees_set: null,
  original_total_duties_set: null,
  payment_gateway_names: ['shopify_payments'],
  payment_terms: null,
  phone: null,
  po_number: null,
  presentment_currency: currency,
  reference: null,
  referring_site: 'https://www.example.com/',
  refunds: [],
  source_identifier: null,
  source_name: 'web',
  source_url: null,
  tags: 'imported',
  tax_exempt: false,
  taxes_included: true,
  test: false,
  total_cash_rounding_payment_adjustment_set: both(0),
  total_cash_rounding_refund_adjustment_set: both(0),
  total_outstanding: '0.00',
  total_shipping_price_set: both(shippingMinor),
  total_tip_received: '0.00',
  total_weight: 420,
  user_id: null,
}

/** Order number n of a made-up shop, the same for the same n: as Shopify's `orders/create` tells it, some 9 KB. */
export function makeOrder(n: number, assortment: Assortment, at: Date): MadeOrder {
  const id = firstOrderId + n
  const lines = linesOf(id, assortment, seededRng(n + 1))
  const ref = `gid://shopify/Order/${id}`
  const when = at.toISOString()
  const body = {
    id,
    admin_graphql_api_id: ref,
    ...alike,
    confirmation_number: `EX${n.toString(36).toUpperCase()}`,
    contact_email: `buyer-${n % 5_000}@example.com`,
    email: `buyer-${n % 5_000}@example.com`,
    created_at: when,
    processed_at: when,
    updated_at: when,
    name: `#${1_000 + n}`,
    number: n,
    order_number: 1_000 + n,
    order_status_url: `https://shop.example.com/1/orders/${id}/authenticate?key=example`,
    token: `c0ffee${id.toString(16).padStart(26, 'e')}`,
    ...sumsOf(lines),
    tax_lines: [taxLine(lines.reduce((sum, line) => sum + priceMinor(line.sku) * line.quantity, shippingMinor))],
    billing_address: addressOf(n),
    customer: customerOf(n, when),
    line_items: lines.map(lineBody),
    shipping_address: addressOf(n),
    shipping_lines: [shippingLine(id)],
  }
  return { ref, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })), body: JSON.stringify(body) }
}
