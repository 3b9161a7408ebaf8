import { audit } from './commands/audit.ts'
import { catalog } from './commands/catalog.ts'
import type { Command } from './commands/command.ts'
import { connections } from './commands/connections.ts'
import { journal } from './commands/journal.ts'
import { merchants } from './commands/merchants.ts'
import { fulfillment, orders } from './commands/orders.ts'
import { privacy } from './commands/privacy.ts'
import { stock } from './commands/stock.ts'

/** All that the command line can do. Help is made from this, so it cannot tell anything else. */
export const commands: readonly Command[] = [
  ...merchants,
  ...connections,
  ...catalog,
  ...stock,
  ...orders,
  ...fulfillment,
  ...journal,
  ...audit,
  ...privacy,
]
