import { PassThrough } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { stillSignedIn } from '../accounts/session-auth.ts'
import { type Principal, principalOf } from '../platform/http/access.ts'
import { Problem } from '../platform/http/problem.ts'
import { wordOf } from './changes-seen.ts'
import type { Api, ApiDeps, ApiPlugin } from './deps.ts'
import { type Seen, type Watch, watchMerchants } from './watch-merchants.ts'

/** Tabs of one person, and all that one process holds open. */
const streamsOfOneMax = 10
const streamsMax = 500
/** Often enough that no proxy takes it for dead; as often it is asked whether the person is still in. */
const beatMs = 15_000

interface Streams {
  readonly open: Map<PassThrough, string>
  readonly watch: Watch
}

function refuseMore({ open }: Streams, actor: string): void {
  const own = [...open.values()].filter((one) => one === actor).length
  if (own < streamsOfOneMax && open.size < streamsMax) return
  throw new Problem(
    429,
    'HUB_TRY_LATER',
    'Too many pages listen at once. Close some; this one asks by itself meanwhile.',
  )
}

const lines = (event: string, id: string, data: unknown) =>
  `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`

/** What a browser says that it knows. Exactly this is asked for again when its line broke. */
function knownTo(request: FastifyRequest): string | null {
  const given = request.headers['last-event-id']
  return typeof given === 'string' ? given : null
}

/** Tells of every change; first of all, where something changed while the line was down, that all is to be read anew. */
function teller(stream: PassThrough, known: string | null) {
  let isFirst = true
  return ({ marks, changed }: Seen) => {
    const id = wordOf(marks)
    if (isFirst) stream.write(lines(known === null || known === id ? 'ready' : 'resync', id, {}))
    else stream.write(lines('changed', id, { topics: changed }))
    isFirst = false
  }
}

function begin(streams: Streams, request: FastifyRequest, holds: () => Promise<boolean>): PassThrough {
  const { merchantId, actor }: Principal = principalOf(request)
  const stream = new PassThrough()
  streams.open.set(stream, actor)
  stream.write('retry: 3000\n\n')
  const leave = streams.watch.follow(merchantId, teller(stream, knownTo(request)))
  const beat = setInterval(() => {
    stream.write(': still here\n\n')
    // Whoever cannot be asked about is let stay until the next beat: a short outage is no sign-out.
    holds().then(
      (does) => {
        if (!does) stream.end()
      },
      () => undefined,
    )
  }, beatMs)
  stream.once('close', () => {
    clearInterval(beat)
    leave()
    streams.open.delete(stream)
  })
  return stream
}

/**
 * What changed, as it happens: Server-Sent Events with topics and no data, so whoever hears of something reads it by its own
 * route, with its own permission. Nothing is kept for who is away: the id of the last event says how far they know.
 */
export const eventRoutes =
  (deps: ApiDeps, beat = stillSignedIn): ApiPlugin =>
  async (app) => {
    const streams: Streams = { open: new Map(), watch: watchMerchants(deps.db, app.log) }
    app.addHook('preClose', async () => {
      streams.watch.stop()
      for (const stream of streams.open.keys()) stream.end()
    })
    route(app, streams, (request) => beat(deps, request))
  }

function route(app: Api, streams: Streams, holds: (request: FastifyRequest) => Promise<boolean>): void {
  app.get('/events', {
    config: { scope: 'events:read' },
    schema: { produces: ['text/event-stream'] },
    handler: async (request, reply) => {
      if (!(request.headers.accept ?? '').includes('text/event-stream'))
        throw new Problem(406, 'HUB_REQUEST', 'This is a stream. Ask with "Accept: text/event-stream".')
      refuseMore(streams, principalOf(request).actor)
      const stream = begin(streams, request, () => holds(request))
      reply.raw.once('close', () => stream.destroy())
      return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(stream)
    },
  })
}
