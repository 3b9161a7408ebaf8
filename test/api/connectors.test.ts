import { afterAll, beforeAll, expect, test } from 'vitest'
import { aShelf } from './shelf.ts'
import { type Api, openApi } from './support.ts'

let api: Api
beforeAll(async () => {
  api = await openApi()
})
afterAll(() => api.close())

test('what can be connected is said with all that its consent page needs to know', async () => {
  const { key } = await aShelf(api, 'heath')
  const { status, json } = await api.call('GET /connectors', { key })
  expect(status).toBe(200)
  expect(json.connectors).toContainEqual(expect.objectContaining({ kind: 'fake-shop', role: 'channel', consent: true }))
})
