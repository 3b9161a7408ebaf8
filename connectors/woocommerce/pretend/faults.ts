import type { Faults, PretendAnswer, Rng } from '#kit/pretend'

/** The dials of the world's faults and the stream they draw from: never the story's, so that dials do not change it. */
export interface Dials {
  readonly timeScale: number
  faults: Faults
  readonly rng: Rng
}

export function hit(dials: Dials, fault: keyof Faults): boolean {
  const chance = dials.faults[fault]
  return chance > 0 && dials.rng() < chance
}

function htmlPage(status: number, title: string, headers: Record<string, string> = {}): PretendAnswer {
  const body = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1><hr>nginx</body></html>`
  return { status, headers: { 'content-type': 'text/html; charset=UTF-8', ...headers }, body }
}

/** WooCommerce has no rate limit of its own; the host in front of it has, and speaks HTML. */
export function throttled(rng: Rng): PretendAnswer {
  if (rng() < 0.5) return htmlPage(503, '503 Service Temporarily Unavailable')
  return htmlPage(429, '429 Too Many Requests', rng() < 0.5 ? { 'retry-after': '1' } : {})
}

export function broken(rng: Rng): PretendAnswer {
  return rng() < 0.5 ? htmlPage(500, '500 Internal Server Error') : htmlPage(502, '502 Bad Gateway')
}
