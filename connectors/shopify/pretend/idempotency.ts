import { getDirectiveValues } from 'graphql'
import { apiError, type Info, type RequestContext, type UserError, userError } from './context.ts'

/** What each key was used for and what it answered. Failures are remembered too: a changed request needs a new key. */
export type IdempotencyLog = Map<string, { readonly input: string; readonly payload: Record<string, unknown> }>

const keysMax = 20_000
const nothingDone = { inventoryAdjustmentGroup: null, inventoryLevel: null, refund: null, order: null }

function keyOf(info: Info): string {
  const directive = info.schema.getDirective('idempotent')
  const node = info.fieldNodes[0]
  const values = directive && node ? getDirectiveValues(directive, node, info.variableValues) : undefined
  const key = values?.key
  // Code and words as a live store answers them (github.com/luke-selrai/openclaw-workshop-kit#218, read 2026-11).
  if (typeof key !== 'string') {
    throw apiError('The @idempotent directive is required for this mutation but was not provided.', 'BAD_REQUEST')
  }
  if (key.trim() === '') throw apiError('The idempotency key cannot be blank.', 'BAD_REQUEST')
  return key
}

/** Runs a mutation once for a key: same key and input, same answer and no second effect; other input, a refusal. */
export function once(
  ctx: RequestContext,
  info: Info,
  args: unknown,
  run: () => Record<string, unknown> & { readonly userErrors: readonly UserError[] },
): Record<string, unknown> {
  const key = keyOf(info)
  const input = `${info.fieldName} ${JSON.stringify(args)}`
  const known = ctx.idempotency.get(key)
  if (known) {
    if (known.input === input) return known.payload
    const message = 'The same idempotency key cannot be used with different operation parameters.'
    const refusal = userError(null, message, 'IDEMPOTENCY_KEY_PARAMETER_MISMATCH')
    return { ...nothingDone, userErrors: [refusal] }
  }
  const payload = run()
  for (const oldest of ctx.idempotency.keys()) {
    if (ctx.idempotency.size < keysMax) break
    ctx.idempotency.delete(oldest)
  }
  ctx.idempotency.set(key, { input, payload })
  return payload
}
