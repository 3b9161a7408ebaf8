import { callApi, passLines, Refused } from './call-api.ts'
import type { Command } from './commands/command.ts'
import { helpFor } from './help.ts'
import { parseCall, type ReadInput, UsageError } from './parse-call.ts'
import { harmless, textOf } from './print-answer.ts'

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Resolves once there is room for more. */
  readonly out: (chunk: string | Uint8Array) => void | Promise<void>
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
    await terminal.out(helpFor(words))
    return 0
  }
  try {
    const call = await parseCall(argv, terminal.read)
    const key = call.key ?? terminal.env.CROSSDOCK_KEY
    if (key === undefined || key === '') throw new UsageError('no key: set CROSSDOCK_KEY')
    const door = { url: call.url ?? terminal.env.CROSSDOCK_URL ?? defaultUrl, key }
    if (call.command.lastLine !== undefined) {
      await passLines(call, door, terminal.out)
      return 0
    }
    const answer = await callApi(call, door)
    if (answer instanceof Uint8Array) await terminal.out(answer)
    else await terminal.out(call.json ? `${JSON.stringify(answer, null, 2)}\n` : read(answer, call.command))
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
