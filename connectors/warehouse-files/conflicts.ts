import type { PartnerFact, RowResult } from '#kit'

type Good = Extract<RowResult, { ok: true }>
/** What other rows of the file say against a row, if anything. */
export interface Objection {
  readonly field: string
  readonly code: string
  readonly message: string
}

interface Rule {
  /** Rows with the same key speak of the same thing. */
  readonly key: (fact: PartnerFact) => string | null
  /** Columns that must then be equal; null: there may be only one such row. */
  readonly same: readonly (readonly [column: string, value: (fact: PartnerFact) => string])[] | null
  readonly field: string
}

function shippedOnly(read: (fact: Extract<PartnerFact, { type: 'shipped' }>) => string): (fact: PartnerFact) => string {
  return (fact) => (fact.type === 'shipped' ? read(fact) : '')
}

const rules: readonly Rule[] = [
  {
    field: 'shipment_id',
    key: (fact) => (fact.type === 'shipped' ? JSON.stringify([fact.shipment]) : null),
    same: [
      ['request_number', shippedOnly((fact) => fact.request)],
      ['carrier', shippedOnly((fact) => fact.carrier)],
      ['tracking', shippedOnly((fact) => fact.tracking ?? '')],
      ['shipped_at', shippedOnly((fact) => fact.shippedAt)],
    ],
  },
  // Two equal rows may be one row twice or two boxes: only the warehouse knows, so neither is taken.
  {
    field: 'shipment_id',
    key: (fact) => (fact.type === 'shipped' ? JSON.stringify([fact.request, fact.shipment, fact.sku]) : null),
    same: null,
  },
  {
    field: 'decision',
    key: (fact) =>
      'request' in fact && fact.type !== 'shipped' ? `${fact.type.startsWith('cancel')} ${fact.request}` : null,
    same: [['decision', (fact) => fact.type]],
  },
]

function groups(rows: readonly Good[], key: Rule['key']): readonly (readonly Good[])[] {
  const byKey = new Map<string, Good[]>()
  for (const row of rows) {
    const found = key(row.fact)
    if (found === null) continue
    const group = byKey.get(found)
    if (group === undefined) byKey.set(found, [row])
    else group.push(row)
  }
  return [...byKey.values()].filter((group) => group.length > 1)
}

function judge(rule: Rule, group: readonly Good[]): Objection | null {
  const lines = group.slice(0, 10).map(({ row }) => row)
  if (rule.same === null) {
    const message = `${rule.field}: rows ${lines.join(', ')} speak of the same thing. Send one row with the right number.`
    return { field: rule.field, code: 'DUPLICATE_ROW', message }
  }
  const differ = rule.same.filter(([, value]) => new Set(group.map(({ fact }) => value(fact))).size > 1)
  if (differ.length === 0) return null
  const columns = differ.map(([column]) => column).join(', ')
  const message = `${rule.field}: rows ${lines.join(', ')} must agree in ${columns}. Correct them and send them again.`
  return { field: rule.field, code: 'CONFLICT', message }
}

/** Rows that are right one by one and wrong together, by line number. Order never decides which of them wins. */
export function findConflicts(rows: readonly Good[]): ReadonlyMap<number, Objection> {
  const found = new Map<number, Objection>()
  for (const rule of rules) {
    for (const group of groups(rows, rule.key)) {
      const objection = judge(rule, group)
      if (objection === null) continue
      for (const { row } of group) if (!found.has(row)) found.set(row, objection)
    }
  }
  return found
}
