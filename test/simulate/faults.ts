import type { NetworkFaults } from './network.ts'
import type { DatabaseFaults } from './server.ts'
import type { WarehouseFaults } from './warehouse.ts'

export interface WebhookFaults {
  readonly drop: number
  readonly twice: number
  readonly late: number
  readonly unanswered: number
}
export interface Faults {
  readonly database: DatabaseFaults
  readonly network: NetworkFaults
  readonly warehouse: WarehouseFaults
  readonly webhooks: WebhookFaults
  readonly shop: { readonly lag: number; readonly item: number }
  readonly wakeLost: number
}
/** Nothing goes wrong. */
export const calm: Faults = {
  database: { lost: 0, replyLost: 0 },
  network: { unreached: 0, lost: 0, replyLost: 0, late: 0, throttled: 0, failed: 0, failedAfter: 0 },
  warehouse: { rejects: 0, damages: 0, splits: 0, fileLate: 0, fileTwice: 0 },
  webhooks: { drop: 0, twice: 0, late: 0, unanswered: 0 },
  shop: { lag: 0, item: 0 },
  wakeLost: 0,
}
