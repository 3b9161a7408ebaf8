import { once } from 'node:events'
import { openSync } from 'node:fs'
import path from 'node:path'
import { freePort } from '../demo/hub-process.ts'
import { forkFile, stopChild } from './children.ts'

/** The hub as a process of its own, with its real settings. */
export interface HubProcess {
  readonly pid: number
  readonly port: number
  readonly url: string
  readonly installToken: string
  /** When the process was begun, by `performance.now()`. */
  readonly startedMs: number
  /** Resolves when it ended; then the log says why. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}
export interface HubSettings {
  readonly role: 'all' | 'http' | 'worker'
  readonly dataDir: string
  /** Null: its own embedded one. */
  readonly databaseUrl: string | null
  /** Null or left out: the queue is PostgreSQL. */
  readonly redisUrl?: string | null
  readonly keys: string | null
  readonly allowHosts: readonly string[]
  readonly profile: string | null
  /** The file to run: the hub's own, or the one without the far side's allowances. */
  readonly file?: string
  readonly port?: number
}

const installToken = 'bench-install-token-0123456789abcdef'
const waitMsMax = 180_000
const readyEveryMs = 20

export async function startHub(settings: HubSettings): Promise<HubProcess> {
  const port = settings.port ?? (await freePort())
  const { PATH, HOME, TMPDIR } = process.env
  const env: NodeJS.ProcessEnv = {
    ...(PATH !== undefined && { PATH }),
    ...(HOME !== undefined && { HOME }),
    ...(TMPDIR !== undefined && { TMPDIR }),
    ...(settings.databaseUrl !== null && { DATABASE_URL: settings.databaseUrl }),
    ...(settings.redisUrl && { REDIS_URL: settings.redisUrl }),
    ...(settings.keys !== null && { HUB_KEYS: settings.keys }),
    PORT: String(port),
    DATA_DIR: settings.dataDir,
    DEV_ALLOW_HOSTS: settings.allowHosts.join(','),
    LOG_LEVEL: 'warn',
    HUB_INSTALL_TOKEN: installToken,
  }
  const log = openSync(path.join(path.dirname(settings.dataDir), `hub-${port}.log`), 'a')
  const startedMs = performance.now()
  const child = forkFile(settings.file ?? '../../src/main.ts', {
    args: [settings.role],
    env,
    log,
    profile: settings.profile,
  })
  return {
    pid: child.pid ?? -1,
    port,
    url: `http://127.0.0.1:${port}`,
    installToken,
    startedMs,
    ended: once(child, 'exit').then(() => undefined),
    stop: () => stopChild(child),
  }
}

/** Asks every `everyMs` until `question` is answered with true. @throws Error when the hub ended or takes too long */
export async function until(
  hub: HubProcess,
  what: string,
  question: () => Promise<boolean>,
  everyMs = readyEveryMs,
): Promise<void> {
  let gone = false
  void hub.ended.then(() => {
    gone = true
  })
  for (const from = performance.now(); performance.now() - from < waitMsMax; ) {
    if (gone) throw new Error(`the hub ended while the bench waited for: ${what}; its log says why`)
    if (await question().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  throw new Error(`the bench waited too long for: ${what}`)
}

export async function isReady(hub: HubProcess): Promise<boolean> {
  const answer = await fetch(`${hub.url}/readyz`, { signal: AbortSignal.timeout(2_000) })
  await answer.arrayBuffer()
  return answer.ok
}
