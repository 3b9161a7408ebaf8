import type { FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

const harmless = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * What the browser says of the page that sent this. Sec-Fetch-Site cannot be set by a page; a browser without it (before
 * 2023) sends Origin with every change. A subdomain of the same site is another page.
 */
function saidBy(request: FastifyRequest, publicUrl: string): 'own' | 'foreign' | 'nothing' {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' ? 'own' : 'foreign'
  const { origin } = request.headers
  if (origin === undefined) return 'nothing'
  return origin === new URL(publicUrl).origin ? 'own' : 'foreign'
}

/**
 * Against requests that another page makes with this one's cookie (CSRF), or into which it wants a person signed in.
 * A request that says nothing comes from a program: it has no cookie of anybody, so only where one counts is that refused.
 */
export function refuseForeign(
  request: FastifyRequest,
  publicUrl: string,
  trusted: 'only when told so' | 'unless told otherwise',
): void {
  if (harmless.has(request.method)) return
  const said = saidBy(request, publicUrl)
  if (said === 'own' || (said === 'nothing' && trusted === 'unless told otherwise')) return
  throw new Problem(403, 'HUB_FOREIGN_PAGE', 'This came from another page than the hub’s own, so nothing was done.')
}
