/** The little of JSON Schema that the published webhook schemas use: type, properties, required, items, anyOf. */
export function misfits(schema: unknown, value: unknown, path = ''): string[] {
  if (schema === false) return [`${path}: nothing allowed`]
  if (typeof schema !== 'object' || schema === null) return []
  if ('anyOf' in schema && Array.isArray(schema.anyOf)) {
    const tries = schema.anyOf.map((one: unknown) => misfits(one, value, path))
    return tries.some((found) => found.length === 0) ? [] : [`${path}: fits no variant`]
  }
  const wrong = typeMisfit('type' in schema ? schema.type : undefined, value)
  if (wrong !== null) return [`${path}: ${wrong}`]
  if (Array.isArray(value)) {
    const items = 'items' in schema ? schema.items : undefined
    return value.flatMap((item, index) => misfits(items, item, join(path, String(index))))
  }
  if (typeof value !== 'object' || value === null) return []
  const required: unknown[] = 'required' in schema && Array.isArray(schema.required) ? schema.required : []
  const missing = required.filter((name) => typeof name === 'string' && !(name in value))
  const properties = 'properties' in schema && typeof schema.properties === 'object' ? schema.properties : {}
  const inner = Object.entries(properties ?? {}).flatMap(([name, child]) =>
    name in value ? misfits(child, Reflect.get(value, name), join(path, name)) : [],
  )
  return [...missing.map((name) => `${path}: ${String(name)} is missing`), ...inner]
}

function join(path: string, step: string): string {
  return path === '' ? step : `${path}.${step}`
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value
}

function typeMisfit(type: unknown, value: unknown): string | null {
  if (type === undefined) return null
  const allowed = Array.isArray(type) ? type : [type]
  const name = nameOf(value)
  const fits = allowed.includes(name) || (name === 'integer' && allowed.includes('number'))
  return fits ? null : `${name} is not ${allowed.join(' or ')}`
}
