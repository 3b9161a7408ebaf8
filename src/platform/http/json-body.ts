import type { FastifyInstance } from 'fastify'
import { Problem } from './problem.ts'

const depthMax = 64

const quote = 0x22
const backslash = 0x5c

/** How deep the brackets nest, without parsing; strings are passed over. Stops counting above the limit. */
export function jsonDepth(text: string, limit = depthMax): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length && deepest <= limit; i++) {
    const c = text.charCodeAt(i)
    if (inString) {
      if (c === backslash) i++
      else if (c === quote) inString = false
    } else if (c === quote) inString = true
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (c === 0x7d || c === 0x5d) depth--
  }
  return deepest
}

/** JSON is the one body that the API reads: no deeper than 64, no `__proto__`, no `constructor.prototype`. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (jsonDepth(body) > depthMax) {
      done(new Problem(400, 'HUB_JSON', `The JSON nests deeper than ${depthMax} levels.`), undefined)
      return
    }
    void parse(request, body, done)
  })
}
