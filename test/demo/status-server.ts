import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Look } from './look.ts'

/** Serves the status page on loopback. `latest` is what it shows. */
export async function serveStatus(latest: () => Look | null): Promise<{ url: string; close(): Promise<void> }> {
  const page = readFileSync(new URL('status.html', import.meta.url))
  const server = createServer((request, response) => {
    const head = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
    if (request.url === '/') {
      response.writeHead(200, { ...head, 'content-type': 'text/html; charset=utf-8' }).end(page)
    } else if (request.url === '/status.json') {
      response.writeHead(200, { ...head, 'content-type': 'application/json' }).end(JSON.stringify(latest()))
    } else
      response.writeHead(404, { ...head, 'content-type': 'text/plain' }).end('There is only / and /status.json here.')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
