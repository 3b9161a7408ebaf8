import { z } from 'zod'
import { ask } from './client.ts'
import type { WooCtx } from './settings.ts'
import { id, listOf, text, units } from './wire.ts'

const state = z.object({ id, status: text, line_items: listOf(z.object({ id, quantity: units })) })
export type OrderState = z.infer<typeof state>

/** The order as it is there now; also from the trash. @throws ChannelError not_found */
export async function readState(ctx: WooCtx, ref: string): Promise<OrderState> {
  const { data } = await ask(ctx, { method: 'GET', path: `orders/${encodeURIComponent(ref)}`, shape: state })
  return data
}

/** Only the status is sent: any other field makes WooCommerce compute totals anew. Returns the status that it has then. */
export async function writeStatus(ctx: WooCtx, ref: string, status: 'completed' | 'cancelled'): Promise<string> {
  const path = `orders/${encodeURIComponent(ref)}`
  const shape = z.object({ status: text })
  const { data } = await ask(ctx, { method: 'PUT', path, body: { status }, replaySafe: true, shape })
  return data.status
}
