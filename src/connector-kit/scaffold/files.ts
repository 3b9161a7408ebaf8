/** The folder of a connector that knows nothing yet but how to log in: what compiles, and says at each place what comes next. */
export function scaffold(kind: string): Readonly<Record<string, string>> {
  const title = kind.replaceAll('-', ' ').replace(/^./, (letter) => letter.toUpperCase())
  return {
    'index.ts': index,
    'manifest.ts': manifest(kind, title),
    'settings.ts': settings,
    'auth.ts': auth,
    'pretend/index.ts': pretend,
    'README.md': readme(title),
  }
}

const index = `import { defineConnector } from '#kit'
import { auth } from './auth.ts'
import { manifest } from './manifest.ts'
import { credentials, settings } from './settings.ts'

export const connector = defineConnector({ manifest, credentials, settings, auth })
`

const manifest = (kind: string, title: string) => `import type { Manifest } from '#kit'

/** Facts about the far side, each with its source and the day it was read. Doubt means the weaker claim. */
export const manifest: Manifest = {
  kind: '${kind}',
  title: '${title}',
  role: 'channel',
  auth: { flow: 'key-pair', accessTtlS: null, refresh: 'none' },
  push: null,
  orders: null,
  inventory: null,
  shipment: null,
  requests: null,
  files: null,
  budgets: [{ id: 'api', scope: 'connection', perSecond: 1, burst: 1, concurrentMax: 1 }],
}
`

const settings = `import { z } from 'zod'
import type { Ctx, Settings } from '#kit'

/** Everything in here is secret and stored sealed. */
export const credentials = z.object({ apiKey: z.string().trim().min(1).max(200) })
export type Credentials = z.infer<typeof credentials>
export type ShopCtx = Ctx<Credentials>

const shape = z.object({ baseUrl: z.url({ protocol: /^https?$/ }).max(300) })
export const settings: z.ZodType<Settings> = shape

/** The connection's settings, typed. */
export function readSettings(given: Settings): z.infer<typeof shape> {
  return shape.parse(given)
}
`

const auth = `import { z } from 'zod'
import { type Account, type AuthPort, ChannelError } from '#kit'
import { type Credentials, readSettings, type ShopCtx } from './settings.ts'

const shop = z.object({ id: z.string().min(1).max(200), name: z.string().max(200) })

/** Who we are there. Replace the address and the shape by those of the channel. */
async function probe(ctx: ShopCtx): Promise<Account> {
  const url = \`\${readSettings(ctx.settings).baseUrl}/shop\`
  const headers = { authorization: \`Bearer \${ctx.secrets.apiKey}\` }
  const answer = await ctx.send({ method: 'GET', url, headers, budget: 'api', replaySafe: true })
  if (answer.status === 401) throw new ChannelError('auth_revoked', 'the channel does not take this key')
  if (answer.status !== 200) throw new ChannelError('transient', \`the channel answered \${answer.status}\`)
  const read = shop.safeParse(JSON.parse(new TextDecoder().decode(answer.body)))
  if (!read.success) throw new ChannelError('invalid', 'the channel answered with something else than a shop')
  return { key: read.data.id, name: read.data.name, currency: null, timeZone: null, missing: [] }
}

export const auth: AuthPort<Credentials> = { probe }
`

const pretend = `import type { StartPretendShop } from '#kit/pretend'

/** The far side as a server with its own wire rules; it imports nothing of the connector, so that the two cannot share a mistake. */
export const startPretend: StartPretendShop = () =>
  Promise.reject(new Error('pretend/index.ts: build the far side here (step 9 of connectors/README.md)'))
`

const readme = (title: string) => `# ${title}

What this channel does differently, each fact with a link and the day it was read.

## Limits

## Not done, not verified
`
