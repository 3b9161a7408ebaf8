import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { servePages } from '../../src/platform/http/serve-pages.ts'
import { type Api, openApi } from '../api/support.ts'
import { built } from './premises.ts'

let api: Api
beforeAll(async () => {
  api = await openApi({ pages: (app) => servePages(app, built) })
})
afterAll(() => api.close())

const navigation = { accept: 'text/html,*/*', 'sec-fetch-mode': 'navigate' }
const get = (url: string, headers: Record<string, string> = navigation) =>
  api.app.inject({ method: 'GET', url, headers })

describe('the console is served', () => {
  test('its page is never kept, and may run nothing that is not a file of this server', async () => {
    for (const url of ['/', '/orders', '/orders/ord_1?standing=done', '/sign-in']) {
      const { statusCode, headers, body } = await get(url)
      expect([url, statusCode, headers['content-type'], headers['cache-control']]).toEqual([
        url,
        200,
        'text/html; charset=utf-8',
        'no-store',
      ])
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("script-src 'self'")
      expect(policy).not.toMatch(/unsafe|data:|https?:|\*/)
      expect(body).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/)
    }
  })

  test('files with a hash in their name are kept for good, packed for who takes it', async () => {
    const page = readFileSync(path.join(built, 'index.html'), 'utf8')
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? ''
    const plain = await get(script, {})
    expect(plain.statusCode).toBe(200)
    expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    const packed = await get(script, { 'accept-encoding': 'gzip' })
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2)
  })

  test('programs, wrong addresses and paths that climb get no page', async () => {
    const none = [
      await get('/api/v1/nothing'),
      await get('/in/shopify/nothing'),
      await get('/assets/nothing.js'),
      await get('/orders', { accept: 'application/json' }),
      await get('/orders', { ...navigation, 'sec-fetch-mode': 'cors' }),
      await get('/assets/..%2f..%2fpackage.json'),
      await get('/built-from', { accept: '*/*' }),
    ]
    expect(none.map(({ statusCode }) => statusCode)).toEqual(none.map(() => 404))
    expect(none.filter(({ body }) => body.includes('<html'))).toEqual([])
  })
})

describe('what is loaded first', () => {
  /** A script with all that it imports at once; what a page imports when it is opened is not counted. */
  function scriptsFrom(names: readonly string[], seen = new Set<string>()): ReadonlySet<string> {
    for (const name of names) {
      if (seen.has(name)) continue
      seen.add(name)
      const text = readFileSync(path.join(built, 'assets', name), 'utf8')
      const imported = [...text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)].map((found) => found[1] ?? '')
      scriptsFrom(imported, seen)
    }
    return seen
  }
  const sizeOf = (names: Iterable<string>) =>
    [...names].reduce((sum, name) => sum + gzipSync(readFileSync(path.join(built, 'assets', name))).length, 0)

  test('any page needs at most 250 kB of packed script', () => {
    const page = readFileSync(path.join(built, 'index.html'), 'utf8')
    const first = [...page.matchAll(/\/assets\/([\w.-]+\.js)"/g)].map((found) => found[1] ?? '')
    expect(first.length).toBeGreaterThan(0)
    const pages = readdirSync(path.join(built, 'assets')).filter((name) =>
      /^(today|orders|order|exceptions|inventory|item|listings|channels|channel|connect|status|sign-in|join|settings|warehouses|warehouse|file)-[\w-]+\.js$/.test(
        name,
      ),
    )
    expect(pages.length).toBeGreaterThanOrEqual(11)
    const heaviest = Math.max(...pages.map((name) => sizeOf(scriptsFrom([...first, name]))))
    expect(heaviest).toBeGreaterThan(50_000)
    expect(heaviest).toBeLessThanOrEqual(250_000)
  })
})
