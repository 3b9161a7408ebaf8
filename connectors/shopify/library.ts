import '@shopify/shopify-api/adapters/node'
import { AsyncLocalStorage } from 'node:async_hooks'
import { ApiVersion, LogSeverity, Session, shopifyApi } from '@shopify/shopify-api'
import { setAbstractFetchFunc } from '@shopify/shopify-api/runtime'
import type { HttpResponse } from '#kit'

/**
 * Shopify's library builds our requests and knows its own signatures, and sends nothing by itself: its process-wide
 * fetch is replaced by one that hands each request to the call which made it. Its retries stay off (it reads
 * Retry-After as milliseconds), its `webhooks.register` is never called (it deletes subscriptions that it does not
 * know), and its token exchange is not used (it accepts a token without expiry: shopify-app-js#3400).
 */
interface Outgoing {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
interface Call {
  readonly send: (request: Outgoing) => Promise<HttpResponse>
  response?: HttpResponse
  failure?: unknown
}
const calls = new AsyncLocalStorage<Call>()

/** Statuses for which the platform's Response refuses a body. */
const bodiless = new Set([204, 205, 304])

async function sendThroughCall(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const call = calls.getStore()
  if (!call) throw new Error('the library tried to reach the network outside of a call')
  try {
    const headers = Object.fromEntries(new Headers(init?.headers).entries())
    const response = await call.send({ url: String(url), headers, body: String(init?.body ?? '') })
    call.response = response
    const names = Object.entries(response.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    )
    const status = response.status >= 200 && response.status <= 599 ? response.status : 502
    return new Response(bodiless.has(status) ? null : Buffer.from(response.body), {
      status,
      headers: Object.fromEntries(names),
    })
  } catch (error) {
    call.failure = error
    throw error
  }
}
setAbstractFetchFunc(sendThroughCall)

export const apiVersion = ApiVersion.October26

function openLibrary(apiKey: string, apiSecretKey: string) {
  return shopifyApi({
    apiKey,
    apiSecretKey,
    apiVersion,
    hostName: 'localhost',
    isEmbeddedApp: false,
    userAgentPrefix: 'Crossdock',
    // Its messages may hold request bodies; the hub logs its own calls.
    logger: { level: LogSeverity.Error, log: () => undefined },
  })
}
const library = openLibrary('not-used-for-calls', 'not-used-for-calls')

export type Answered = { readonly data: unknown } | { readonly response: HttpResponse }

/**
 * Sends one document. `data` when the library found nothing wrong, otherwise the bare answer to classify.
 * @throws whatever `send` throws
 */
export async function requestGraphql(
  a: { readonly shop: string; readonly accessToken: string; readonly document: string; readonly variables: object },
  send: Call['send'],
): Promise<Answered> {
  const session = new Session({ id: a.shop, shop: a.shop, state: '', isOnline: false, accessToken: a.accessToken })
  const call: Call = { send }
  return calls.run(call, async () => {
    try {
      const client = new library.clients.Graphql({ session })
      const answer = await client.request(a.document, { variables: { ...a.variables }, retries: 0 })
      const data: unknown = answer.data
      return { data }
    } catch (error) {
      if (call.failure !== undefined) throw call.failure
      if (call.response === undefined) throw error
      return { response: call.response }
    }
  })
}

/** Checks the signature and age (90 s) of an OAuth callback's query. False for anything odd; never throws. */
export async function isSignedQuery(
  query: Readonly<Record<string, string>>,
  app: { readonly clientId: string; readonly clientSecret: string },
): Promise<boolean> {
  try {
    return await openLibrary(app.clientId, app.clientSecret).utils.validateHmac({ ...query })
  } catch {
    return false
  }
}
