import pg from 'pg'
import type { DoorTx, Tx } from '../../../src/platform/db/tx.ts'

/** What one run of one statement touched. */
export interface Cost {
  readonly text: string
  /** The most rows that any one node read only to throw away. */
  readonly removed: number
  /** The most rows that any one scan read. */
  readonly read: number
  readonly worst: string
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly Plans?: readonly PlanNode[]
  readonly [key: string]: unknown
}

/** PostgreSQL shows means over the loops; what was touched is the product. */
const perLoop = (node: PlanNode, value: unknown) => Math.round(Number(value ?? 0) * node['Actual Loops'])

function removedBy(node: PlanNode): number {
  const kinds = Object.keys(node).filter((key) => key.startsWith('Rows Removed by'))
  return kinds.reduce((sum, key) => sum + perLoop(node, node[key]), 0)
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
}

function costOf(text: string, root: PlanNode): Cost {
  const nodes = nodesOf(root)
  const name = (node: PlanNode) =>
    `${node['Node Type']} ${node['Relation Name'] ?? ''} ${node['Index Name'] ?? ''}`.trim()
  const reads = (node: PlanNode) =>
    node['Node Type'].includes('Scan') && node['Relation Name']
      ? removedBy(node) + perLoop(node, node['Actual Rows'])
      : 0
  const max = (of: (node: PlanNode) => number) => nodes.reduce((a, b) => (of(b) > of(a) ? b : a), root)
  const worst = max(removedBy)
  const reader = max(reads)
  return {
    text,
    removed: removedBy(worst),
    read: reads(reader),
    worst: `${name(worst)} removed ${removedBy(worst)}; ${name(reader)} read ${reads(reader)}`,
  }
}

/** A parameter as a literal, since EXPLAIN EXECUTE takes no parameters. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}'`
  if (value instanceof Date) return `'${value.toISOString()}'`
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.map(element).join()}}`)
  return pg.escapeLiteral(String(value))
}
function element(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (value instanceof Uint8Array) return `"\\\\x${Buffer.from(value).toString('hex')}"`
  return `"${String(value).replaceAll(/["\\]/g, '\\$&')}"`
}

type Explained = { 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }
const how = 'explain (analyze, timing off, format json)'

/** With the plan that serves any parameters: lanes keep one for a connection. */
async function explainKept(tx: Tx | DoorTx, text: string, params: readonly unknown[]): Promise<Explained[]> {
  await tx.rows('set local plan_cache_mode = force_generic_plan')
  await tx.rows(`prepare kept as ${text}`)
  const values = params.length === 0 ? '' : `(${params.map(literal).join()})`
  const rows = await tx.rows<Explained>(`${how} execute kept${values}`)
  await tx.rows('deallocate kept')
  return rows
}

/**
 * The same transaction, but each statement is first explained where it stands, with its own parameters, and undone,
 * and then carried out: planned for its parameters, and as lanes keep plans. Statements that change what the next ones
 * see are measured as they are in the real flow.
 */
export function explaining<T extends Tx | DoorTx>(tx: T, costs: Cost[]): T {
  const rows: T['rows'] = async (text, params = []) => {
    for (const explain of [() => tx.rows<Explained>(`${how} ${text}`, params), () => explainKept(tx, text, params)]) {
      await tx.rows('savepoint explained')
      const [row] = await explain()
      await tx.rows('rollback to savepoint explained')
      const plan = row?.['QUERY PLAN'][0]?.Plan
      if (!plan) throw new Error(`no plan for: ${text}`)
      costs.push(costOf(text, plan))
    }
    return tx.rows(text, params)
  }
  return { ...tx, rows }
}
