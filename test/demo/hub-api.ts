import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

/** The hub's public HTTP API, as any program outside of it has it. */
export interface HubApi {
  get<T>(path: string, shape: z.ZodType<T>): Promise<T>
  post<T>(path: string, body: unknown, shape: z.ZodType<T>): Promise<T>
  /** Every page of a list. */
  all<T>(path: string, item: z.ZodType<T>): Promise<T[]>
  /** The sum of one Prometheus counter over its labels. */
  counter(name: string): Promise<number>
}

const callMs = 30_000
const patienceMs = 60_000
const pagesMax = 1_000

interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
}

async function once(base: string, token: string, call: Call): Promise<Response> {
  return fetch(`${base}${call.path}`, {
    method: call.method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(call.body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    signal: AbortSignal.timeout(callMs),
  })
}

/** Reads are repeated while the hub is away, since the demo kills it on purpose. */
async function patiently(base: string, token: string, call: Call): Promise<Response> {
  for (const from = Date.now(); ; await sleep(200)) {
    const isLast = call.method !== 'GET' || Date.now() - from > patienceMs
    try {
      const response = await once(base, token, call)
      if (response.status < 500 || isLast) return response
      await response.arrayBuffer()
    } catch (cause) {
      if (isLast) throw cause
    }
  }
}

export function openHubApi(url: string, token: string): HubApi {
  const json = async <T>(call: Call, shape: z.ZodType<T>) => {
    const response = await patiently(`${url}/api/v1`, token, call)
    const text = await response.text()
    if (!response.ok) throw new Error(`${call.method} ${call.path}: ${response.status} ${text.slice(0, 500)}`)
    const parsed = shape.safeParse(JSON.parse(text))
    if (parsed.success) return parsed.data
    throw new Error(`${call.method} ${call.path}: an unexpected answer: ${z.prettifyError(parsed.error)}`)
  }
  return {
    get: (path, shape) => json({ method: 'GET', path }, shape),
    post: (path, body, shape) => json({ method: 'POST', path, body }, shape),
    all: async <T>(path: string, item: z.ZodType<T>) => {
      const page = z.object({ items: z.array(item), next: z.string().nullable() })
      const found: T[] = []
      let after: string | null = null
      for (let n = 0; n < pagesMax; n += 1) {
        const query: string = `${path.includes('?') ? '&' : '?'}limit=200${after === null ? '' : `&after=${encodeURIComponent(after)}`}`
        const { items, next }: z.infer<typeof page> = await json({ method: 'GET', path: path + query }, page)
        found.push(...items)
        if (next === null) return found
        after = next
      }
      throw new Error(`${path}: more than ${pagesMax} pages`)
    },
    counter: async (name) => {
      const response = await patiently(url, token, { method: 'GET', path: '/metrics' })
      const lines = (await response.text())
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
  }
}
