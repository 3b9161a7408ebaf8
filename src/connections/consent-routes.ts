import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers, created, idOf, shownId, shownTime, showTime, text, when } from '../api/fields.ts'
import { reading, writing } from '../api/transactions.ts'
import { ChannelError, type Connector, cleanText } from '../connector-kit/index.ts'
import { publicId } from '../model/id.ts'
import { principalOf } from '../platform/http/access.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import { checkSettings } from './check-request.ts'
import {
  appOf,
  browserNamed,
  type Consent,
  consentSeconds,
  cookieName,
  newToken,
  openConsent,
  publishState,
  readConsent,
} from './consent.ts'

const shownConsent = z.object({
  id: shownId,
  connector: z.string(),
  status: z.enum(['waiting', 'connected', 'refused', 'expired']),
  reason: z.string().nullable().describe('Why it was refused, in words for the merchant.'),
  connection: shownId.nullable(),
  expiresAt: shownTime,
})
const asked = shownConsent.extend({
  url: z.string().describe('Where the merchant’s browser goes: the consent page of the shop.'),
})

function show(consent: Consent, now: Date): z.infer<typeof shownConsent> {
  const isLate = consent.status === 'waiting' && consent.expiresAt <= now
  return {
    id: publicId('consent', consent.consentId),
    connector: consent.connector,
    status: isLate ? 'expired' : consent.status,
    reason: consent.reason,
    connection: consent.connectionId === null ? null : publicId('connection', consent.connectionId),
    expiresAt: showTime(consent.expiresAt),
  }
}

const newConsent = z.strictObject({
  connector: z.string().min(1).max(60),
  settings: z.record(z.string().max(100), z.unknown()).default({}),
  label: text(100).optional(),
  ordersFrom: when.optional(),
})

function ask(spoken: Connector): NonNullable<Connector['auth']['authorizeUrl']> {
  const { authorizeUrl } = spoken.auth
  if (authorizeUrl) return authorizeUrl
  throw new Problem(400, 'HUB_VALIDATION', `${spoken.manifest.title} asks no browser for consent.`, [
    { field: 'connector', message: 'has no consent page', mend: 'Send its credentials to POST /connections.' },
  ])
}

function cookieOf(browser: string, publicUrl: string): string {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : ''
  return `${cookieName(publicUrl)}=${browser}; Path=/; Max-Age=${consentSeconds}; HttpOnly; SameSite=Lax${secure}`
}

function startRoute(app: Api, deps: ApiDeps): void {
  app.post('/connections/consents', {
    config: { scope: 'connections:write' },
    schema: { body: newConsent, response: { ...answers(asked), ...created(asked) } },
    handler: async (request, reply) => {
      const { connector, settings, label = null, ordersFrom = null } = request.body
      const { spoken, parsed } = checkSettings(deps.connectors, { connector, settings })
      const authorizeUrl = ask(spoken)
      const app = appOf(deps, spoken)
      const { publicUrl } = deps
      const state = newToken(deps)
      const callbackUrl = `${publicUrl}/connect/${connector}/callback`
      const returnUrl = `${callbackUrl}?state=${state}`
      const url = guarded(() => authorizeUrl({ settings: parsed, state, callbackUrl, returnUrl, app }))
      const browser = browserNamed(request.headers.cookie, publicUrl) ?? newToken(deps)
      const { merchantId, actor } = principalOf(request)
      const consentId = deps.ports.ids.uuid()
      const given = { consentId, connector, settings: parsed, label, ordersFrom, actor, browser }
      const expiresAt = await writing(deps, request, (tx) => openConsent(tx, given), { replayable: false })
      await publishState(deps, { state, merchantId, consentId, expiresAt })
      reply.header('set-cookie', cookieOf(browser, publicUrl))
      return reply.code(201).send({
        ...{ id: publicId('consent', consentId), connector, url, status: 'waiting' as const },
        ...{ reason: null, connection: null, expiresAt: showTime(expiresAt) },
      })
    },
  })
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof ChannelError)) throw cause
    throw new Problem(400, 'HUB_VALIDATION', 'The shop cannot be asked with these settings.', [
      {
        field: cause.info.field ?? 'settings',
        message: cleanText(cause.message, 300),
        mend: 'Correct it and send it again.',
      },
    ])
  }
}

function readRoute(app: Api, deps: ApiDeps): void {
  app.get('/connections/consents/:id', {
    config: { scope: 'connections:read' },
    schema: { params: z.strictObject({ id: idOf('consent') }), response: answers(shownConsent) },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const consent = await readConsent(tx, request.params.id)
        if (consent === null) throw notFound()
        return show(consent, deps.ports.clock.now())
      }),
  })
}

/** Connecting a shop by its own consent page: the question, and what became of it. The answer comes to `consent-pages.ts`. */
export const consentRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    startRoute(app, deps)
    readRoute(app, deps)
  }
