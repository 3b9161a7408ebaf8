import type { PartnerFact, RowResult } from '#kit'
import { limits } from './contract.ts'
import type { Settings } from './settings.ts'

type Count = Extract<PartnerFact, { type: 'stock' }>
interface Counted {
  readonly row: number
  readonly fact: Count
}

/** The newest count; of two that were taken at one moment the lower line. */
function newest(rows: readonly Counted[]): Count | undefined {
  return rows.map(({ fact }) => fact).reduce((best, next) => (next.asOf >= best.asOf ? next : best))
}

/** Units of several places, as true as the oldest of their counts. */
function sum(rows: readonly Counted[]): Count | undefined {
  const [oldest] = rows.map(({ fact }) => fact).toSorted((a, b) => (a.asOf < b.asOf ? -1 : 1))
  return oldest && { ...oldest, onHand: rows.reduce((units, { fact }) => units + fact.onHand, 0) }
}

function joined(rows: readonly Counted[], how: Settings['sameSku']): RowResult[] {
  const row = rows.at(-1)?.row ?? 0
  const fact = how === 'sum' ? sum(rows) : newest(rows)
  if (fact === undefined) return []
  const lines = rows.slice(0, 10).map((one) => one.row)
  const told = `Row ${row}, sku: rows ${lines.join(', ')} count the same SKU`
  if (fact.onHand > limits.onHandMax)
    return [
      {
        row,
        ok: false,
        field: 'on_hand',
        code: 'TOO_LARGE',
        message: `${told}, together more than ${limits.onHandMax}.`,
      },
    ]
  const taken = how === 'sum' ? 'their sum' : 'the newest'
  return [{ row, ok: true, fact, warning: `${told}; ${taken} was taken, as agreed by the setting sameSku.` }]
}

/** One count for each SKU of a stock file, at the line of its last row; other rows stay as they are. */
export function joinCounts(rows: readonly RowResult[], how: Settings['sameSku']): readonly RowResult[] {
  const bySku = new Map<string, Counted[]>()
  for (const result of rows) {
    if (!result.ok || result.fact.type !== 'stock') continue
    const group = bySku.get(result.fact.sku)
    if (group === undefined) bySku.set(result.fact.sku, [{ row: result.row, fact: result.fact }])
    else group.push({ row: result.row, fact: result.fact })
  }
  return rows.flatMap((result): RowResult[] => {
    const group = result.ok && result.fact.type === 'stock' ? bySku.get(result.fact.sku) : undefined
    if (group === undefined || group.length < 2) return [result]
    return group.at(-1)?.row === result.row ? joined(group, how) : []
  })
}
