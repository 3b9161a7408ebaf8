import type { Command } from './commands/command.ts'
import { commands } from './commands.ts'

const wordsIn = (path: string): string[] => [...path.matchAll(/:(\w+)/g)].map((found) => found[1] ?? '')

/** `orders show <id>`, with what it needs. */
export function usageOf(command: Command): string {
  const words = wordsIn(command.path).map((word) => `<${word}>`)
  const needed = (command.options ?? []).filter((option) => option.required).map((option) => `--${option.name} …`)
  return [command.noun, command.verb, ...words, ...needed].filter((word) => word !== '').join(' ')
}

const common = [
  ['--url', 'where the hub is; else CROSSDOCK_URL, else http://127.0.0.1:3000'],
  ['--key', 'an API key; better in CROSSDOCK_KEY, where no process list shows it'],
  ['--json', 'the answer as JSON, one page or, with --all, one array'],
  ['--all', 'every page of a list'],
  ['--idempotency-key', 'the same key and change twice is one change'],
] as const

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}

/** Everything, or what begins with these words. */
export function helpFor(words: readonly string[]): string {
  const [noun, verb] = words
  const fitting = commands.filter(
    (command) => (noun === undefined || command.noun === noun) && (verb === undefined || command.verb === verb),
  )
  const shown = fitting.length > 0 ? fitting : commands
  const list = aligned(shown.map((command) => [usageOf(command), command.what] as const))
  const [only] = shown
  const options = shown.length === 1 ? (only?.options ?? []) : []
  const details =
    options.length === 0
      ? ''
      : `\n${aligned(options.map((option) => [`--${option.name}`, option.what + (option.required ? ' (needed)' : '')] as const))}\n`
  return `crossdock <noun> <verb> [words] [--options]\n\n${list}\n${details}\nEverywhere:\n${aligned(common)}\n
A JSON value is written as it is, or read from @file, or from - (standard input).\n`
}
