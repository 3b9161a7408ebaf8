import { linkSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { startOf } from './processes.ts'

const Owner = z.object({ pid: z.number().int().positive(), start: z.string() })
type Owner = z.infer<typeof Owner>

export interface OwnerLock {
  /** True when the lock was left behind by a process that died without giving it back. */
  readonly inherited: boolean
  release(): void
}

const attemptsMax = 100
const attemptEveryMs = 50
const takeoverStaleMs = 10_000

/**
 * One process owns a data directory. The lock is a file with the owner's pid and when that process began,
 * so that neither a dead owner nor a reused pid keeps the next start out.
 * It speaks for one machine: a directory shared by two containers has two sets of pids.
 * @throws Error when a living process holds it.
 */
export async function takeOwnerLock(dir: string): Promise<OwnerLock> {
  const file = path.join(dir, 'owner.lock')
  const mine = JSON.stringify({ pid: process.pid, start: startOf(process.pid) ?? 'unknown' } satisfies Owner)
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, mine, { mode: 0o644 })
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (create(draft, file)) return lock(file, mine, false)
      refuseLivingOwner(file, dir)
      if (replaceStale(draft, file, dir)) return lock(file, mine, true)
      await sleep(attemptEveryMs)
    }
  } finally {
    rmSync(draft, { force: true })
  }
  throw new Error(`The lock ${file} stays busy. If no hub is running on ${dir}, remove ${file} and start again.`)
}

/** link() makes the file and its content appear in one step, or fails because there is one. */
function create(draft: string, file: string): boolean {
  try {
    linkSync(draft, file)
    return true
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) return false
    throw cause
  }
}

function refuseLivingOwner(file: string, dir: string): void {
  const owner = readOwner(file)
  if (!owner || startOf(owner.pid) !== owner.start) return
  throw new Error(
    `The embedded PostgreSQL in ${dir} is already running (pid ${owner.pid}). ` +
      'Stop that process, use another DATA_DIR, or set DATABASE_URL to share one database between processes.',
  )
}

function readOwner(file: string): Owner | null {
  try {
    return Owner.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data ?? null
  } catch {
    return null
  }
}

/** Two starters may find the same dead owner: only the one that makes the folder may replace the file. */
function replaceStale(draft: string, file: string, dir: string): boolean {
  const gate = `${file}.takeover`
  try {
    mkdirSync(gate)
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST')) throw cause
    dropLeftGate(gate)
    return false
  }
  try {
    refuseLivingOwner(file, dir)
    renameSync(draft, file)
    return true
  } finally {
    rmdirSync(gate)
  }
}

function dropLeftGate(gate: string): void {
  try {
    if (Date.now() - statSync(gate).mtimeMs > takeoverStaleMs) rmdirSync(gate)
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT')) throw cause
  }
}

function lock(file: string, mine: string, inherited: boolean): OwnerLock {
  return {
    inherited,
    release() {
      if (read(file) === mine) rmSync(file, { force: true })
    },
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code
}
