import type { FastifySchemaValidationError } from 'fastify'
import type { FieldError } from './problem.ts'

const errorsMax = 50
const textMax = 200

/** Fields of zod's issue that say how to mend it; all optional, since each code has its own. */
interface IssueFacts {
  readonly expected?: unknown
  readonly minimum?: unknown
  readonly maximum?: unknown
  readonly format?: unknown
  readonly divisor?: unknown
  readonly values?: unknown
  readonly keys?: unknown
}

function listed(values: unknown): string {
  return Array.isArray(values) ? values.slice(0, 20).map(String).join(', ').slice(0, textMax) : ''
}

function mendOf(code: string, facts: IssueFacts): string {
  if (code === 'invalid_type') return `Send a value of type ${facts.expected}.`
  if (code === 'too_small') return `Send at least ${facts.minimum}.`
  if (code === 'too_big') return `Send at most ${facts.maximum}.`
  if (code === 'invalid_format') return `Write it in the format "${facts.format}".`
  if (code === 'invalid_value') return `Use one of: ${listed(facts.values)}.`
  if (code === 'not_multiple_of') return `Send a multiple of ${facts.divisor}.`
  if (code === 'unrecognized_keys') return `Leave out ${listed(facts.keys)}.`
  return 'Compare it with /api/openapi.json.'
}

/** Validation errors as field, message and mend. No value that was sent is repeated, only names. */
export function fieldErrors(issues: readonly FastifySchemaValidationError[]): FieldError[] {
  return issues.slice(0, errorsMax).map((issue) => ({
    field: issue.instancePath.split('/').filter(Boolean).join('.').slice(0, textMax),
    message: (issue.message ?? 'is not valid').slice(0, textMax),
    mend: mendOf(issue.keyword, issue.params).slice(0, 2 * textMax),
  }))
}
