import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import {
  buildClientSchema,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  NoDeprecatedCustomRule,
  parse,
  type SelectionSetNode,
  specifiedRules,
  validate,
} from 'graphql'
import { expect, test } from 'vitest'
import * as documents from './documents.ts'
import { apiVersion } from './library.ts'
import { ordersPerCall, targetsPerCall } from './manifest.ts'

const schemaFile = new URL(`../../node_modules/@shopify/dev-mcp/dist/data/admin_${apiVersion}.json.gz`, import.meta.url)

function readSchema(): GraphQLSchema {
  const introspection = JSON.parse(gunzipSync(readFileSync(schemaFile)).toString())
  return buildClientSchema(introspection.data, { assumeValid: true })
}
const schema = readSchema()
const texts = Object.entries(documents).filter((entry): entry is [string, string] => typeof entry[1] === 'string')

test('every document is one that the published Admin API 2026-10 accepts, with no deprecated field', () => {
  expect(apiVersion).toBe('2026-10')
  expect(texts.length).toBeGreaterThan(15)
  for (const [name, text] of texts) {
    const errors = validate(schema, parse(text), [...specifiedRules, NoDeprecatedCustomRule])
    expect(errors.map(String), name).toEqual([])
  }
})

/** Shopify's rule of thumb: scalars 0, an object 1, a connection or sized list `first` times its node. */
function costOf(text: string, variables: Readonly<Record<string, number>>): number {
  const document = parse(text)
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one)
  const sizeOf = (field: FieldNode): number | null => {
    for (const { name, value } of field.arguments ?? []) {
      if (name.value === 'first' && value.kind === Kind.INT) return Number(value.value)
      if (['first', 'ids'].includes(name.value) && value.kind === Kind.VARIABLE)
        return variables[value.name.value] ?? null
    }
    return null
  }
  const costOfSet = (set: SelectionSetNode, parent: GraphQLNamedType): number =>
    set.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value)
        const type = schema.getType(fragment?.typeCondition.name.value ?? '')
        return fragment && type ? sum + costOfSet(fragment.selectionSet, type) : sum
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = schema.getType(selection.typeCondition?.name.value ?? '')
        return type ? sum + costOfSet(selection.selectionSet, type) : sum
      }
      const field = 'getFields' in parent ? parent.getFields()[selection.name.value] : undefined
      if (!field || !selection.selectionSet || !('type' in field)) return sum
      const type = getNamedType(field.type)
      const inner = costOfSet(selection.selectionSet, type)
      const size = sizeOf(selection)
      if (type.name.endsWith('Connection')) return sum + 2 + (size ?? 1) * inner
      if (['nodes', 'edges'].includes(selection.name.value) && parent.name.endsWith('Connection'))
        return sum + 1 + inner
      return sum + (size ?? 1) * (1 + inner)
    }, 0)
  const [query] = document.definitions
  if (query?.kind !== Kind.OPERATION_DEFINITION) throw new Error('the operation must come first')
  const root = schema.getRootType(query.operation)
  if (!isObjectType(root)) throw new Error('no root type')
  return costOfSet(query.selectionSet, root)
}

test('no query can cost more than the 1,000 points that Shopify allows one query', () => {
  const sizes = { first: ordersPerCall, ids: ordersPerCall }
  const costs = texts.map(([name, text]) => [
    name,
    costOf(text, name === 'readLevels' ? { ids: targetsPerCall } : sizes),
  ])
  expect(costs.filter(([, cost]) => Number(cost) > 1_000)).toEqual([])
  expect(Object.fromEntries(costs).listOrders).toBeGreaterThan(500)
})
