import { existsSync } from 'node:fs'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { notFound } from './problem.ts'

/** Scripts, styles and answers of this server only; nothing inside the page itself is run. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const hashed = /^assets\/[\w.-]+$/
/** Addresses of programs: no page stands there, whoever asks. */
const forPrograms = /^(api|assets|in|livez|readyz|metrics)(\/|$)/

/** A browser that goes to an address, not a script that reads one. */
function isNavigation({ headers }: FastifyRequest): boolean {
  const mode = headers['sec-fetch-mode']
  return mode === undefined ? (headers.accept ?? '').includes('text/html') : mode === 'navigate'
}

/**
 * The built pages in `folder`: files with a hash in their name for good, the page itself never kept, and the page for
 * every address that a person may have opened. Without the folder, a word on how to get it.
 */
export async function servePages(app: FastifyInstance, folder: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    serve: false,
    preCompressed: true,
    cacheControl: false,
    index: false,
  })
  app.get('/*', { schema: { hide: true } }, async (request, reply) => {
    const wanted = decodeURIComponent(request.url.split('?')[0] ?? '').slice(1)
    if (hashed.test(wanted)) {
      if (!existsSync(path.join(folder, wanted))) throw notFound()
      return reply.header('cache-control', 'public, max-age=31536000, immutable').sendFile(wanted)
    }
    if (forPrograms.test(wanted) || !isNavigation(request)) throw notFound()
    if (!existsSync(path.join(folder, 'index.html')))
      return reply
        .code(503)
        .type('text/plain')
        .send('The console is not built yet: run "npm run build" where the hub is.\n')
    return reply.header('content-security-policy', policy).sendFile('index.html')
  })
}
