import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Embedded, startEmbedded } from '../../src/platform/embedded/start.ts'

export interface HubOptions {
  readonly dataDir: string
  readonly port: number
  /** Host:port pairs of the pretend world that the hub's egress guard must let through. */
  readonly allowHosts: readonly string[]
  /** How the hub is registered with the pretended Shopify. */
  readonly app: { readonly clientId: string; readonly clientSecret: string }
  readonly pollEveryS: number
  /** `http` and `worker` as two processes on one database. */
  readonly split: boolean
  /** The folder whose `src/main.ts` is the hub: this repository, or a copy with a planted bug. */
  readonly root: string
  /** Open descriptor of the file that takes the hub's log. */
  readonly log: number
}
/** The hub as its operator has it: one or two processes that can be killed. */
export interface HubProcess {
  readonly url: string
  readonly installToken: string
  /** Starts it and waits until it is ready. */
  start(): Promise<void>
  /** Kills every process of the hub without a word to it (-9) and starts it again; resolves when it is ready. */
  crash(): Promise<void>
  /** The graceful way. */
  stop(): Promise<void>
}

const readyWithinMs = 60_000
const stopWithinMs = 15_000

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function settings(options: HubOptions): NodeJS.ProcessEnv {
  const { REDIS_URL, PATH, HOME, TMPDIR } = process.env
  return {
    ...(PATH !== undefined && { PATH }),
    ...(HOME !== undefined && { HOME }),
    ...(TMPDIR !== undefined && { TMPDIR }),
    ...(REDIS_URL !== undefined && { REDIS_URL }),
    PORT: String(options.port),
    PUBLIC_URL: `http://127.0.0.1:${options.port}`,
    DATA_DIR: options.dataDir,
    DEV_ALLOW_HOSTS: options.allowHosts.join(','),
    APP_SHOPIFY_ID: options.app.clientId,
    APP_SHOPIFY_SECRET: options.app.clientSecret,
    POLL_EVERY_S: String(options.pollEveryS),
    LOG_LEVEL: 'warn',
  }
}

function spawnRole(role: string, env: NodeJS.ProcessEnv, { root, log }: HubOptions): ChildProcess {
  return spawn(process.execPath, [path.join(root, 'src/main.ts'), role], { env, stdio: ['ignore', log, log] })
}

const running = (child: ChildProcess) => child.exitCode === null && child.signalCode === null

async function endAll(children: readonly ChildProcess[], signal: NodeJS.Signals): Promise<void> {
  const left = children.filter(running)
  const ends = left.map((child) => once(child, 'exit'))
  for (const child of left) child.kill(signal)
  const late = setTimeout(() => {
    for (const child of left) child.kill('SIGKILL')
  }, stopWithinMs)
  await Promise.all(ends)
  clearTimeout(late)
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

async function untilReady(url: string, children: readonly ChildProcess[]): Promise<void> {
  for (const from = Date.now(); Date.now() - from < readyWithinMs; await sleep(50)) {
    const ended = children.find((child) => !running(child))
    if (ended)
      throw new Error(`the hub ended while it started (${ended.signalCode ?? ended.exitCode}); its log says why`)
    if (await answers(url)) return
  }
  throw new Error(`the hub was not ready within ${readyWithinMs / 1_000} s; its log says why`)
}

/** A hub that is not started yet. */
export function spawnHub(options: HubOptions): HubProcess {
  const url = `http://127.0.0.1:${options.port}`
  const installToken = randomBytes(24).toString('base64url')
  const keys = `demo:${randomBytes(32).toString('base64')}`
  let database: Embedded | null = null
  let children: ChildProcess[] = []
  let stopping = false
  const run = (role: string) => {
    const env = { ...settings(options), HUB_INSTALL_TOKEN: installToken }
    const shared = database !== null && { DATABASE_URL: database.url, HUB_KEYS: keys }
    const child = spawnRole(role, { ...env, ...shared }, options)
    children = [...children.filter(running), child]
    return child
  }
  const open = async () => {
    if (stopping) return
    for (const role of options.split ? ['http', 'worker'] : ['all']) run(role)
    await untilReady(url, children)
  }
  return {
    url,
    installToken,
    start: async () => {
      if (options.split) {
        database = await startEmbedded({ dir: options.dataDir })
        await once(run('migrate'), 'exit')
      }
      await open()
    },
    crash: async () => {
      await endAll(children, 'SIGKILL')
      await open()
    },
    stop: async () => {
      stopping = true
      await endAll(children, 'SIGTERM')
      await database?.stop()
    },
  }
}
