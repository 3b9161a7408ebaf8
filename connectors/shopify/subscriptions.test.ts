import { expect, test } from 'vitest'
import { subscriptions, topics } from './subscriptions.ts'
import { type Asked, connection, type Reply, shopCtx } from './testing.ts'

const endpoint = 'https://hub.example.com/webhooks/1'
interface Sub {
  id: string
  topic: string
  uri: string
  format: string
  filter: string | null
  name: string | null
  includeFields: string[]
}
const sub = (topic: string, more: Partial<Sub> = {}): Sub => ({
  id: `sub-${topic}-${more.uri ?? ''}`,
  topic,
  uri: endpoint,
  format: 'JSON',
  filter: null,
  name: null,
  includeFields: [],
  ...more,
})
function shopWith(subs: Sub[], refuse: readonly string[] = []) {
  const answer = ({ name, variables }: Asked): Reply => {
    if (name === 'Subscriptions') return { data: { webhookSubscriptions: connection(subs) } }
    if (name === 'Unsubscribe') {
      const index = subs.findIndex((one) => one.id === variables.id)
      if (index >= 0) subs.splice(index, 1)
      return { data: { webhookSubscriptionDelete: { userErrors: [] } } }
    }
    const topic = String(variables.topic)
    const taken = subs.some((one) => one.topic === topic && one.uri === Object(variables.input).uri)
    const message = refuse.includes(topic) ? 'no access' : 'Address for this topic has already been taken'
    const userErrors = taken || refuse.includes(topic) ? [{ field: ['topic'], message }] : []
    if (userErrors.length === 0) subs.push(sub(topic, { ...Object(variables.input), id: `new-${topic}` }))
    return { data: { webhookSubscriptionCreate: { webhookSubscription: null, userErrors } } }
  }
  return { ...shopCtx(answer), subs }
}

test('every topic is subscribed once, with the whole body, and a second run changes nothing', async () => {
  const { ctx, asked, subs } = shopWith([])
  expect(await subscriptions.inspect(ctx, endpoint)).toBe('missing')
  expect(await subscriptions.ensure(ctx, endpoint)).toMatchObject({ state: 'repaired' })
  expect(subs.map((one) => one.topic).sort()).toEqual([...topics])
  expect(subs.every((one) => one.uri === endpoint && one.includeFields.length === 0)).toBe(true)
  const before = asked.length
  expect(await subscriptions.ensure(ctx, endpoint)).toMatchObject({ state: 'healthy' })
  expect(asked.length).toBe(before + 1)
  expect(await subscriptions.inspect(ctx, endpoint)).toBe('healthy')
})

test('ours that lead elsewhere, are doubled or partial are removed; those of others are not touched', async () => {
  const foreign = sub('ORDERS_CREATE', { uri: 'https://other.example.com/hook', id: 'foreign' })
  const old = sub('ORDERS_CREATE', {
    uri: 'https://old-tunnel.example.com/webhooks/1',
    name: 'crossdock-orders-create',
    id: 'old',
  })
  const moved = sub('ORDERS_UPDATED', { uri: 'https://hub.example.com/webhooks/0', id: 'moved' })
  const partial = sub('ORDERS_CREATE', { includeFields: ['id'], id: 'partial' })
  const twin = sub('APP_UNINSTALLED', { id: 'twin' })
  const { ctx, subs } = shopWith([foreign, old, moved, partial, sub('APP_UNINSTALLED'), twin])
  expect(await subscriptions.inspect(ctx, endpoint)).toBe('wrong_address')
  await subscriptions.ensure(ctx, endpoint)
  const left = subs.map((one) => one.id)
  expect(left).toContain('foreign')
  expect(left).not.toEqual(expect.arrayContaining(['old']))
  expect(left).not.toEqual(expect.arrayContaining(['moved']))
  expect(left).not.toEqual(expect.arrayContaining(['partial']))
  expect(left).not.toEqual(expect.arrayContaining(['twin']))
  expect(await subscriptions.inspect(ctx, endpoint)).toBe('healthy')
})

test('a topic that the shop refuses is named, after all the others were made', async () => {
  const { ctx, subs } = shopWith([], ['REFUNDS_CREATE'])
  await expect(subscriptions.ensure(ctx, endpoint)).rejects.toMatchObject({
    kind: 'invalid',
    message: expect.stringContaining('REFUNDS_CREATE: no access'),
  })
  expect(subs).toHaveLength(topics.length - 1)
})

test('remove takes away all of ours, wherever they lead, and nobody else’s', async () => {
  const foreign = sub('ORDERS_CREATE', { uri: 'https://other.example.com/hook', id: 'foreign' })
  const { ctx, subs } = shopWith([foreign])
  await subscriptions.ensure(ctx, endpoint)
  subs.push(sub('ORDERS_UPDATED', { uri: 'https://old.example.com/x', name: 'crossdock-orders-updated', id: 'old' }))
  await subscriptions.remove(ctx, endpoint)
  expect(subs.map(({ id }) => id)).toEqual(['foreign'])
})
