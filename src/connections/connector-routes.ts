import { z } from 'zod'
import type { ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers } from '../api/fields.ts'
import type { Connector } from '../connector-kit/index.ts'

const shownConnector = z.object({
  kind: z.string(),
  title: z.string(),
  role: z.enum(['channel', 'partner']),
  consent: z.boolean().describe('Connects by a page of its own: POST /connections/consents.'),
  ready: z.boolean().describe('False: whoever runs the hub has not registered it with this platform.'),
  asks: z
    .array(z.object({ setting: z.string(), label: z.string(), example: z.string(), help: z.string() }))
    .describe('The settings that a person writes before they are sent to the consent page.'),
})

const isThisMachine = (publicUrl: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(publicUrl).hostname)

function show({ apps, publicUrl }: ApiDeps, { manifest, auth }: Connector): z.infer<typeof shownConnector> {
  const { kind, title, role, asks = [] } = manifest
  const shown = asks.filter(({ development }) => development !== true || isThisMachine(publicUrl))
  return {
    ...{ kind, title, role },
    consent: auth.authorizeUrl !== undefined,
    ready: manifest.auth.flow !== 'oauth2' || apps.has(kind),
    asks: shown.map(({ setting, label, example, help }) => ({ setting, label, example, help })),
  }
}

/** What can be connected here: the hub's connectors, as their manifests have them. */
export const connectorRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    app.get('/connectors', {
      config: { scope: 'connections:read' },
      schema: { response: answers(z.object({ connectors: z.array(shownConnector) })) },
      handler: async () => ({
        connectors: [...deps.connectors.values()]
          .map((one) => show(deps, one))
          .sort((a, b) => (a.title < b.title ? -1 : 1)),
      }),
    })
  }
