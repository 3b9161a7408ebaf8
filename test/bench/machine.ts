import { execFileSync } from 'node:child_process'
import os from 'node:os'

/** Where and when the figures were seen: without this they are no figures. */
export interface Machine {
  readonly date: string
  readonly commit: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly postgres: string
  /** Load averages before the first and after the last part: how much else was going on. */
  readonly loadBefore: readonly number[]
  readonly loadAfter: readonly number[]
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

function commit(): string {
  const head = git('rev-parse', '--short=12', 'HEAD')
  if (head === '') return 'not a git checkout'
  const changed = git('status', '--porcelain', '--', 'src', 'connectors', 'migrations', 'test/bench')
  return changed === '' ? head : `${head} with uncommitted changes`
}

const load = () => os.loadavg().map((value) => Math.round(value * 100) / 100)

/** Call it first; call what it returns when all parts are done. */
export function observeMachine(): (postgres: string) => Machine {
  const loadBefore = load()
  const date = new Date().toISOString()
  return (postgres) => ({
    date,
    commit: commit(),
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    postgres,
    loadBefore,
    loadAfter: load(),
  })
}
