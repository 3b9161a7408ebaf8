import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import path from 'node:path'

/** A process of the bench's own that answers one question at a time. */
export interface Child<Ask, Answer> {
  readonly pid: number
  ask(question: Ask): Promise<Answer>
  /** The graceful way, so that a CPU profile is written. */
  stop(): Promise<void>
}

export interface ForkOptions {
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Folder for the CPU profile of this process; null: none is taken. */
  readonly profile?: string | null
  /** Open descriptor that takes what it prints. */
  readonly log?: number
}

const stopWithinMs = 20_000
const running = new Set<ChildProcess>()
// However the bench ends, nothing of it stays behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Node's own flags for a profile whose file name says which process it was. */
function profiling(dir: string | null | undefined, name: string): string[] {
  if (!dir) return []
  mkdirSync(dir, { recursive: true })
  return ['--cpu-prof', '--cpu-prof-dir', dir, '--cpu-prof-name', `${name}.cpuprofile`]
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await gone
  clearTimeout(late)
}

export function forkFile(file: string, options: ForkOptions = {}): ChildProcess {
  const out = options.log ?? 'inherit'
  const child = fork(new URL(file, import.meta.url), [...(options.args ?? [])], {
    serialization: 'advanced',
    stdio: ['ignore', out, out, 'ipc'],
    execArgv: profiling(options.profile, `${path.basename(file, '.ts')}-${Date.now()}`),
    ...(options.env && { env: options.env }),
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Starts one of the bench's files as a process and waits for its first message, which says that it is ready. */
export async function startChild<Ask, Answer>(file: string, options: ForkOptions = {}): Promise<Child<Ask, Answer>> {
  const child = forkFile(file, options)
  const next = () => {
    const heard = new AbortController()
    const ended = once(child, 'exit', { signal: heard.signal }).then(() => {
      throw new Error(`${file} ended before it answered`)
    })
    const said = once(child, 'message').then(([message]) => message as { answer?: Answer; error?: string })
    ended.catch(() => undefined)
    return Promise.race([said, ended]).finally(() => heard.abort())
  }
  await next()
  return {
    pid: child.pid ?? -1,
    ask: async (question) => {
      const answered = next()
      child.send(question as object)
      const { answer, error } = await answered
      if (error !== undefined) throw new Error(`${file}: ${error}`)
      return answer as Answer
    },
    stop: () => stopChild(child),
  }
}

/** The child's side: says that it is ready, then answers each question. */
export function answerParent<Ask, Answer>(work: (question: Ask) => Promise<Answer>): void {
  process.on('message', (question: Ask) => {
    work(question).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) =>
        process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : `${error}` }),
    )
  })
  process.on('disconnect', () => process.exit(0))
  process.once('SIGTERM', () => process.exit(0))
  process.send?.({})
}
