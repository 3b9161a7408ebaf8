import { parseArgs } from 'node:util'
import type { Command, Option, Values } from './commands/command.ts'
import { commands } from './commands.ts'
import { usageOf } from './help.ts'

/** The command line cannot be understood: said to the person, exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

export interface Call {
  readonly command: Command
  /** With its query, under /api/v1. */
  readonly path: string
  readonly body: unknown
  readonly url: string | undefined
  readonly key: string | undefined
  readonly idempotencyKey: string | undefined
  readonly json: boolean
  readonly all: boolean
}
export type ReadInput = (file: string) => Promise<string>

const everywhere = {
  url: { type: 'string' },
  key: { type: 'string' },
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  'idempotency-key': { type: 'string' },
} as const

const camel = (name: string) => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

async function readJson(written: string, name: string, read: ReadInput): Promise<unknown> {
  try {
    return JSON.parse(written === '-' || written.startsWith('@') ? await read(written.replace(/^@/, '')) : written)
  } catch {
    throw new UsageError(`--${name} is not JSON, or names no file that can be read`)
  }
}

async function readOption(option: Option, written: string | boolean, read: ReadInput): Promise<unknown> {
  if (typeof written === 'boolean') return written
  if (option.kind === 'json') return readJson(written, option.name, read)
  if (option.kind === 'list') return written.split(',').map((part) => part.trim())
  if (option.kind === 'text') return written
  // Only what looks like a number is one: "" and " " are not 0.
  if (/^-?\d+(\.\d+)?$/.test(written)) return Number(written)
  throw new UsageError(`--${option.name} must be a number`)
}

function findCommand(argv: readonly string[]): Command {
  const [noun = '', verb = ''] = argv
  const command = commands.find((one) => one.noun === noun && (one.verb === verb || one.verb === ''))
  if (command) return command
  const verbs = commands.filter((one) => one.noun === noun).map((one) => one.verb)
  if (verbs.length > 0) throw new UsageError(`"${noun}" has: ${verbs.join(', ')}`)
  throw new UsageError(`there is no "${noun}"; see crossdock --help`)
}

function parse(argv: readonly string[], options: readonly Option[]) {
  const own = options.map((option) => [option.name, { type: option.kind === 'flag' ? 'boolean' : 'string' }] as const)
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(own), ...everywhere },
      allowPositionals: true,
    })
    return { values: new Map<string, unknown>(Object.entries(values)), positionals }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function fillPath(command: Command, words: readonly string[], query: Values): string {
  const left = [...words]
  const path = command.path.replaceAll(/:(\w+)/g, () => {
    const word = left.shift()
    if (word === undefined) throw new UsageError(`write: crossdock ${usageOf(command)}`)
    return encodeURIComponent(word)
  })
  if (left.length > 0) throw new UsageError(`"${left.join(' ')}" is too much; write: crossdock ${usageOf(command)}`)
  const more = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()
  return more === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${more}`
}

/** The command line as one call of the API. @throws UsageError */
export async function parseCall(argv: readonly string[], read: ReadInput): Promise<Call> {
  const command = findCommand(argv)
  const options = command.options ?? []
  const { values: given, positionals } = parse(argv.slice(command.verb === '' ? 1 : 2), options)
  const values: Record<string, unknown> = {}
  for (const option of options) {
    const written = given.get(option.name)
    if (written === undefined && option.required)
      throw new UsageError(`--${option.name} is missing; write: crossdock ${usageOf(command)}`)
    if (typeof written === 'string' || typeof written === 'boolean')
      values[camel(option.name)] = await readOption(option, written, read)
  }
  const asQuery = command.method === 'GET'
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  return {
    command,
    path: fillPath(command, positionals, asQuery ? values : {}),
    body: asQuery || options.length === 0 ? undefined : (command.body?.(values) ?? values),
    url: text(given.get('url')),
    key: text(given.get('key')),
    idempotencyKey: text(given.get('idempotency-key')),
    json: given.get('json') === true,
    all: given.get('all') === true,
  }
}
