import { createHash } from 'node:crypto'
import { z } from 'zod'
import {
  ChannelError,
  cleanText,
  type ErrorKind,
  type InventoryCommand,
  type InventoryPort,
  type ItemResult,
} from '#kit'
import { readLevels, setQuantities } from './documents.ts'
import { ask } from './graphql.ts'
import { available, ItemLevel, locationOf } from './levels.ts'
import { manifest, targetsPerCall } from './manifest.ts'
import type { Credentials, ShopCtx } from './settings.ts'

/** A node of another type, or one that the fragment does not fit, comes as {}. */
const noItem = z.strictObject({}).transform(() => null)
const Levels = z.object({ nodes: z.array(z.union([ItemLevel, noItem, z.null()])) })
const UserError = z.object({ code: z.string().nullable(), field: z.array(z.string()).nullable(), message: z.string() })
type UserError = z.output<typeof UserError>
const SetAnswer = z.object({ inventorySetQuantities: z.object({ userErrors: z.array(UserError) }) })

const read: InventoryPort<Credentials>['read'] = async (ctx, targets) => {
  const locationId = await locationOf(ctx)
  const levels = new Map<string, number | null>()
  for (let i = 0; i < targets.length; i += targetsPerCall) {
    const ids = targets.slice(i, i + targetsPerCall)
    const { nodes } = await ask(ctx, {
      document: readLevels,
      variables: { ids, locationId },
      cost: ids.length * 3,
      answer: Levels,
    })
    for (const item of nodes) if (item !== null) levels.set(item.id, available(item))
  }
  return levels
}

/** The key of one call, from the keys of its rows: the same rows sent again meet the same answer at Shopify. */
function callKey(batch: readonly InventoryCommand[], round: number): string {
  const hash = createHash('sha256').update(JSON.stringify([round, ...batch.map((command) => command.key)]))
  const hex = hash.digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const kinds: Readonly<Record<string, ErrorKind>> = {
  CHANGE_FROM_QUANTITY_STALE: 'conflict',
  COMPARE_QUANTITY_STALE: 'conflict',
  // The first call with this key is still running there: the same key again, later.
  IDEMPOTENCY_CONCURRENT_REQUEST: 'transient',
  // Both need a new key, and a new key belongs to a number computed anew.
  IDEMPOTENCY_KEY_PARAMETER_MISMATCH: 'conflict',
  IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED: 'conflict',
  INVALID_INVENTORY_ITEM: 'not_found',
  NON_MUTABLE_INVENTORY_ITEM: 'unsupported',
}
function errorOf(error: UserError): ChannelError {
  const code = error.code ?? 'UNKNOWN'
  const field = error.field?.join('.')
  return new ChannelError(kinds[code] ?? 'invalid', cleanText(error.message, 200), {
    remoteCode: code,
    ...(field === undefined ? {} : { field }),
  })
}

/** Row of the batch that an error names (["input", "quantities", "3", ...]), or null when it concerns the call. */
function rowOf(error: UserError): number | null {
  const at = error.field?.indexOf('quantities') ?? -1
  const index = at < 0 ? undefined : error.field?.[at + 1]
  return index !== undefined && /^\d{1,3}$/.test(index) ? Number(index) : null
}

const failed = (command: InventoryCommand, error: ChannelError): ItemResult => ({
  key: command.key,
  outcome: 'failed',
  error,
})

interface Round {
  readonly results: readonly ItemResult[]
  /** Rows that nothing is wrong with, and that were not written because of others. */
  readonly innocent: readonly InventoryCommand[]
}

/** One call: all rows are written, or none. */
async function sendRound(
  ctx: ShopCtx,
  batch: readonly InventoryCommand[],
  locationId: string,
  round: number,
): Promise<Round> {
  const quantities = batch.map((command) => ({
    inventoryItemId: command.target,
    locationId,
    quantity: command.available,
    changeFromQuantity: command.changeFrom,
  }))
  const input = { name: 'available', reason: 'correction', quantities }
  const variables = { input, key: callKey(batch, round) }
  const answer = await ask(ctx, { document: setQuantities, variables, cost: 10, answer: SetAnswer })
  const { userErrors } = answer.inventorySetQuantities
  if (userErrors.length === 0) {
    return { results: batch.map(({ key }) => ({ key, outcome: 'applied' })), innocent: [] }
  }
  const guilty = new Map<InventoryCommand, ChannelError>()
  for (const error of userErrors) {
    const row = rowOf(error)
    const command = row === null ? undefined : batch[row]
    if (!command) return { results: batch.map((each) => failed(each, errorOf(error))), innocent: [] }
    if (!guilty.has(command)) guilty.set(command, errorOf(error))
  }
  const results = [...guilty].map(([command, error]) => failed(command, error))
  return { results, innocent: batch.filter((command) => !guilty.has(command)) }
}

const roundsMax = 2

async function pushChunk(
  ctx: ShopCtx,
  batch: readonly InventoryCommand[],
  locationId: string,
): Promise<readonly ItemResult[]> {
  const results: ItemResult[] = []
  let left = batch
  for (let round = 1; left.length > 0 && round <= roundsMax; round++) {
    try {
      const done = await sendRound(ctx, left, locationId, round)
      results.push(...done.results)
      left = done.innocent
    } catch (error) {
      // What is known of the first call must not be lost because the second one failed.
      if (round === 1 || !(error instanceof ChannelError)) throw error
      return [...results, ...left.map((command) => failed(command, error))]
    }
  }
  const again = new ChannelError('transient', 'other rows of the call were refused', { remoteCode: 'BATCH_REFUSED' })
  return [...results, ...left.map((command) => failed(command, again))]
}

/** Beyond this GraphQL's Int itself refuses the whole call, with its innocent rows. */
function isPossible({ available }: InventoryCommand): boolean {
  return Number.isInteger(available) && available >= 0 && available <= (manifest.inventory?.quantityMax ?? 0)
}

const push: InventoryPort<Credentials>['push'] = async (ctx, batch) => {
  const locationId = await locationOf(ctx)
  const wrong = new ChannelError('invalid', 'no quantity that Shopify can keep', { field: 'available' })
  const results = batch.filter((command) => !isPossible(command)).map((command) => failed(command, wrong))
  const possible = batch.filter(isPossible)
  for (let i = 0; i < possible.length; i += targetsPerCall) {
    results.push(...(await pushChunk(ctx, possible.slice(i, i + targetsPerCall), locationId)))
  }
  return results
}

export const inventory: InventoryPort<Credentials> = { read, push }
