/** `npm run demo`: hub, shops, warehouse and shoppers in one command. */
import { runHeadless } from './headless.ts'
import { runLive } from './live.ts'
import { readOptions, UsageError, usage } from './options.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)
const interrupted = 130

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  const over = new AbortController()
  let close = async () => {}
  const stage = {
    say,
    opening: (closeScene: () => Promise<void>) => {
      close = closeScene
    },
  }
  // More than one Ctrl-C must not leave the database half stopped: closing happens once.
  const stop = () => {
    over.abort()
    close().finally(() => process.exit(interrupted))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  try {
    if (options.headless)
      return (await runHeadless(options, stage, (line) => process.stdout.write(`${line}\n`))) ? 0 : 1
    await runLive(options, stage, over.signal)
    return 0
  } catch (cause) {
    // What was cut short by Ctrl-C has no more to say.
    if (over.signal.aborted) return interrupted
    throw cause
  } finally {
    await close()
  }
}

main().then(
  (code) => process.exit(code),
  (cause: unknown) => {
    const words = cause instanceof UsageError ? `${cause.message}\n\n${usage}` : undefined
    say(words ?? (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)))
    process.exit(1)
  },
)
