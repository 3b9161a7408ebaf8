import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a process of the hub is started as; `name` tells several workers apart. */
export interface Part {
  readonly name: string
  readonly role: 'all' | 'http' | 'worker'
  readonly env?: Readonly<Record<string, string>>
}
export interface HubSettings {
  readonly databaseUrl: string
  readonly redisUrl: string | null
  readonly allowHosts: readonly string[]
  readonly logLevel: string
  readonly env: Readonly<Record<string, string>>
}
/** The hub as an operator has it: real processes which can be stopped, frozen and killed. */
export interface Hub {
  readonly url: string
  readonly installToken: string
  /** The settings' secrets, which nothing may ever show. */
  readonly secrets: readonly string[]
  start(...parts: Part[]): Promise<void>
  signal(name: string, signal: NodeJS.Signals): void
  /** The signal that the process died of; null while it lives, or when it left by itself. */
  diedOf(name: string): NodeJS.Signals | null
  /** Ends these processes, all when none is named, and waits until they are gone. */
  end(signal: NodeJS.Signals, ...names: string[]): Promise<void>
  /** Everything that its processes said. */
  log(): string
  close(): Promise<void>
}

const readyWithinMs = 30_000
const stopWithinMs = 10_000
const main = new URL('../../src/main.ts', import.meta.url).pathname

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

const alive = (child: ChildProcess | undefined): child is ChildProcess =>
  child !== undefined && child.exitCode === null && child.signalCode === null

function environment(settings: HubSettings, port: number): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR = os.tmpdir() } = process.env
  return {
    PATH,
    HOME,
    TMPDIR,
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DATABASE_URL: settings.databaseUrl,
    ...(settings.redisUrl !== null && { REDIS_URL: settings.redisUrl }),
    HUB_KEYS: `e2e:${randomBytes(32).toString('base64')}`,
    HUB_INSTALL_TOKEN: randomBytes(24).toString('hex'),
    DEV_ALLOW_HOSTS: settings.allowHosts.join(','),
    LOG_LEVEL: settings.logLevel,
    POLL_EVERY_S: '1',
    POOL_WORK: '6',
    POOL_INGEST: '2',
    ...settings.env,
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1_000) })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

async function gone(child: ChildProcess): Promise<void> {
  if (alive(child)) await once(child, 'exit')
}

async function endAll(children: readonly ChildProcess[], signal: NodeJS.Signals): Promise<void> {
  const left = children.filter(alive)
  for (const child of left) {
    child.kill('SIGCONT')
    child.kill(signal)
  }
  const late = setTimeout(() => {
    for (const child of left) child.kill('SIGKILL')
  }, stopWithinMs)
  await Promise.all(left.map(gone))
  clearTimeout(late)
}

/** A place for hub processes that share one address, one database and one log. Nothing runs yet. */
export async function openHub(settings: HubSettings): Promise<Hub> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = environment(settings, port)
  const dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-e2e-'))
  const logFile = path.join(dir, 'hub.log')
  const fd = openSync(logFile, 'a')
  const children = new Map<string, ChildProcess>()
  const named = (name: string): ChildProcess => {
    const child = children.get(name)
    if (!child) throw new Error(`no hub process was started as "${name}"`)
    return child
  }
  /** What was said since the log had this length: it grows too large to be read whole again and again. */
  const saidSince = (from: number): string => {
    const bytes = Buffer.alloc(Math.max(0, statSync(logFile).size - from))
    const log = openSync(logFile, 'r')
    const length = readSync(log, bytes, 0, bytes.length, from)
    closeSync(log)
    return bytes.toString('utf8', 0, length)
  }
  const start = async (part: Part) => {
    const before = statSync(logFile).size
    const child = spawn(process.execPath, [main, part.role], {
      env: { ...env, ...part.env },
      stdio: ['ignore', fd, fd],
    })
    children.set(part.name, child)
    const own = part.env?.PORT === undefined ? url : `http://127.0.0.1:${part.env.PORT}`
    const ready = () => (part.role === 'worker' ? saidSince(before).includes('hub.started') : answers(own))
    for (const from = Date.now(); Date.now() - from < readyWithinMs && alive(child); await sleep(25))
      if (await ready()) return
    throw new Error(`the hub process ${part.name} did not start:\n${readFileSync(logFile, 'utf8').slice(-4_000)}`)
  }
  return {
    url,
    installToken: env.HUB_INSTALL_TOKEN ?? '',
    secrets: [env.HUB_KEYS?.split(':')[1] ?? '', env.HUB_INSTALL_TOKEN ?? ''],
    start: async (...parts) => {
      for (const part of parts) await start(part)
    },
    signal: (name, signal) => void named(name).kill(signal),
    diedOf: (name) => named(name).signalCode,
    end: (signal, ...names) => endAll(names.length === 0 ? [...children.values()] : names.map(named), signal),
    log: () => readFileSync(logFile, 'utf8'),
    close: async () => {
      await endAll([...children.values()], 'SIGTERM')
      closeSync(fd)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
