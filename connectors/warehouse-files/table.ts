import { parse } from 'csv-parse/sync'
import { endMark, limits } from './contract.ts'
import { type Refusal, refused } from './file-text.ts'
import { scanRecords } from './scan.ts'
import type { Settings } from './settings.ts'

export interface TableRow {
  readonly row: number
  readonly cells: readonly string[]
  readonly strayQuote: boolean
}
export interface Table {
  readonly kind: 'table'
  readonly header: TableRow
  readonly rows: readonly TableRow[]
  /** What proves that the last row is whole: the end row, or at least a line break. */
  readonly end: 'end-row' | 'line-break' | 'open'
}

const separators = [',', ';', '\t', '|'] as const
const spoken: Readonly<Record<string, string>> = { ',': 'a comma', ';': 'a semicolon', '\t': 'a tab', '|': 'a bar' }

function count(line: string, separator: string): number {
  return line.replaceAll(/"[^"]*"/g, '').split(separator).length - 1
}

function findDelimiter(headerLine: string, wanted: Settings['delimiter']): string | Refusal {
  const found = separators.reduce((best, next) => (count(headerLine, next) > count(headerLine, best) ? next : best))
  if (wanted === 'auto') return found
  if (count(headerLine, wanted) > 0 || count(headerLine, found) === 0) return wanted
  return refused(
    'DELIMITER',
    `The first row is ${JSON.stringify(headerLine.slice(0, 80))}: cells are separated by ${spoken[found]}, but ${spoken[wanted]} is agreed. Change the export, or the setting "delimiter".`,
  )
}

// A spreadsheet fills short rows up with empty cells, and empty rows too.
function isBlank(row: TableRow): boolean {
  return row.cells.every((cell) => cell.trim() === '')
}
function isEnd(row: TableRow): boolean {
  return row.cells[0]?.trim().toUpperCase() === endMark && row.cells.slice(2).every((cell) => cell.trim() === '')
}

function checkEnd(all: readonly TableRow[], endRow: Settings['endRow']): Refusal | null {
  const at = all.findIndex(isEnd)
  if (at === -1) {
    if (endRow === 'optional') return null
    return refused(
      'TRUNCATED',
      `The last row "${endMark},<number of rows>" is missing, so the file may be cut. Send it again, whole.`,
    )
  }
  const end = all[at]
  const said = Number(end?.cells[1]?.trim() || Number.NaN)
  if (said > at) {
    return refused(
      'TRUNCATED',
      `The end row counts ${said} rows, ${at} are here. Send the file again, whole.`,
      end?.row,
    )
  }
  if (said !== at)
    return refused('END_COUNT', `The end row must count the ${at} rows above it. Correct the number.`, end?.row)
  const after = all[at + 1]
  return after === undefined ? null : refused('AFTER_END', 'There are rows after the end row. Put it last.', after.row)
}

function readRecords(text: string, delimiter: string): readonly (readonly string[])[] {
  return parse(text, {
    columns: false,
    delimiter,
    record_delimiter: '\n',
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: limits.rowCharsMax * 4,
  })
}

/** Text to rows of cells with their line numbers; the structural end is checked, the meaning of cells is not. */
export function readTable(text: string, settings: Settings): Table | Refusal {
  const lines = text.split('\n', settings.skipLines)
  const body = text.slice(lines.reduce((length, line) => length + line.length + 1, 0))
  const headerLine = /[^\n]+/.exec(body)?.[0] ?? ''
  const delimiter = findDelimiter(headerLine.slice(0, limits.rowCharsMax), settings.delimiter)
  if (typeof delimiter !== 'string') return delimiter
  const scan = scanRecords(body, delimiter, lines.length + 1)
  if (scan.kind === 'refused') return scan
  const records = readRecords(body, delimiter)
  const all = records.map((cells, at) => ({ row: scan.starts[at] ?? 0, cells, strayQuote: scan.stray.has(at) }))
  const [header, ...rest] = all.filter((row) => !isBlank(row))
  if (header === undefined) return refused('EMPTY_FILE', 'There is no header row. Send the file again with one.')
  if (header.cells.length > limits.columnsMax)
    return refused(
      'TOO_MANY_COLUMNS',
      `${header.cells.length} columns; at most ${limits.columnsMax} are read.`,
      header.row,
    )
  const wrongEnd = checkEnd(rest, settings.endRow)
  if (wrongEnd !== null) return wrongEnd
  const end = rest.some(isEnd) ? 'end-row' : body.endsWith('\n') ? 'line-break' : 'open'
  const rows = rest.filter((row) => !isEnd(row))
  if (rows.length > limits.rowsMax) return refused('TOO_MANY_ROWS', `More than ${limits.rowsMax} rows. Split the file.`)
  return { kind: 'table', header, rows, end }
}
