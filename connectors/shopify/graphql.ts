import { z } from 'zod'
import { type Allowance, ChannelError, type HttpResponse } from '#kit'
import { readAnswer, type Sent, statusError } from './failures.ts'
import { requestGraphql } from './library.ts'
import { type ShopCtx, settingsOf } from './settings.ts'

export interface Question<T> {
  readonly document: string
  readonly variables?: object
  /** Points that it is expected to cost in the end; Shopify gives back what the answer did not use. */
  readonly cost: number
  /** True: a write without an idempotency key, which must not be sent twice. */
  readonly once?: boolean
  readonly answer: z.ZodType<T>
}

/** The address to talk to: the shop's own, or the development server that stands for it. */
export function addressOf(ctx: ShopCtx, url: string): string {
  const { baseUrl } = settingsOf(ctx)
  return baseUrl === undefined ? url : baseUrl + new URL(url).pathname
}

const Cost = z.object({
  extensions: z.object({
    cost: z.object({
      throttleStatus: z.object({
        maximumAvailable: z.number(),
        currentlyAvailable: z.number(),
        restoreRate: z.number(),
      }),
    }),
  }),
})

/** Every answer says how full the shop's bucket is, and how fast it fills: 100 points a second on the smallest plan, 1,000 on Plus. */
function allowanceIn(answer: HttpResponse): Allowance | null {
  const read = Cost.safeParse(parseBody(answer.body))
  if (!read.success) return null
  const { maximumAvailable, currentlyAvailable, restoreRate } = read.data.extensions.cost.throttleStatus
  return { available: currentlyAvailable, perSecond: restoreRate, burst: maximumAvailable }
}

function parseBody(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

/** Asks the Admin API one thing. @throws ChannelError of the kind that says what to do next */
export async function ask<T>(ctx: ShopCtx, question: Question<T>): Promise<T> {
  const { shop, accessToken, refreshToken } = ctx.secrets
  const sent: Sent = { replaySafe: question.once !== true, refreshable: refreshToken !== undefined }
  const answered = await requestGraphql(
    { shop, accessToken, document: question.document, variables: question.variables ?? {} },
    (request) =>
      ctx.send({
        method: 'POST',
        url: addressOf(ctx, request.url),
        headers: request.headers,
        body: request.body,
        budget: 'graphql',
        cost: question.cost,
        allowance: allowanceIn,
        replaySafe: sent.replaySafe,
      }),
  )
  let data: unknown
  if ('data' in answered) data = answered.data
  else if (answered.response.status !== 200) throw statusError(answered.response, sent)
  else {
    const read = readAnswer(parseBody(answered.response.body), sent)
    if (!read.ok) throw read.error
    data = read.data
  }
  const checked = question.answer.safeParse(data)
  if (checked.success) return checked.data
  const where = checked.error.issues[0]?.path.join('.') ?? ''
  const info = { httpStatus: 200, remoteCode: 'malformed' }
  throw new ChannelError(sent.replaySafe ? 'transient' : 'outcome_unknown', `malformed answer at "${where}"`, info)
}

const PageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() })
export interface Connection<T> {
  readonly pageInfo: z.output<typeof PageInfo>
  readonly nodes: readonly T[]
}
export function connectionOf<T>(node: z.ZodType<T>): z.ZodType<Connection<T>> {
  return z.object({ pageInfo: PageInfo, nodes: z.array(node) })
}

/** Reads a connection to its end, beginning after `start`. @throws ChannelError invalid beyond `pagesMax` */
export async function readAll<T>(
  start: Connection<T>,
  pagesMax: number,
  next: (after: string) => Promise<Connection<T>>,
): Promise<readonly T[]> {
  const nodes = [...start.nodes]
  let { pageInfo } = start
  for (let pages = 0; pageInfo.hasNextPage && pageInfo.endCursor !== null; pages++) {
    if (pages === pagesMax) throw new ChannelError('invalid', `a list longer than ${pagesMax} pages`)
    const more = await next(pageInfo.endCursor)
    nodes.push(...more.nodes)
    pageInfo = more.pageInfo
  }
  return nodes
}
