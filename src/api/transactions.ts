import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Cause } from '../journal/record.ts'
import type { Purged, PurgePage } from '../platform/db/purge.ts'
import { type AccountTx, retrying, type Tx, withAccountTx, withTenantTx } from '../platform/db/tx.ts'
import { principalOf } from '../platform/http/access.ts'
import { Problem } from '../platform/http/problem.ts'
import { appendAct, type Change } from './audit-log.ts'
import type { ApiDeps } from './deps.ts'

/** A read of the caller's merchant, of one moment: an order and its exceptions belong together. */
export function reading<T>(deps: ApiDeps, request: FastifyRequest, work: (tx: Tx) => Promise<T>): Promise<T> {
  return withTenantTx(deps.db, principalOf(request).merchantId, work, { snapshot: true })
}

interface Asked {
  readonly requestId: string
  readonly actor: string
  readonly action: string
  readonly reason: string | null
  readonly key: string | null
  readonly fingerprint: Buffer | null
  /** Of what it is about. */
  readonly ids: readonly string[]
}

const keepAnswersS = 86_400
const forgetMax = 100

function replayKey(request: FastifyRequest): string | null {
  const given = request.headers['idempotency-key']
  if (given === undefined) return null
  if (typeof given === 'string' && /^[\x21-\x7e]{1,200}$/.test(given)) return given
  throw new Problem(400, 'HUB_VALIDATION', 'The Idempotency-Key cannot be used.', [
    {
      field: 'Idempotency-Key',
      message: 'is not 1 to 200 visible ASCII characters',
      mend: 'Send a new random one for each change.',
    },
  ])
}

function fingerprintOf(request: FastifyRequest): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([request.method, request.url, request.body]))
    .digest()
}

/** Answers older than a day are let go, a few with each request, so that a key can be used again. Returns how many. */
async function forgetOldAnswers(tx: Tx, limit = forgetMax): Promise<number> {
  const rows = await tx.rows(
    `update api_request set replay_key = null, answer = null where merchant_id = $1 and replay_key is not null and request_id in (
       select request_id from api_request where merchant_id = $1 and replay_key is not null and at < now() - $2 * interval '1 second'
       order by at limit $3 for update skip locked) returning 1`,
    [tx.merchantId, keepAnswersS, limit],
  )
  return rows.length
}

/** The same for merchants who ask for nothing more. Who asked for what is kept. */
export async function purgeAnswers(tx: Tx, { limit }: Pick<PurgePage, 'limit'>): Promise<Purged> {
  const rows = await forgetOldAnswers(tx, limit)
  return { rows, next: rows < limit ? null : '' }
}

/** Null: this request is the first of its key. A second one waits here until the first is committed or gone. */
async function earlierAnswer<T>(tx: Tx, asked: Asked): Promise<{ readonly answer: T } | null> {
  if (asked.key !== null) await forgetOldAnswers(tx)
  const mine = await tx.rows(
    `insert into api_request (merchant_id, request_id, actor, action, reason, replay_key, fingerprint) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (merchant_id, replay_key) where replay_key is not null do nothing returning 1`,
    [tx.merchantId, asked.requestId, asked.actor, asked.action, asked.reason, asked.key, asked.fingerprint],
  )
  if (mine.length > 0) return null
  const [earlier] = await tx.rows<{ fingerprint: Buffer; answer: T }>(
    'select fingerprint, answer from api_request where merchant_id = $1 and replay_key = $2',
    [tx.merchantId, asked.key],
  )
  if (asked.fingerprint !== null && earlier?.fingerprint.equals(asked.fingerprint)) return earlier
  throw new Problem(422, 'HUB_KEY_REUSED', 'This Idempotency-Key was used for another request; send a new one.')
}

/** As the caller wrote them. */
function idsInAddress(request: FastifyRequest): string[] {
  const sent = request.url.split(/[?#]/)[0]?.split('/') ?? []
  const pattern = (request.routeOptions.url ?? '').split('/')
  return pattern.flatMap((part, at) => (part.startsWith(':') ? (sent[at] ?? []) : []))
}

/** What was asked about, and what was made of it. */
function targetsOf({ ids }: Pick<Asked, 'ids'>, answer: unknown): string[] {
  const made = typeof answer === 'object' && answer !== null && 'id' in answer ? String(answer.id) : null
  return [...new Set([...ids, ...(made === null ? [] : [made])])]
}

/** For the audit log: what was before and is now. */
type Changed = (changes: readonly Change[]) => void

/**
 * A change by the caller, in one transaction with the note of who asked for it and the entry in the audit log. With an Idempotency-Key the same
 * request is carried out once and answered alike for a day. Lanes are woken after the commit. Not `replayable`: what
 * is harmless to repeat, or holds secrets of which not even a hash should stay.
 */
export async function writing<T>(
  deps: ApiDeps,
  request: FastifyRequest,
  work: (tx: Tx, cause: Cause, changed: Changed) => Promise<T>,
  { reason = null, replayable = true }: { readonly reason?: string | null; readonly replayable?: boolean } = {},
): Promise<T> {
  const { merchantId, actor } = principalOf(request)
  const key = replayable ? replayKey(request) : null
  const asked = {
    actor,
    action: `${request.method} ${request.routeOptions.url ?? ''}`,
    reason,
    key,
    fingerprint: key === null ? null : fingerprintOf(request),
    ids: idsInAddress(request),
  }
  return carriedOut(deps, merchantId, asked, work)
}

/** The same for what a merchant asked for earlier and is carried out now, once whatever it waited for has come. */
export function writingFor<T>(
  deps: ApiDeps,
  { merchantId, ...asked }: { readonly merchantId: string; readonly actor: string; readonly action: string },
  work: (tx: Tx, cause: Cause) => Promise<T>,
): Promise<T> {
  return carriedOut(deps, merchantId, { ...asked, reason: null, key: null, fingerprint: null, ids: [] }, work)
}

async function carriedOut<T>(
  deps: ApiDeps,
  merchantId: string,
  given: Omit<Asked, 'requestId'>,
  work: (tx: Tx, cause: Cause, changed: Changed) => Promise<T>,
): Promise<T> {
  const asked = { ...given, requestId: deps.ports.ids.uuid() }
  const result = await retrying(deps.ports.rng.unit, () =>
    withTenantTx(deps.db, merchantId, async (tx) => {
      const earlier = await earlierAnswer<T>(tx, asked)
      if (earlier !== null) return earlier.answer
      const changes: Change[] = []
      const answer = await work(tx, { kind: 'api', id: asked.requestId }, (some) => void changes.push(...some))
      const { actor, action: act } = asked
      await appendAct(tx, { at: deps.ports.clock.now(), actor, act, targets: targetsOf(asked, answer), changes })
      if (asked.key !== null) await keepAnswer(tx, asked.requestId, answer)
      return answer
    }),
  )
  deps.wake(merchantId)
  return result
}

interface Done<T> {
  readonly answer: T
  readonly done: string
  readonly targets: readonly string[]
  readonly changes?: readonly Change[]
}

/**
 * The same behind the account door: people, their sessions, keys. `done` says what to write into the audit log, past
 * tense and dotted. What it concerns is the caller's merchant, unless another is named.
 */
export function acting<T>(
  deps: ApiDeps,
  request: FastifyRequest,
  work: (tx: AccountTx) => Promise<Done<T>>,
  merchantId = principalOf(request).merchantId,
): Promise<T> {
  return retrying(deps.ports.rng.unit, () =>
    withAccountTx(deps.db, merchantId === '' ? null : merchantId, async (tx) => {
      const { answer, done, targets, changes = [] } = await work(tx)
      const { actor } = principalOf(request)
      if (tx.merchantId !== '') await appendAct(tx, { at: deps.ports.clock.now(), actor, act: done, targets, changes })
      return answer
    }),
  )
}

async function keepAnswer(tx: Tx, requestId: string, answer: unknown): Promise<void> {
  await tx.rows('update api_request set answer = $3 where merchant_id = $1 and request_id = $2', [
    tx.merchantId,
    requestId,
    JSON.stringify(answer),
  ])
}
