import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'

// Scalars and enums cost nothing, an object 1, a mutation 10, a connection by how many it may return (shopify.dev
// rate-limits, read 2026-11). The exact scaling is not published. Costs that others measured (microsoft/BCApps
// GetOrderLines: 43 points for 10 lines with nine money bags each; GetOrdersToImport: 68 for 25 orders) fit: plain
// value objects are free, and beyond ten nodes the price grows five times slower.
const free = new Set([
  'MoneyBag',
  'MoneyV2',
  'Attribute',
  'PageInfo',
  'TaxLine',
  'DiscountAllocation',
  'MailingAddress',
  'UserError',
  'InventoryQuantity',
  'FulfillmentTrackingInfo',
  'AccessScope',
])
const mutationPoints = 10
const depthMax = 40

function scaled(count: number): number {
  return count <= 10 ? count : 10 + Math.ceil((count - 10) / 5)
}

interface Walk {
  readonly schema: GraphQLSchema
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly variables: Readonly<Record<string, unknown>>
}

function listSize(walk: Walk, field: FieldNode, name: string): number | null {
  const value = field.arguments?.find((argument) => argument.name.value === name)?.value
  const given = value?.kind === Kind.VARIABLE ? walk.variables[value.name.value] : value
  if (Array.isArray(given)) return given.length
  if (typeof given === 'number') return given
  if (value?.kind === Kind.INT) return Number(value.value)
  if (value?.kind === Kind.LIST) return value.values.length
  return null
}

function isList(type: GraphQLOutputType): boolean {
  return isNonNullType(type) ? isList(type.ofType) : isListType(type)
}

function fieldCost(walk: Walk, field: FieldNode, parentName: string, depth: number): number {
  const parent = walk.schema.getType(parentName)
  if (!(isObjectType(parent) || isInterfaceType(parent)) || !field.selectionSet) return 0
  const definition = parent.getFields()[field.name.value]
  if (!definition) return 0
  const type = getNamedType(definition.type)
  const children = selectionCost(walk, field.selectionSet, type.name, depth + 1)
  if (type.name.endsWith('Connection')) return scaled(listSize(walk, field, 'first') ?? 10) * children
  const own = free.has(type.name) || type.name.endsWith('Edge') || type.name.endsWith('Payload') ? 0 : 1
  if (parentName.endsWith('Connection') || !isList(definition.type)) return own + children
  const size = listSize(walk, field, 'ids') ?? listSize(walk, field, 'first') ?? 1
  return scaled(size) * (own + children)
}

function selectionCost(walk: Walk, set: SelectionSetNode, typeName: string, depth: number): number {
  if (depth > depthMax) return 0
  const type = walk.schema.getType(typeName)
  const either = isInterfaceType(type) || isUnionType(type)
  let sum = 0
  let widest = 0
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      sum += fieldCost(walk, selection, typeName, depth)
      continue
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? walk.fragments.get(selection.name.value) : selection
    if (!fragment) continue
    const name = fragment.typeCondition?.name.value ?? typeName
    const cost = selectionCost(walk, fragment.selectionSet, name, depth + 1)
    if (either && name !== typeName) widest = Math.max(widest, cost)
    else sum += cost
  }
  return sum + widest
}

/** The points that a query asks for, before it runs. */
export function requestedCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const root = operation.operation === 'mutation' ? 'Mutation' : 'QueryRoot'
  const base = operation.operation === 'mutation' ? mutationPoints * operation.selectionSet.selections.length : 0
  return Math.max(1, base + selectionCost({ schema, fragments, variables }, operation.selectionSet, root, 0))
}

/** What one resolved value adds to the actual cost. */
export function actualCost(type: GraphQLOutputType, value: unknown): number {
  const name = getNamedType(type).name
  if (typeof value !== 'object' || value === null || free.has(name)) return 0
  if (/(Connection|Edge|Payload)$/.test(name)) return 0
  return Array.isArray(value) ? value.length : 1
}
