import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Redis } from 'ioredis'

export interface TestRedis {
  readonly url: string
  stop(): Promise<void>
}

/** REDIS_TEST_URL, else an own server, else null: there is no `redis-server` here. */
export async function startRedis(dir: string): Promise<TestRedis | null> {
  const given = process.env.REDIS_TEST_URL
  if (given) return { url: given, stop: async () => undefined }
  return spawnSync('redis-server', ['--version']).status === 0 ? spawnRedis(dir) : null
}

/** A server of one's own, without persistence: to wipe, to fill, to stop. */
export async function spawnRedis(dir: string): Promise<TestRedis> {
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir, 'maxmemory-policy': 'noeviction' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`])
  // The shell ends the server when its standard input ends: also when this process is killed.
  const server = spawn('sh', ['-c', 'redis-server "$@" & read -r _; kill $!; wait $!', 'redis', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const url = `redis://127.0.0.1:${port}`
  await answers(url)
  return {
    url,
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return
      const gone = once(server, 'exit')
      server.stdin.end()
      await gone
    },
  }
}

/** The client retries its first connect by itself while the server is coming up. */
async function answers(url: string): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: 100, retryStrategy: () => 50 })
  client.on('error', () => undefined)
  await client.ping()
  client.disconnect()
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return address !== null && typeof address === 'object' ? address.port : 0
}
