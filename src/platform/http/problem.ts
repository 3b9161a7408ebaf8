import { STATUS_CODES } from 'node:http'

/** One thing wrong with a request: where, what, and what to do about it. */
export interface FieldError {
  readonly field: string
  readonly message: string
  readonly mend: string
}

/** RFC 9457, with our `code`. `type` is about:blank: the status and the code say all there is. */
export interface ProblemBody {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly correlationId: string
  readonly errors?: readonly FieldError[]
}

/** An answer that a route ends with on purpose. `detail` is shown to the caller: no secret, no person, no other merchant. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly errors: readonly FieldError[]

  /** `code` is `HUB_…`, stable for programs; `detail` is for people. */
  constructor(status: number, code: `HUB_${string}`, detail: string, errors: readonly FieldError[] = []) {
    super(detail)
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.errors = errors
  }
}

/** What goes over the wire. */
export function problemBody(problem: Problem, correlationId: string): ProblemBody {
  return {
    type: 'about:blank',
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    correlationId,
    ...(problem.errors.length > 0 && { errors: problem.errors }),
  }
}

export const notFound = (): Problem => new Problem(404, 'HUB_NOT_FOUND', 'There is nothing here, or it is not yours.')
