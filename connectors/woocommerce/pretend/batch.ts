import { isBody, type Reply, type RestCall, RestError, type Route } from './rest.ts'

const itemsMax = 100

interface Verbs {
  readonly create: Route
  readonly update: Route
  readonly remove: Route
}

function items(call: RestCall, name: string): readonly unknown[] {
  const list: unknown = call.body[name]
  return Array.isArray(list) ? list : []
}

/** One item as a call of its own; its refusal becomes `{id, error}` inside the 200 that the whole batch gets. */
async function one(
  call: RestCall,
  verb: { readonly name: string; readonly route: Route },
  item: unknown,
): Promise<unknown> {
  const body = isBody(item) ? item : {}
  const id = isBody(item) ? Number(item.id ?? 0) : Number(item)
  const query = new Map(isBody(item) ? [] : [['force', 'true'] as const])
  // The item's id is the last of the path: products/{id}, products/{parent}/variations/{id}.
  const ids = verb.name === 'create' ? call.ids : [...call.ids, id]
  try {
    return (await verb.route({ ...call, ids, body, query })).data
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    return { id, error: { code: error.code, message: error.message, data: error.data } }
  }
}

export async function batched(call: RestCall, verbs: Verbs): Promise<Reply> {
  const asked = { create: items(call, 'create'), update: items(call, 'update'), delete: items(call, 'delete') }
  if (asked.create.length + asked.update.length + asked.delete.length > itemsMax) {
    const message = `Unable to accept more than ${itemsMax} items for this request.`
    throw new RestError(413, 'woocommerce_rest_request_entity_too_large', message)
  }
  const data: Record<string, unknown[]> = {}
  for (const [name, route] of [
    ['create', verbs.create],
    ['update', verbs.update],
    ['delete', verbs.remove],
  ] as const) {
    for (const item of asked[name]) {
      data[name] ??= []
      data[name].push(await one(call, { name, route }, item))
    }
  }
  return { status: 200, data }
}
