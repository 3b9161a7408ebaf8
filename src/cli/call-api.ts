import { z } from 'zod'
import { type Call, UsageError } from './parse-call.ts'

/** The hub said no: its own words, for the person. */
export class Refused extends Error {
  /** The hub's own words (RFC 9457), where it spoke. */
  readonly problem: object | null
  constructor(message: string, problem: object | null = null) {
    super(message)
    this.problem = problem
    this.name = 'Refused'
  }
}

const problem = z.object({
  detail: z.string(),
  code: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string(), mend: z.string() })).optional(),
})
const page = z.object({ items: z.array(z.unknown()), next: z.string().nullable() })

const pagesMax = 10_000
const answerMs = 60_000
const linesMs = 1_200_000

/** A key goes over TLS or to this machine. */
function baseOf(url: string): string {
  if (!URL.canParse(url)) throw new UsageError(`"${url}" is no address; write one like https://hub.example.com`)
  const { protocol, hostname, origin } = new URL(url)
  const here = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
  if (protocol === 'https:' || (protocol === 'http:' && here)) return origin
  throw new UsageError('a key is sent over https only, or to this machine')
}

async function refusal(response: Response): Promise<Refused> {
  const parsed = problem.safeParse(await response.json().catch(() => null))
  if (!parsed.success) return new Refused(`the hub answered ${response.status}`)
  const fields = (parsed.data.errors ?? []).map(({ field, message, mend }) => `  ${field} ${message}. ${mend}`)
  return new Refused([`${parsed.data.detail} (${response.status})`, ...fields].join('\n'), {
    status: response.status,
    ...parsed.data,
  })
}

export interface Door {
  readonly url: string
  readonly key: string
}

async function send(call: Call, door: Door, path: string): Promise<Response> {
  const headers = {
    authorization: `Bearer ${door.key}`,
    ...(call.body !== undefined && { 'content-type': 'application/json' }),
    ...(call.idempotencyKey !== undefined && { 'idempotency-key': call.idempotencyKey }),
  }
  const body = call.body === undefined ? null : JSON.stringify(call.body)
  const init = {
    method: call.command.method,
    headers,
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(call.command.lastLine === undefined ? answerMs : linesMs),
  } as const
  const base = baseOf(door.url)
  let response: Response
  try {
    response = await fetch(`${base}/api/v1${path}`, init)
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
    throw new Refused(`the hub at ${base} cannot be reached${cause}`)
  }
  if (!response.ok) throw await refusal(response)
  return response
}

/** The answer as JSON, or as bytes where it is not. With `all`, the items of every page. @throws Refused, UsageError */
export async function callApi(call: Call, door: Door): Promise<unknown> {
  const first = await send(call, door, call.path)
  if (!(first.headers.get('content-type') ?? '').includes('json')) return new Uint8Array(await first.arrayBuffer())
  const answer: unknown = await first.json()
  if (!call.all) return answer
  let current = page.safeParse(answer)
  if (!current.success) return answer
  const items = [...current.data.items]
  for (let turn = 0; current.success && current.data.next !== null && turn < pagesMax; turn++) {
    const joint = call.path.includes('?') ? '&' : '?'
    const more = await send(call, door, `${call.path}${joint}after=${encodeURIComponent(current.data.next)}`)
    current = page.safeParse(await more.json())
    if (current.success) items.push(...current.data.items)
  }
  return items
}

const lineEnd = 0x0a
/** A manifest is some kilobytes; what is longer is none. */
const lastLineMax = 65_536

/** Hands lines on as they come. @throws Refused when they end before the one that says they are all */
export async function passLines(
  call: Call,
  door: Door,
  out: (chunk: Uint8Array) => void | Promise<void>,
): Promise<void> {
  const { body } = await send(call, door, call.path)
  let last: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of body ?? []) {
      const known = Buffer.concat([last, chunk]).subarray(-lastLineMax)
      last = known.subarray(known.lastIndexOf(lineEnd, known.length - 2) + 1)
      await out(chunk)
    }
  } catch {
    throw cutOff()
  }
  if (!last.toString('utf8').startsWith(`{"kind":"${call.command.lastLine}"`) || last.at(-1) !== lineEnd) throw cutOff()
}

const cutOff = () => new Refused('the connection ended before the last line: what has come is not whole. Ask again.')
