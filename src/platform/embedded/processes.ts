import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import path from 'node:path'

/** The user that PostgreSQL runs as, when this process is root. */
export interface Identity {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root, so as root it runs as `postgres`, else as `nobody`. */
export function identityForRoot(): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (user) return { uid: Number(user[2]), gid: Number(user[3]) }
  throw new Error(
    'Running as root, and there is no user "postgres" or "nobody" to run PostgreSQL as. ' +
      'Run as another user, or set DATABASE_URL.',
  )
}

/** Nothing from our environment: no PG* variables, no locale surprises. */
export const serverEnv: NodeJS.ProcessEnv = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' }

const outputMax = 20_000

/** Runs a program to its end. @throws Error with the last of what it printed. */
export function runToEnd(
  command: string,
  args: readonly string[],
  options: { readonly identity: Identity | undefined; readonly cwd: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...options.identity,
      cwd: options.cwd,
      env: serverEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    let output = ''
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-outputMax)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${path.basename(command)} exited with ${code}: ${output.trim()}`))
    })
  })
}

/**
 * When a living process began, in whatever words the system has for it; null when it is gone.
 * A pid with another beginning is another process: pids are reused, and soon so in containers.
 */
export function startOf(pid: number): string | null {
  if (!Number.isInteger(pid) || pid <= 0) return null
  if (process.platform === 'linux') return linuxStartOf(pid)
  if (process.platform === 'win32') return signalReaches(pid) ? 'unknown' : null
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 }).trim() || null
  } catch {
    return null
  }
}

function linuxStartOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets and may hold anything (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state] = fields
    return state === 'Z' || state === 'X' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

function signalReaches(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** True when the pid is a living process that works in (Linux) or was started for (elsewhere) this data directory. */
export function serves(pid: number, dataDir: string): boolean {
  if (startOf(pid) === null) return false
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataDir)
    if (process.platform === 'win32') return true
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 }).includes(
      dataDir,
    )
  } catch {
    return false
  }
}
