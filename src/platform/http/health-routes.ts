import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

export interface HealthDeps {
  /** Names of what is not ready ("database"); empty when all is. */
  readonly ready: () => Promise<readonly string[]>
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** Of the program, for whoever asks. */
  readonly version?: string
}

const readyMsMax = 2_000

async function notReady(ready: HealthDeps['ready']): Promise<readonly string[]> {
  const controller = new AbortController()
  const late = sleep(readyMsMax, ['no answer in time'], { signal: controller.signal })
  try {
    return await Promise.race([ready(), late])
  } catch {
    return ['the check failed']
  } finally {
    controller.abort()
    late.catch(() => undefined)
  }
}

/** How long an answer about the database is good for: anybody may ask, as often as they like. */
const knownForMs = 2_000

/** What anybody may know: whether it works, and since when that is so. Kept in memory, so it is said while the database is away. */
function publicStatus({ ready, version = 'unknown' }: HealthDeps) {
  const startedAt = new Date()
  let known: { readonly waitingFor: readonly string[]; readonly at: number; readonly since: Date } | null = null
  let asking: Promise<readonly string[]> | null = null
  return async () => {
    if (known === null || Date.now() - known.at > knownForMs) {
      asking ??= notReady(ready).finally(() => {
        asking = null
      })
      const waitingFor = await asking
      const isSame = known !== null && known.waitingFor.join() === waitingFor.join()
      known = { waitingFor, at: Date.now(), since: isSame && known !== null ? known.since : new Date() }
    }
    const { waitingFor, since } = known
    const ok = waitingFor.length === 0
    return { ok, waitingFor, since: since.toISOString(), startedAt: startedAt.toISOString(), version }
  }
}

/** /status.json: for people and their monitors. /livez: the process answers. /readyz: it can work. /metrics: for Prometheus. */
export function healthRoutes(app: FastifyInstance, deps: HealthDeps): void {
  app.get('/livez', async () => ({ ok: true }))
  app.get('/readyz', async (_request, reply) => {
    const waitingFor = await notReady(deps.ready)
    return reply.code(waitingFor.length === 0 ? 200 : 503).send({ ok: waitingFor.length === 0, waitingFor })
  })
  const status = publicStatus(deps)
  app.get('/status.json', async () => status())
  app.get('/metrics', async (_request, reply) => reply.type(deps.metrics.contentType).send(await deps.metrics.text()))
}
