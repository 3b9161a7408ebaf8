import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../e2e/hub.ts'

/** A Redis of a test's own, at one address for its whole life, with a file of what it was told (AOF, everysec). */
export interface OwnRedis {
  readonly url: string
  /** Speaks to it directly, whatever is on the wire to the hub. */
  run(...command: [string, ...string[]]): Promise<unknown>
  kill(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

export const hasRedis = spawnSync('redis-server', ['--version']).status === 0

export async function openOwnRedis(): Promise<OwnRedis> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-fault-redis-'))
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'yes', dir, 'enable-debug-command': 'yes' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | null = null
  let client: Redis | null = null
  const start = async () => {
    server = spawn('redis-server', args, { stdio: 'ignore' })
    client = new Redis(url, { maxRetriesPerRequest: 200, retryStrategy: () => 25 })
    client.on('error', () => undefined)
    await client.ping()
  }
  const kill = async () => {
    client?.disconnect()
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    url,
    run: async (name, ...rest) => client?.call(name, ...rest),
    start,
    kill,
    close: async () => {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
