import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'

/** OpenAPI 3.1 of what is under /api/v1, from the routes' own schemas. Must come before the routes. */
export async function describeApi(app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Crossdock', version: '1' },
      servers: [{ url: publicUrl }],
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
    transform: (route) => {
      const outside = !route.url.startsWith('/api/v1/')
      return outside ? { schema: { hide: true }, url: route.url } : jsonSchemaTransform(route)
    },
  })
  app.get('/api/openapi.json', async () => app.swagger())
}
