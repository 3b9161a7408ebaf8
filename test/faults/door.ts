import { endpointOf } from '../e2e/forge.ts'
import type { Merchant, Stage } from '../e2e/harness.ts'
import { allHeld, heldOf, openSender, type Sender } from './manifest.ts'

/** Deliveries to the address that the hub gave to this merchant's Shopify shop, of orders numbered `from` on. */
export async function openSenderFor(
  stage: Pick<Stage<string>, 'until'>,
  merchant: Merchant,
  from = 0,
): Promise<Sender> {
  const endpoint = await stage.until('the hub subscribed to webhooks', () => endpointOf(merchant))
  const { pathname, port } = new URL(endpoint)
  const { credentials, settings } = merchant.shopify.connect
  const shop = { domain: String(settings.shop), apiSecret: String(credentials.apiSecret) }
  return openSender({ ...shop, port: Number(port), path: pathname }, { from })
}

/** Many at once. */
export async function deliverMany(sender: Sender, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => sender.deliver()))
}

/** Waits until everything that was acknowledged is here once, as message and as order. */
export async function allIsHere(stage: Pick<Stage<string>, 'until' | 'database'>, sender: Sender): Promise<void> {
  await stage.until('every acknowledged delivery is an order', async () => {
    const held = await heldOf(stage.database, sender.manifest())
    if (JSON.stringify(held) === JSON.stringify(allHeld)) return true
    throw new Error(JSON.stringify(held).slice(0, 500))
  })
}
