import { createHash, createHmac } from 'node:crypto'
import type { MadeOrder } from './order-body.ts'

/** Whom to deliver to, and as which shop. */
export interface Door {
  readonly port: number
  readonly path: string
  readonly domain: string
  readonly apiSecret: string
}

/** A body with everything of its request that is the same each time it is sent. */
export interface Signed {
  readonly order: MadeOrder
  readonly raw: Buffer
  readonly sha256: string
  readonly signature: string
}

export function sign(order: MadeOrder, apiSecret: string): Signed {
  const raw = Buffer.from(order.body)
  return {
    order,
    raw,
    sha256: createHash('sha256').update(raw).digest('hex'),
    signature: createHmac('sha256', apiSecret).update(raw).digest('base64'),
  }
}

/** Head of the request in which Shopify tells of one event. The body follows as it is. */
export function headOf(door: Door, signed: Signed, eventId: string): string {
  return (
    `POST ${door.path} HTTP/1.1\r\nHost: 127.0.0.1:${door.port}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${signed.raw.length}\r\nX-Shopify-Topic: orders/create\r\nX-Shopify-Shop-Domain: ${door.domain}\r\n` +
    `X-Shopify-Api-Version: 2026-10\r\nX-Shopify-Event-Id: ${eventId}\r\nX-Shopify-Webhook-Id: ${eventId}-w\r\n` +
    `X-Shopify-Triggered-At: ${new Date().toISOString()}\r\nX-Shopify-Hmac-Sha256: ${signed.signature}\r\n\r\n`
  )
}
