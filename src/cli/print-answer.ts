const cellMax = 60

/** Text of others on a terminal: no escape sequence, no hidden or reversing character. */
export const harmless = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return harmless(String(value))
  if ('amount' in value && 'currency' in value) return harmless(`${value.amount} ${value.currency}`)
  return harmless(JSON.stringify(value))
}

function at(row: unknown, path: string): unknown {
  let value = row
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.entries(value).find(([key]) => key === name)?.[1]
  }
  return value
}

const short = (text: string) => (text.length <= cellMax ? text : `${text.slice(0, cellMax - 1)}…`)

/** A list as columns under their names. */
function tableOf(rows: readonly unknown[], columns: readonly string[]): string {
  if (rows.length === 0) return 'nothing\n'
  const cells = rows.map((row) => columns.map((column) => short(cell(at(row, column)))))
  const widths = columns.map((name, n) => Math.max(name.length, ...cells.map((line) => (line[n] ?? '').length)))
  const lines = [columns, ...cells].map((line) =>
    line
      .map((text, n) => text.padEnd(widths[n] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** One thing as lines of name and value; lists in it one entry a line. */
function sheetOf(thing: unknown): string {
  if (typeof thing !== 'object' || thing === null) return `${cell(thing)}\n`
  const lines = Object.entries(thing).flatMap(([name, value]) =>
    Array.isArray(value) && value.length > 0
      ? [`${name}:`, ...value.map((entry) => `  ${cell(entry)}`)]
      : [`${name}: ${cell(value)}`],
  )
  return `${lines.join('\n')}\n`
}

/** For people: a table where there are rows, else a sheet. */
export function textOf(answer: unknown, columns: readonly string[] | undefined): string {
  if (Array.isArray(answer)) return columns ? tableOf(answer, columns) : sheetOf(answer)
  const items = at(answer, 'items')
  if (!Array.isArray(items) || !columns) return sheetOf(answer)
  const next = at(answer, 'next')
  const more = typeof next === 'string' ? `more: --after ${next}\n` : ''
  return `${tableOf(items, columns)}${more}`
}
