import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ApiDeps } from '../api/deps.ts'
import { writingFor } from '../api/transactions.ts'
import { ChannelError, type Connector, cleanText } from '../connector-kit/index.ts'
import { publicId } from '../model/id.ts'
import { withTenantTx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import { prepareConnect } from './connect.ts'
import {
  appOf,
  browserNamed,
  type Consent,
  consentOf,
  endConsent,
  isSameBrowser,
  keepPosted,
  newToken,
  postedOf,
  takeState,
} from './consent.ts'
import { saveConnection } from './save-connection.ts'

interface Page {
  readonly status: number
  readonly title: string
  readonly text: string
  /** Where in the console it goes on; a browser goes there by itself. Null: nobody knows whose page this is. */
  readonly next: string | null
}
type Query = Readonly<Record<string, string>>

const postedBytesMax = 10_000
const fieldsMax = 20
const again = 'Start again from Channels.'
const lost: Page = {
  status: 400,
  title: 'This link cannot be used',
  text: `It was used, is too old, or belongs to another browser. ${again}`,
  next: null,
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`)
}

/** Plain on purpose: it must work whatever became of the console's session meanwhile. */
function show(reply: FastifyReply, { status, title, text, next }: Page): FastifyReply {
  const onward = next === null ? '' : `<meta http-equiv="refresh" content="0; url=${escaped(next)}">`
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">${onward}<title>${escaped(title)}</title><main><h1>${escaped(title)}</h1><p>${escaped(text)}</p><p><a href="${escaped(next ?? '/channels')}">To Crossdock</a></p></main></html>`
  return reply.code(status).type('text/html; charset=utf-8').send(body)
}

/** Values that came once each, as texts; a name that came twice is nobody's. */
function once(given: unknown): Query {
  if (typeof given !== 'object' || given === null) return {}
  const pairs = Object.entries(given).slice(0, fieldsMax)
  return Object.fromEntries(
    pairs.flatMap(([name, value]) => (['string', 'number'].includes(typeof value) ? [[name, String(value)]] : [])),
  )
}

const wasDenied = (query: Query) => query.success === '0' || query.error === 'access_denied'

/** The console's page of a question; it reads there what became of it. */
const answerPage = (consentId: string) => `/channels/connect?consent=${publicId('consent', consentId)}`

async function refused(deps: ApiDeps, { merchantId, consentId }: Consent, said: Omit<Page, 'next'>): Promise<Page> {
  const page = { ...said, next: answerPage(consentId) }
  await withTenantTx(deps.db, merchantId, (tx) =>
    endConsent(tx, consentId, { status: 'refused', reason: cleanText(page.text, 500) }),
  )
  return page
}

/** The credentials that this answer stands for. @throws ChannelError when it is not the shop's, or not of this shop */
function credentialsOf(
  deps: ApiDeps,
  consent: Consent,
  { spoken, query }: { readonly spoken: Connector; readonly query: Query },
) {
  const { settings, merchantId, consentId } = consent
  const ctx = deps.probeCtx(spoken, { merchantId, connectionId: consentId, secrets: null, settings })
  const answer = { query, settings, app: appOf(deps, spoken), ctx, fresh: newToken(deps) }
  return spoken.auth.complete?.(answer) ?? Promise.reject(new Error(`${consent.connector} completes no consent`))
}

async function connectWith(deps: ApiDeps, consent: Consent, credentials: unknown): Promise<Page> {
  const { merchantId, actor, connector, settings, label, ordersFrom } = consent
  const given = { connector, settings, label, credentials: { ...(credentials as object) } }
  const plan = await prepareConnect(
    deps,
    { merchantId, actor },
    {
      ...given,
      ...{ ordersFrom: ordersFrom?.toISOString() ?? null, writeMode: null, location: null },
    },
  )
  const asked = { merchantId, actor, action: `GET /connect/${connector}/callback` }
  await writingFor(deps, asked, async (tx, cause) => {
    await saveConnection(tx, { ids: deps.ports.ids, keys: deps.keys }, plan)
    await deps.flows.connectionMended(tx, cause, plan.connectionId)
    await endConsent(tx, consent.consentId, { status: 'connected', connectionId: plan.connectionId })
  })
  return {
    status: 200,
    title: `${plan.account.name} is connected`,
    text: plan.isNew
      ? 'Its orders and listings are being read. Nothing is written to the shop until you switch it on.'
      : 'It goes on where it stopped; no order is made twice.',
    next: `/channels/${publicId('connection', plan.connectionId)}`,
  }
}

function explain(cause: unknown, platform: string): Omit<Page, 'next'> | null {
  if (cause instanceof Problem && cause.code === 'HUB_RIGHTS_MISSING') {
    const missing = cause.errors[0]?.message.replace(/^lack /, '') ?? 'a right that is needed'
    const text = `${platform} gave access without ${missing}. Start again and grant all that is asked for. Nothing was saved.`
    return { status: 400, title: 'The shop was not connected', text }
  }
  if (cause instanceof Problem) {
    const [error] = cause.errors
    const mend = error ? `${error.message}. ${error.mend}` : again
    return {
      status: cause.status === 409 ? 409 : 400,
      title: 'The shop was not connected',
      text: `${cause.message} ${mend}`,
    }
  }
  if (cause instanceof ChannelError) {
    return { status: 400, title: 'The shop was not connected', text: `${cleanText(cause.message, 300)}. ${again}` }
  }
  return null
}

/** The browser is back. Everything that is wrong with it is one page that says the same, but what the shop itself says. */
async function cameBack(
  deps: ApiDeps,
  spoken: Connector,
  given: { readonly query: Query; readonly browser: string | null },
): Promise<Page> {
  const { query, browser } = given
  const state = query.state ?? ''
  const consent = await consentOf(deps, spoken.manifest.kind, state)
  if (consent === null || !isSameBrowser(consent, browser)) return lost
  const posted = spoken.manifest.auth.flow === 'key-pair' ? postedOf(deps.keys, consent) : query
  if (posted === null && !wasDenied(query)) {
    const text = 'Reload this page in some seconds.'
    return { status: 202, title: 'The shop has not sent its keys yet', text, next: null }
  }
  if (!(await takeState(deps, state))) return lost
  if (posted === null || wasDenied(query)) {
    return refused(deps, consent, {
      status: 200,
      title: 'Not connected',
      text: `${spoken.manifest.title} says that you denied access. Nothing was saved.`,
    })
  }
  try {
    return await connectWith(deps, consent, await credentialsOf(deps, consent, { spoken, query: posted }))
  } catch (cause) {
    const page = explain(cause, spoken.manifest.title)
    if (page === null) throw cause
    return refused(deps, consent, page)
  }
}

/**
 * Where consent pages send browsers (GET) and shops post keys (POST, `key-pair` only). Not under /api: the state is the
 * only credential, and a shop keeps its keys only after a plain 200.
 */
export function consentPages(deps: ApiDeps): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    for (const [kind, spoken] of deps.connectors) {
      if (!spoken.auth.authorizeUrl) continue
      const url = `/connect/${kind}/callback`
      app.get(url, async (request, reply) => {
        const browser = browserNamed(request.headers.cookie, deps.publicUrl)
        return show(reply, await cameBack(deps, spoken, { query: once(request.query), browser }))
      })
      if (spoken.manifest.auth.flow !== 'key-pair') continue
      app.post(url, { bodyLimit: postedBytesMax }, async (request, reply) => {
        const fields = once(request.body)
        const consent = await consentOf(deps, kind, fields.user_id)
        const kept = consent !== null && (await keepPosted(deps, consent, fields))
        return reply
          .code(kept ? 200 : 404)
          .type('text/plain')
          .send(kept ? 'ok' : 'not expected')
      })
    }
  }
}
