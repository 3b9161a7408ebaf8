import { type CancelPort, ChannelError, type Outcome } from '#kit'
import { readState, writeStatus } from './order-state.ts'
import type { Credentials, WooCtx } from './settings.ts'

const nothingLeft: ReadonlySet<string> = new Set(['cancelled', 'refunded', 'trash'])

/**
 * WooCommerce puts the units back by itself and has no switch for it; the hub's next absolute stock write corrects the
 * number where they must not be sold again.
 */
async function cancel(ctx: WooCtx, order: { readonly order: string }): Promise<Outcome> {
  try {
    const { status } = await readState(ctx, order.order)
    if (nothingLeft.has(status)) return { outcome: 'already_applied' }
    if (status === 'completed') {
      return { outcome: 'failed', error: new ChannelError('conflict', 'the order is completed in the shop') }
    }
    const now = await writeStatus(ctx, order.order, 'cancelled')
    if (now === 'cancelled') return { outcome: 'applied' }
    return { outcome: 'failed', error: new ChannelError('conflict', 'the shop kept another status than cancelled') }
  } catch (error) {
    if (error instanceof ChannelError) return { outcome: 'failed', error }
    throw error
  }
}

export const cancellations: CancelPort<Credentials> = { cancel }
