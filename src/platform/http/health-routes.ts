import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

export interface HealthDeps {
  /** Names of what is not ready ("database"); empty when all is. */
  readonly ready: () => Promise<readonly string[]>
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
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

/** /livez: the process answers. /readyz: it can work. /metrics: for Prometheus. */
export function healthRoutes(app: FastifyInstance, deps: HealthDeps): void {
  app.get('/livez', async () => ({ ok: true }))
  app.get('/readyz', async (_request, reply) => {
    const waitingFor = await notReady(deps.ready)
    return reply.code(waitingFor.length === 0 ? 200 : 503).send({ ok: waitingFor.length === 0, waitingFor })
  })
  app.get('/metrics', async (_request, reply) => reply.type(deps.metrics.contentType).send(await deps.metrics.text()))
}
