import { z } from 'zod'
import { ChannelError, type OrderPage, type OrderPort, type RawOrder } from '#kit'
import { ask } from './client.ts'
import { cursorAt, instantOf, laterOf } from './gmt.ts'
import { draftStatuses } from './inbound.ts'
import { overlapS } from './manifest.ts'
import type { Credentials, WooCtx } from './settings.ts'
import { translate } from './translate.ts'
import { id, listOf, text } from './wire.ts'

const pageMax = 100
const pageSmall = 50
const refundPagesMax = 10

/** dp=6: with two decimals a shop that rounds at subtotal level cannot be seen to add up. */
const dp = 6

/** Where a listing stands. `after` moves with the newest row seen, because page numbers drift while orders change. */
const pageToken = z.object({
  phase: z.enum(['live', 'trash']),
  from: z.string().max(40),
  after: z.string().max(40),
  page: z.number().int().min(1).max(10_000),
  size: z.number().int().min(1).max(pageMax),
  seen: z.string().max(40),
})
type PageToken = z.infer<typeof pageToken>

const rowHead = z.object({ id, status: text, date_modified_gmt: text, refunds: listOf(z.unknown()) })
interface Row {
  readonly ref: string
  readonly status: string
  readonly changedAt: string | null
  readonly refunded: boolean
  readonly body: unknown
}

/** A row without an id cannot be asked for again, so it is passed over rather than blocking the poll for ever. */
function rowsOf(data: readonly unknown[]): readonly Row[] {
  return data.flatMap((body) => {
    const head = rowHead.safeParse(body)
    if (!head.success) return []
    const { id: ref, status, date_modified_gmt: modified, refunds } = head.data
    return [{ ref, status, changedAt: instantOf(modified), refunded: refunds.length > 0, body }]
  })
}

async function readRefunds(ctx: WooCtx, ref: string): Promise<readonly unknown[]> {
  const all: unknown[] = []
  const request = { method: 'GET', path: `orders/${ref}/refunds`, shape: z.array(z.unknown()) } as const
  for (let page = 1; page <= refundPagesMax; page += 1) {
    const { data } = await ask(ctx, { ...request, params: { page, per_page: pageMax, dp } })
    all.push(...data)
    if (data.length < pageMax) break
  }
  return all
}

async function rawOf(ctx: WooCtx, row: Row): Promise<RawOrder> {
  const refunds = row.refunded ? await readRefunds(ctx, row.ref) : []
  return { ref: row.ref, changedAt: row.changedAt, raw: JSON.stringify({ order: row.body, refunds }) }
}

async function readPage(ctx: WooCtx, token: PageToken) {
  const params = {
    modified_after: token.after,
    dates_are_gmt: true,
    orderby: 'modified',
    order: 'asc',
    status: token.phase === 'live' ? 'any' : 'trash', // "any" leaves the trash out
    per_page: token.size,
    page: token.page,
    dp,
  }
  return await ask(ctx, { method: 'GET', path: 'orders', params, shape: z.array(z.unknown()) })
}

/** Slow hosts die on a page of 100: the half is tried at once, and kept for the rest of the listing. */
async function readPageOrHalf(ctx: WooCtx, token: PageToken) {
  try {
    return { token, answer: await readPage(ctx, token) }
  } catch (error) {
    if (!(error instanceof ChannelError && error.kind === 'transient' && token.size > pageSmall)) throw error
    const half = { ...token, size: pageSmall, page: (token.page - 1) * 2 + 1 }
    return { token: half, answer: await readPage(ctx, half) }
  }
}

function nextToken(
  token: PageToken,
  count: number,
  totalPages: number | null,
  newest: string | null,
): PageToken | null {
  const more = totalPages === null ? count >= token.size : count > 0 && token.page < totalPages
  if (more) {
    const after = newest === null ? token.after : cursorAt(newest)
    // A whole page inside one second: only page numbers lead on.
    return after > token.after ? { ...token, after, page: 1 } : { ...token, page: token.page + 1 }
  }
  return token.phase === 'live' ? { ...token, phase: 'trash', after: token.from, page: 1 } : null
}

function startToken(since: string | null, from: string): PageToken {
  const after = since === null ? cursorAt(from) : cursorAt(since, overlapS)
  return { phase: 'live', from: after, after, page: 1, size: pageMax, seen: since ?? from }
}

async function list(
  ctx: WooCtx,
  q: { readonly since: string | null; readonly from: string; readonly page: string | null },
): Promise<OrderPage> {
  const asked = q.page === null ? startToken(q.since, q.from) : pageToken.parse(JSON.parse(q.page))
  const { token, answer } = await readPageOrHalf(ctx, asked)
  const rows = rowsOf(answer.data)
  const newest = rows.reduce<string | null>(
    (latest, { changedAt }) => (changedAt === null ? latest : latest === null ? changedAt : laterOf(latest, changedAt)),
    null,
  )
  // The watermark is the shop's own time: ours may be ahead of it.
  const seen = newest === null ? token.seen : laterOf(token.seen, newest)
  const items = await Promise.all(rows.filter((row) => !draftStatuses.has(row.status)).map((row) => rawOf(ctx, row)))
  const next = nextToken({ ...token, seen }, answer.data.length, answer.totalPages, newest)
  return { items, next: next === null ? null : JSON.stringify(next), watermark: seen }
}

async function readByIds(ctx: WooCtx, ids: readonly string[], status: 'any' | 'trash'): Promise<readonly Row[]> {
  if (ids.length === 0) return []
  const params = { include: ids, status, per_page: pageMax, dp }
  const { data } = await ask(ctx, { method: 'GET', path: 'orders', params, shape: z.array(z.unknown()) })
  return rowsOf(data).filter((row) => ids.includes(row.ref))
}

async function readRaws(ctx: WooCtx, ids: readonly string[]): Promise<readonly RawOrder[]> {
  const live = await readByIds(ctx, ids, 'any')
  const found = new Set(live.map((row) => row.ref))
  const absent = ids.filter((ref) => !found.has(ref))
  const rows = [...live, ...(await readByIds(ctx, absent, 'trash'))]
  return await Promise.all(rows.filter((row) => !draftStatuses.has(row.status)).map((row) => rawOf(ctx, row)))
}

/** A permanently deleted order sends no webhook and is in neither list; a draft is no order yet. Both are missing. */
async function get(ctx: WooCtx, refs: readonly string[]) {
  const ids = [...new Set(refs.filter((ref) => /^\d{1,19}$/.test(ref)))]
  const raws = new Map<string, RawOrder>()
  for (let at = 0; at < ids.length; at += pageMax) {
    for (const raw of await readRaws(ctx, ids.slice(at, at + pageMax))) raws.set(raw.ref, raw)
  }
  return refs.map((ref) => raws.get(ref) ?? { ref, missing: true as const })
}

export const orders: OrderPort<Credentials> = { list, get, translate }
