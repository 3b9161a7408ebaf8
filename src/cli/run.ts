import { callApi, Refused } from './call-api.ts'
import type { Command } from './commands/command.ts'
import { helpFor } from './help.ts'
import { parseCall, type ReadInput, UsageError } from './parse-call.ts'
import { harmless, textOf } from './print-answer.ts'

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (chunk: string | Uint8Array) => void
  readonly err: (text: string) => void
  /** A file's text, or standard input for "-". */
  readonly read: ReadInput
}

const defaultUrl = 'http://127.0.0.1:3000'

const read = (answer: unknown, { print, columns }: Command): string => print?.(answer) ?? textOf(answer, columns)

/** For programs, a refusal has the same shape whoever refused. */
const asProblem = (error: UsageError | Refused): object =>
  (error instanceof Refused ? error.problem : null) ?? { detail: error.message, code: 'CLI_USAGE' }

/** One command. The exit code: 0 done, 1 refused by the hub or bad news, 2 not understood. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  const words = argv.filter((word) => !word.startsWith('-'))
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) {
    terminal.out(helpFor(words))
    return 0
  }
  try {
    const call = await parseCall(argv, terminal.read)
    const key = call.key ?? terminal.env.CROSSDOCK_KEY
    if (key === undefined || key === '') throw new UsageError('no key: set CROSSDOCK_KEY')
    const answer = await callApi(call, { url: call.url ?? terminal.env.CROSSDOCK_URL ?? defaultUrl, key })
    if (answer instanceof Uint8Array) terminal.out(answer)
    else terminal.out(call.json ? `${JSON.stringify(answer, null, 2)}\n` : read(answer, call.command))
    return call.command.failed?.(answer) === true ? 1 : 0
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof Refused)) throw error
    const said = argv.includes('--json')
      ? JSON.stringify(asProblem(error))
      : error.message.split('\n').map(harmless).join('\n')
    terminal.err(`${said}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}
