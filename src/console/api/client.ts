/** An answer that is not the one asked for: the API's own words where it gave any. */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly reference: string | null
  readonly errors: readonly FieldError[]
  constructor(status: number, body: ProblemBody) {
    super(body.detail ?? 'The hub gave no answer that can be read.')
    this.name = 'ApiProblem'
    this.status = status
    this.code = body.code ?? 'UNREADABLE'
    this.reference = body.correlationId ?? null
    this.errors = body.errors ?? []
  }
}
export interface FieldError {
  readonly field: string
  readonly message: string
  readonly mend: string
}
interface ProblemBody {
  readonly detail?: string
  readonly code?: string
  readonly correlationId?: string
  readonly errors?: readonly FieldError[]
}

/** Longer than any answer that is still to come. */
const answerWithinMs = 15_000

async function problemOf(response: Response): Promise<ApiProblem> {
  const body: ProblemBody = await response.json().catch(() => ({}))
  return new ApiProblem(response.status, body)
}

async function ask(input: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const late = AbortSignal.timeout(answerWithinMs)
  try {
    return await fetch(input, { ...init, signal: signal ? AbortSignal.any([signal, late]) : late })
  } catch (cause) {
    if (signal?.aborted) throw cause
    const detail = late.aborted
      ? `The hub did not answer within ${answerWithinMs / 1_000} seconds.`
      : 'The hub cannot be reached from here.'
    throw new ApiProblem(0, { detail, code: 'UNREACHABLE' })
  }
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>

function address(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  )
  const text = new URLSearchParams(given).toString()
  return `/api/v1${path}${text === '' ? '' : `?${text}`}`
}

async function answerOf<T>(path: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, init, signal)
  if (!response.ok) throw await problemOf(response)
  return response.json()
}

/** Reads; the caller says what the address answers, as `types.ts` has it. */
export const read = <T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> =>
  answerOf<T>(address(path, query), {}, signal)

/** Asks the person to show who they are once more; false: they would rather not. */
type Prove = () => Promise<boolean>
let prove: Prove | null = null
/** Whoever can ask a person says so here, and no more when they are gone. */
export function proveWith(ask: Prove): () => void {
  prove = ask
  return () => {
    prove = null
  }
}

/** What matters most the hub does only for who has just shown password or code: then it is asked again, once. */
async function proven<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const isStale = error instanceof ApiProblem && error.code === 'HUB_STEP_UP'
    if (!isStale || prove === null || !(await prove())) throw error
    return ask()
  }
}

/** Changes. The key makes a repeat of the same press one change, whatever the network did. */
export function change<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const key = { 'idempotency-key': crypto.randomUUID() }
  const sent =
    body === undefined
      ? { headers: key }
      : { headers: { ...key, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return proven(() => answerOf<T>(address(path, {}), { method, ...sent }))
}
