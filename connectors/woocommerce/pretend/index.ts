import type { StartPretendShop } from '#kit/pretend'
import { startStore } from './start.ts'

/**
 * An authoritative fake WooCommerce 11.0.1 store in Berlin: REST v3, wc-auth, webhooks by WP-Cron, with the habits that a
 * real one was observed to have (2026-11-23). It knows nothing of the hub's connector.
 */
export const startPretend: StartPretendShop = async (options) => (await startStore(options)).shop
