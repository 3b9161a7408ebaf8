import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { type Access, guardApi } from './access.ts'
import { answerBrokenHttp, answerErrors, frameworkErrors } from './error-answer.ts'
import { type HealthDeps, healthRoutes } from './health-routes.ts'
import { readJsonBodies } from './json-body.ts'
import { describeApi } from './openapi.ts'
import { setSecurityHeaders } from './security-headers.ts'

/** The server that slices add their routes to; types come from the routes' zod schemas. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

export interface HttpLimits {
  /** A whole request, headers and body, must have arrived by then: a trickle ends in 408. */
  readonly requestMs: number
  /** A socket on which nothing moves, a slow route included, is closed. */
  readonly silenceMs: number
  /** Longer than the 60 s of common load balancers, so that they close first. */
  readonly keepAliveMs: number
  readonly bodyBytesMax: number
  /** What is under way at a stop has so long to end. Then all connections are closed, also those that never asked anything. */
  readonly stopMs: number
}

export interface HttpOptions extends HealthDeps {
  readonly log: FastifyBaseLogger
  /** False: X-Forwarded-* headers mean nothing. Else the number or the addresses of the proxies in front. */
  readonly trustProxy: false | number | readonly string[]
  readonly publicUrl: string
  readonly access: Access
  readonly limits?: Partial<HttpLimits>
}

const defaults: HttpLimits = {
  ...{ requestMs: 30_000, silenceMs: 60_000, keepAliveMs: 65_000, stopMs: 5_000 },
  bodyBytesMax: 1_048_576,
}

function trustedProxies(
  given: HttpOptions['trustProxy'],
): false | string[] | ((address: string, hop: number) => boolean) {
  if (given === false) return false
  return typeof given === 'number' ? (_address, hop) => hop < given : [...given]
}

function logAnswers(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    // The route's pattern, never the address: it may hold a token. Each delivery is logged where it is received.
    const route = request.routeOptions.url ?? 'none'
    const fields = {
      route,
      method: request.method,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    }
    request.log.debug({ ...fields, correlationId: request.id }, 'http.answered')
  })
}

/** Closing a server waits for every connection that is not idle, and one that was opened and never used is not: Node 24. */
function endInTime(app: FastifyInstance, stopMs: number): void {
  app.addHook('preClose', async () => {
    const late = setTimeout(() => app.server.closeAllConnections(), stopMs).unref()
    app.server.once('close', () => clearTimeout(late))
  })
}

/** A server with the house's limits, errors, headers and guard, and no route of a slice yet. */
export async function buildHttp(options: HttpOptions): Promise<HttpApp> {
  const limits = { ...defaults, ...options.limits }
  const app = fastify({
    loggerInstance: options.log,
    // No child logger for each request: it costs more than the rest of a small answer.
    childLoggerFactory: (logger) => logger,
    logController: new fastify.LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: trustedProxies(options.trustProxy),
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.silenceMs,
    keepAliveTimeout: limits.keepAliveMs,
    http: {
      headersTimeout: Math.min(15_000, limits.requestMs),
      connectionsCheckingInterval: Math.min(2_000, limits.requestMs),
    },
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => void frameworkErrors(error, request, reply),
    clientErrorHandler: answerBrokenHttp,
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  const plain: FastifyInstance = app
  setSecurityHeaders(plain, options.publicUrl)
  guardApi(plain, options.access, options.publicUrl)
  readJsonBodies(plain)
  answerErrors(plain)
  logAnswers(plain)
  await describeApi(plain, options.publicUrl)
  healthRoutes(plain, options)
  endInTime(plain, limits.stopMs)
  return app
}
