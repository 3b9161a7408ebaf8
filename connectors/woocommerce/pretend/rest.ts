import type { ApiKey, Store } from './model.ts'
import { parameterSeconds } from './zone.ts'

/** WordPress's answer of refusal: `{code, message, data}`. Thrown by routes, caught where an answer or a batch item is made. */
export class RestError extends Error {
  readonly code: string
  readonly data: unknown
  readonly status: number
  constructor(status: number, code: string, message: string, data: unknown = { status }) {
    super(message)
    this.name = 'RestError'
    this.status = status
    this.code = code
    this.data = data
  }
}

export type Query = ReadonlyMap<string, string | readonly string[]>
export type Body = Readonly<Record<string, unknown>>
export interface Reply {
  readonly status: number
  readonly data: unknown
  readonly headers?: Record<string, string>
}
export interface RestCall {
  readonly store: Store
  readonly method: string
  /** Numbers of the path, in order: orders/{0}/refunds/{1}. */
  readonly ids: readonly number[]
  readonly query: Query
  readonly body: Body
  readonly key: ApiKey
  /** Runs when the answer truly reaches the client: only then has it seen what it read. */
  readonly onSeen: (note: () => void) => void
  /** True when this stock write shall be answered but not stored. */
  readonly writeIsDropped: () => boolean
}
export type Route = (call: RestCall) => Reply | Promise<Reply>

export function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** PHP's reading of a query: `a[]=1&a[]=2` is an array, of repeated plain keys only the last is kept. */
export function parseQuery(search: URLSearchParams): Query {
  const query = new Map<string, string | string[]>()
  for (const [name, value] of search) {
    const base = /^([^[]+)\[.*\]$/.exec(name)?.[1]
    if (base === undefined) {
      query.set(name, value)
      continue
    }
    const before = query.get(base)
    if (Array.isArray(before)) before.push(value)
    else query.set(base, [value])
  }
  return query
}

/** A parameter of the body, else of the query. */
export function parameter(call: RestCall, name: string): unknown {
  return call.body[name] ?? call.query.get(name)
}

export function truthy(value: unknown): boolean {
  return value === true || value === 1 || value === '1' || value === 'true'
}

function listOf(value: unknown): readonly string[] | null {
  if (Array.isArray(value)) return value.map(String)
  if (typeof value === 'number') return [String(value)]
  if (typeof value !== 'string') return null
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Parameters read with WordPress's checks; all complaints come together, as one 400. */
export interface Reader {
  readonly text: (name: string) => string | null
  readonly list: (name: string) => readonly string[] | null
  readonly ids: (name: string) => readonly number[] | null
  readonly number: (
    name: string,
    limits: { readonly least: number; readonly most: number; readonly or: number },
  ) => number
  readonly choice: (name: string, choices: readonly string[], or: string) => string
  readonly seconds: (name: string) => number | null
  readonly complain: (name: string, message: string) => void
  /** @throws RestError 400 rest_invalid_param when anything was wrong */
  readonly done: () => void
}

export function readerOf(call: RestCall): Reader {
  const wrong: Record<string, string> = {}
  const complain = (name: string, message: string) => {
    wrong[name] = message
  }
  const text = (name: string) => {
    const value = parameter(call, name)
    return typeof value === 'string' && value !== '' ? value : null
  }
  return {
    text,
    complain,
    list: (name) => listOf(parameter(call, name)),
    ids: (name) => listOf(parameter(call, name))?.map(Number) ?? null,
    number: (name, { least, most, or }) => {
      const value = parameter(call, name)
      if (value === undefined) return or
      const number = Number(value)
      if (Number.isInteger(number) && number >= least && number <= most) return number
      complain(name, `${name} must be between ${least} (inclusive) and ${most} (inclusive)`)
      return or
    },
    choice: (name, choices, or) => {
      const value = text(name) ?? or
      if (!choices.includes(value)) complain(name, `${name} is not one of ${choices.join(', ')}.`)
      return value
    },
    seconds: (name) => {
      const value = text(name)
      if (value === null) return null
      const at = parameterSeconds(value, truthy(parameter(call, 'dates_are_gmt')), call.store.zone)
      if (at === null) complain(name, 'Invalid date.')
      return at
    },
    done: () => {
      const names = Object.keys(wrong)
      if (names.length > 0) throw invalidParameters(wrong)
    },
  }
}

export function invalidParameters(wrong: Readonly<Record<string, string>>): RestError {
  const names = Object.keys(wrong).join(', ')
  const data = { status: 400, params: wrong, details: {} }
  return new RestError(400, 'rest_invalid_param', `Invalid parameter(s): ${names}`, data)
}

/** PHP's JSON: slashes and everything outside ASCII escaped. */
export function phpJson(value: unknown): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value)
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, escaped)
}
