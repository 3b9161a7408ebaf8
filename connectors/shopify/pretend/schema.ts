import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  buildClientSchema,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type IntrospectionQuery,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql'

export const apiVersion = '2026-10'
const preparedMax = 300
const documentCharsMax = 50_000

const cache: { schema: GraphQLSchema | null; prepared: Map<string, Prepared> } = { schema: null, prepared: new Map() }

export type Prepared =
  | { readonly document: DocumentNode; readonly errors: null }
  | { readonly document: null; readonly errors: readonly GraphQLError[] }

function isIntrospection(value: unknown): value is IntrospectionQuery {
  return typeof value === 'object' && value !== null && '__schema' in value
}

/** The Admin API as Shopify publishes it in its own developer package; built once for the process (about 0.3 s). */
export function adminSchema(): GraphQLSchema {
  if (cache.schema) return cache.schema
  // The package exports only its server, so the data file beside it is found from its package.json.
  const home = findPackageJSON('@shopify/dev-mcp', import.meta.url)
  if (!home) throw new Error('pretend: the dev dependency @shopify/dev-mcp is not installed')
  const file = join(dirname(home), 'dist', 'data', `admin_${apiVersion}.json.gz`)
  const published: unknown = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'))
  const data = typeof published === 'object' && published !== null && 'data' in published ? published.data : published
  if (!isIntrospection(data)) throw new Error(`pretend: ${file} is no introspection result`)
  cache.schema = buildClientSchema(data, { assumeValid: true })
  return cache.schema
}

function check(text: string): Prepared {
  if (text.length > documentCharsMax) {
    return { document: null, errors: [new GraphQLError(`Query exceeds ${documentCharsMax} characters`)] }
  }
  try {
    const document = parse(text)
    const errors = validate(adminSchema(), document)
    return errors.length > 0 ? { document: null, errors } : { document, errors: null }
  } catch (error) {
    if (error instanceof GraphQLError) return { document: null, errors: [error] }
    throw error
  }
}

/** Parsed and validated against the real schema; remembered by text, so that a repeated query costs only its execution. */
export function prepare(text: string): Prepared {
  const known = cache.prepared.get(text)
  if (known) return known
  if (cache.prepared.size >= preparedMax) cache.prepared.clear()
  const prepared = check(text)
  cache.prepared.set(text, prepared)
  return prepared
}

export function operationOf(document: DocumentNode, name: string | null): OperationDefinitionNode | null {
  return getOperationAST(document, name) ?? null
}
