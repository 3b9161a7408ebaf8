import { type ChildProcess, spawn } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import type { Home } from './cluster.ts'
import { type Identity, runToEnd, serverEnv, serves } from './processes.ts'

const pollMs = 20
const readyMsMax = 60_000 // recovery after a crash may take a while
const fastStopMsMax = 20_000
const immediateStopMsMax = 5_000
const logBytesMax = 5_000_000

interface PidFile {
  readonly pid: number
  readonly port: number
  readonly ready: boolean
}

/** postmaster.pid, line by line: pid, data directory, start, port, socket, address, memory key, state (PostgreSQL's pidfile.h). */
export function readPidFile(home: Home): PidFile | null {
  try {
    const lines = readFileSync(path.join(home.dataDir, 'postmaster.pid'), 'utf8').split('\n')
    const at = (line: number) => (lines[line] ?? '').trim()
    return { pid: Math.abs(Number(at(0))), port: Number(at(3)), ready: at(7) === 'ready' }
  } catch {
    return null
  }
}

const pidOfNobody = 2 ** 31 - 2 // beyond what any system gives out

/**
 * PostgreSQL refuses to start while the pid in the file exists, and it does as a zombie that nobody reaps (containers
 * without an init) or as a stranger who got the number anew. So the pid goes; the other lines stay, for with the memory
 * key in them PostgreSQL finds backends that outlived their postmaster, and waits for those with good reason.
 */
export function disownPidFile(home: Home, identity: Identity | undefined): void {
  const file = path.join(home.dataDir, 'postmaster.pid')
  if (!existsSync(file)) return
  const [, ...lines] = readFileSync(file, 'utf8').split('\n')
  if (lines.length < 7) {
    rmSync(file, { force: true }) // its writer was killed over it: there is no memory yet that the key would name
    return
  }
  const draft = `${file}.new`
  writeFileSync(draft, [pidOfNobody, ...lines].join('\n'), { mode: 0o600 })
  if (identity) chownSync(draft, identity.uid, identity.gid)
  renameSync(draft, file)
}

/** Starts the server in its own process group: Ctrl-C reaches the hub, which drains first and stops the server last. */
export function spawnPostmaster(
  home: Home,
  postgres: string,
  args: readonly string[],
  identity: Identity | undefined,
): ChildProcess {
  turnLog(home)
  const log = openSync(home.serverLog, 'a', 0o600)
  try {
    const child = spawn(postgres, ['-D', home.dataDir, ...args], {
      ...identity,
      cwd: home.dataDir,
      env: serverEnv,
      detached: true,
      stdio: ['ignore', log, log],
      windowsHide: true,
    })
    child.on('error', () => undefined) // seen as a child without pid
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

function turnLog(home: Home): void {
  if (existsSync(home.serverLog) && statSync(home.serverLog).size > logBytesMax)
    renameSync(home.serverLog, `${home.serverLog}.1`)
}

/** The length of the log now; `logSince` gives what the server said after it. */
export function logMark(home: Home): number {
  return existsSync(home.serverLog) ? statSync(home.serverLog).size : 0
}

export function logSince(home: Home, mark: number): string {
  return existsSync(home.serverLog)
    ? readFileSync(home.serverLog).subarray(mark).toString('utf8').trim().slice(-2_000)
    : ''
}

function ended(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

/** True once the server takes connections; false when it ended before. @throws Error after a minute of neither. */
export async function becomesReady(home: Home, child: ChildProcess): Promise<boolean> {
  for (let waited = 0; waited < readyMsMax; waited += pollMs) {
    if (ended(child)) return false
    const state = readPidFile(home)
    if (state?.ready && state.pid === child.pid) return true
    await sleep(pollMs)
  }
  throw new Error(`The embedded PostgreSQL is not ready after ${readyMsMax / 1000} s; see ${home.serverLog}.`)
}

/** Ends sessions, writes a checkpoint; if that takes too long, ends at once and leaves recovery to the next start. */
export async function stopPostmaster(home: Home, pid: number, binaries: Binaries): Promise<void> {
  if (!serves(pid, home.dataDir)) return
  if (process.platform === 'win32') {
    // Signals end a Windows process without a word; pg_ctl speaks to the server.
    await runToEnd(binaries.pg_ctl, ['stop', '-D', home.dataDir, '-m', 'fast', '-w'], {
      identity: undefined,
      cwd: home.dir,
    })
    return
  }
  signal(pid, 'SIGINT')
  if (await isGone(home, pid, fastStopMsMax)) return
  signal(pid, 'SIGQUIT')
  if (await isGone(home, pid, immediateStopMsMax)) return
  throw new Error(`The embedded PostgreSQL (pid ${pid}) does not stop; see ${home.serverLog}.`)
}

function signal(pid: number, name: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(pid, name)
  } catch {
    // gone in between, which is what was wanted
  }
}

async function isGone(home: Home, pid: number, msMax: number): Promise<boolean> {
  for (let waited = 0; waited < msMax; waited += pollMs) {
    if (!serves(pid, home.dataDir)) return true
    await sleep(pollMs)
  }
  return false
}
