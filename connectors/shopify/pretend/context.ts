import { GraphQLError, type GraphQLFieldResolver, type GraphQLResolveInfo } from 'graphql'
import type { Announce } from './announce.ts'
import { actualCost } from './cost.ts'
import type { IdempotencyLog } from './idempotency.ts'
import type { Order, Shop } from './state.ts'

/** What one request's resolvers see. */
export interface RequestContext {
  readonly shop: Shop
  readonly announce: Announce
  readonly idempotency: IdempotencyLog
  /** 200, but the write does not happen. */
  readonly dropWrite: boolean
  /** The app goes: its tokens end. */
  uninstall(): void
  /** Orders in this answer: told to the client once the answer really leaves. */
  readonly shown: Set<Order>
  spent: number
}
export type Info = GraphQLResolveInfo

/** An error of the whole field, as Shopify marks them. */
export function apiError(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } })
}

/** Fields of plain objects; a field that this world does not know is an error, never a silent null. */
export const resolveField: GraphQLFieldResolver<Record<string, unknown>, RequestContext> = (
  source,
  args,
  ctx,
  info,
) => {
  if (!(info.fieldName in source)) {
    throw apiError(`the pretend Shopify has no ${info.parentType.name}.${info.fieldName}`, 'PRETEND_UNKNOWN_FIELD')
  }
  const field = source[info.fieldName]
  const value: unknown = typeof field === 'function' ? field(args, ctx, info) : field
  ctx.spent += actualCost(info.returnType, value)
  return value
}

export interface UserError {
  readonly field: readonly string[] | null
  readonly message: string
  readonly code?: string
}
export function userError(field: readonly string[] | null, message: string, code?: string): UserError {
  return code === undefined ? { field, message } : { field, message, code }
}
