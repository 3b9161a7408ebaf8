import { describe, expect, test } from 'vitest'
import { type Reply, recorder, type Sent, testSecrets } from './recorder.ts'
import { subscriptions, wantedTopics } from './subscriptions.ts'

const endpoint = 'https://hub.example.com/in/woocommerce/token'

interface Hook {
  id: number
  name: string
  status: string
  topic: string
  delivery_url: string
}

/** The webhooks of a shop that, like the real one, allows identical duplicates and never shows the secret. */
function shopWith(hooks: Hook[]) {
  let last = 100
  return (sent: Sent): Reply => {
    if (sent.method === 'GET') {
      const start = (Number(sent.query.page) - 1) * 100
      return { body: hooks.slice(start, start + 100) }
    }
    if (sent.method === 'DELETE') {
      const at = hooks.findIndex((hook) => sent.path === `wc/v3/webhooks/${hook.id}`)
      return { body: hooks.splice(at, 1)[0] }
    }
    last += 1
    const given = sent.body
    if (typeof given !== 'object' || given === null) return { status: 400 }
    const hook: Hook = { id: last, name: '', status: '', topic: '', delivery_url: '', ...given }
    hooks.push(hook)
    return { status: 201, body: { ...hook, secret: undefined } }
  }
}

describe('ensure', () => {
  test('an empty shop gets one signed webhook for each topic, and a second call does nothing', async () => {
    const hooks: Hook[] = []
    const { ctx, sent } = recorder(shopWith(hooks))
    expect((await subscriptions.ensure(ctx, endpoint)).state).toBe('repaired')
    expect(hooks.map((hook) => hook.topic)).toEqual([...wantedTopics])
    const created = sent.filter((one) => one.method === 'POST')
    for (const { body, replaySafe } of created) {
      expect(body).toMatchObject({ delivery_url: endpoint, secret: testSecrets.webhookSecret, status: 'active' })
      expect(replaySafe).toBe(false)
    }
    sent.length = 0
    expect((await subscriptions.ensure(ctx, endpoint)).state).toBe('healthy')
    expect(sent.map((one) => one.method)).toEqual(['GET'])
  })

  test('a disabled webhook is deleted and made anew: re-activating would leave its failure counter', async () => {
    const hooks: Hook[] = []
    const { ctx, sent } = recorder(shopWith(hooks))
    await subscriptions.ensure(ctx, endpoint)
    const disabled = hooks[1]
    if (disabled) disabled.status = 'disabled'
    expect(await subscriptions.inspect(ctx, endpoint)).toBe('disabled')
    const answer = await subscriptions.ensure(ctx, endpoint)
    expect(answer).toEqual({ state: 'repaired', detail: 'created: order.updated; removed: order.updated (disabled)' })
    expect(sent.some((one) => one.method === 'PUT')).toBe(false)
    expect(hooks.some((hook) => hook.id === disabled?.id)).toBe(false)
    expect(await subscriptions.inspect(ctx, endpoint)).toBe('healthy')
  })

  test('duplicates, unused topics, an old address and an old secret of ours go; those of others stay', async () => {
    const hooks: Hook[] = []
    const { ctx } = recorder(shopWith(hooks))
    await subscriptions.ensure(ctx, endpoint)
    const [ours] = hooks
    if (!ours) throw new Error('nothing was created')
    const other = {
      id: 7,
      name: 'Accounting',
      status: 'active',
      topic: 'order.created',
      delivery_url: 'https://a.example.com',
    }
    hooks.push(
      { ...ours, id: 1 },
      { ...ours, id: 2, topic: 'coupon.created' },
      { ...ours, id: 3, delivery_url: 'https://old.example.com' },
      { ...ours, id: 4, name: ours.name.replace(/\S+$/, '00000000') },
      other,
    )
    expect((await subscriptions.ensure(ctx, endpoint)).state).toBe('repaired')
    expect(hooks.filter((hook) => hook.delivery_url === endpoint).map((hook) => hook.topic)).toEqual([...wantedTopics])
    expect(hooks).toContain(other)
    expect(hooks).toHaveLength(wantedTopics.length + 1)
  })

  test('webhooks beyond the first page are seen', async () => {
    const foreign = Array.from({ length: 150 }, (_, i) => ({
      id: 1000 + i,
      name: 'x',
      status: 'active',
      topic: 'order.created',
      delivery_url: 'https://a.example.com',
    }))
    const hooks: Hook[] = [...foreign]
    const { ctx } = recorder(shopWith(hooks))
    await subscriptions.ensure(ctx, endpoint)
    expect((await subscriptions.ensure(ctx, endpoint)).state).toBe('healthy')
    expect(hooks).toHaveLength(150 + wantedTopics.length)
  })

  test('the secret is in no name and in no detail', async () => {
    const hooks: Hook[] = []
    const { ctx } = recorder(shopWith(hooks))
    const { detail } = await subscriptions.ensure(ctx, endpoint)
    expect(JSON.stringify([hooks.map((hook) => hook.name), detail])).not.toContain(testSecrets.webhookSecret)
  })
})

test('inspect sees a webhook that the merchant deleted', async () => {
  const hooks: Hook[] = []
  const { ctx } = recorder(shopWith(hooks))
  expect(await subscriptions.inspect(ctx, endpoint)).toBe('missing')
  await subscriptions.ensure(ctx, endpoint)
  hooks.pop()
  expect(await subscriptions.inspect(ctx, endpoint)).toBe('missing')
})

test('inspect tells a webhook that leads elsewhere from one that is not there', async () => {
  const hooks: Hook[] = []
  const { ctx } = recorder(shopWith(hooks))
  await subscriptions.ensure(ctx, endpoint)
  const moved = hooks[0]
  if (moved) moved.delivery_url = 'https://old.example.com/in/woocommerce/x'
  expect(await subscriptions.inspect(ctx, endpoint)).toBe('wrong_address')
})

test('remove takes away all of ours, wherever they lead, and nobody else’s', async () => {
  const foreign = {
    id: 1,
    name: 'Another app',
    status: 'active',
    topic: 'order.created',
    delivery_url: 'https://a.example.com',
  }
  const hooks: Hook[] = [foreign]
  const { ctx } = recorder(shopWith(hooks))
  await subscriptions.ensure(ctx, endpoint)
  const moved = hooks[1]
  if (moved) moved.delivery_url = 'https://old.example.com/in/woocommerce/x'
  await subscriptions.remove(ctx, endpoint)
  expect(hooks).toEqual([foreign])
  await subscriptions.remove(ctx, endpoint)
})
