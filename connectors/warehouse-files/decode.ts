import type { DecodedFile, RowResult } from '#kit'
import { readRequestNumber } from './cells.ts'
import { findConflicts } from './conflicts.ts'
import { type DocumentContract, inboundContracts, limits } from './contract.ts'
import { readFact, takeFrom } from './facts.ts'
import { displayName, documentOf, inboundNames, isContained } from './file-names.ts'
import { readText, refused } from './file-text.ts'
import { type Header, readHeader } from './header.ts'
import { joinCounts } from './same-sku.ts'
import { Settings } from './settings.ts'
import { readTable, type Table, type TableRow } from './table.ts'

type Failed = Extract<RowResult, { ok: false }>

function failed(row: number, field: string, code: string, message: string): Failed {
  return { row, ok: false, field, code, message: `Row ${row}, ${message}` }
}

function shapeProblem(row: TableRow, width: number, settings: Settings): Failed | null {
  if (row.strayQuote && !settings.relaxQuotes)
    return failed(
      row.row,
      '',
      'STRAY_QUOTE',
      'a quote stands inside a cell. Put the cell in quotes and double those inside.',
    )
  const extra = row.cells.slice(width).some((cell) => cell.trim() !== '')
  if (row.cells.length >= width && !extra) return null
  const mend = 'Is a separator missing, or a cell with a separator not in quotes?'
  return failed(row.row, '', 'RAGGED_ROW', `${row.cells.length} cells under ${width} headers. ${mend}`)
}

function lastRowProblem(table: Table, row: TableRow): Failed | null {
  if (table.end !== 'open' || row !== table.rows.at(-1)) return null
  const mend = 'End the file with a line break or an end row, and send the row again.'
  return failed(row.row, '', 'LAST_ROW_OPEN', `the file stops without a line break, so the row may be cut. ${mend}`)
}

// A row out of shape may belong to any line of its request; half a request must not be applied.
function requestsOutOfShape(
  contract: DocumentContract,
  header: Header,
  rows: readonly TableRow[],
): ReadonlyMap<string, number> {
  if (!header.places.has('request_number')) return new Map()
  const found = rows.map((row) => ({
    row: row.row,
    cell: takeFrom(contract, header.places, row.cells)('request_number', readRequestNumber),
  }))
  return new Map(found.flatMap(({ row, cell }) => (cell.ok ? [[cell.value, row] as const] : [])))
}

function readRow(contract: DocumentContract, header: Header, row: TableRow, timeZone: string): RowResult {
  const document = contract.document
  if (document === 'requests') throw new Error('Requests are written, never read')
  const reading = readFact(document, takeFrom(contract, header.places, row.cells), timeZone)
  if (reading.ok) {
    const warning = reading.warning === undefined ? {} : { warning: `Row ${row.row}, ${reading.warning}` }
    return { row: row.row, ok: true, fact: reading.fact, ...warning }
  }
  const [first] = reading.problems
  const all = reading.problems.map((problem) => problem.message).join(' ')
  return failed(row.row, first?.field ?? '', first?.code ?? 'UNREADABLE', all)
}

function readRows(contract: DocumentContract, header: Header, table: Table, settings: Settings): readonly RowResult[] {
  const shaped = table.rows.map((row) => ({ row, problem: shapeProblem(row, header.width, settings) }))
  const broken = requestsOutOfShape(
    contract,
    header,
    shaped.filter(({ problem }) => problem !== null).map(({ row }) => row),
  )
  const first = shaped.map(({ row, problem }): RowResult => {
    if (problem !== null) return problem
    const result = readRow(contract, header, row, settings.timeZone)
    const blamed = result.ok && 'request' in result.fact ? broken.get(result.fact.request) : undefined
    if (blamed !== undefined)
      return failed(
        row.row,
        'request_number',
        'REQUEST_INCOMPLETE',
        `not applied, because row ${blamed} of the same request is broken. Send the request's rows again.`,
      )
    return lastRowProblem(table, row) ?? result
  })
  const joined = joinCounts(first, settings.sameSku)
  const conflicts = findConflicts(joined.filter((result) => result.ok))
  return joined.map((result) => {
    const objection = result.ok ? conflicts.get(result.row) : undefined
    return objection === undefined ? result : failed(result.row, objection.field, objection.code, objection.message)
  })
}

function cutWarning(table: Table, rows: readonly RowResult[]): readonly string[] {
  const last = rows.at(-1)
  const cut =
    table.end !== 'end-row' &&
    last !== undefined &&
    !last.ok &&
    (last.code === 'RAGGED_ROW' || last.code === 'LAST_ROW_OPEN')
  return cut ? ['The last row is broken and there is no end row: the file may be cut.'] : []
}

/** Pure: the same bytes under the same settings give the same answer, and every input gives one. */
export function decode(file: {
  readonly name: string
  readonly bytes: Uint8Array
  readonly settings: object
}): DecodedFile {
  const settings = Settings.safeParse(file.settings)
  if (!settings.success)
    return refused(
      'SETTINGS',
      `The connection's settings cannot be read (${settings.error.issues[0]?.path.join('.')}).`,
    )
  const document = isContained(file.name) ? documentOf(file.name) : null
  if (document === null)
    return refused(
      'UNKNOWN_DOCUMENT',
      `"${displayName(file.name)}" is not a name of the contract. Use ${inboundNames}.`,
    )
  if (file.bytes.length > limits.fileBytesMax)
    return refused('FILE_TOO_LARGE', `The file is larger than ${limits.fileBytesMax} bytes. Split it.`)
  const text = readText(file.bytes)
  if (text.kind === 'refused') return text
  const table = readTable(text.text, settings.data)
  if (table.kind === 'refused') return table
  const contract = inboundContracts[document]
  const header = readHeader(table.header, contract)
  if (header.kind === 'refused') return header
  if (table.rows.length === 0 && document === 'stock')
    return refused(
      'HELD_EMPTY_STOCK',
      'A stock file without rows is not taken as "all gone". Send the counted SKUs, or ask us to set them to zero.',
    )
  const rows = readRows(contract, header, table, settings.data)
  const none = rows.length === 0 ? ['The file has a header and no rows.'] : []
  return {
    kind: 'rows',
    document,
    rows,
    warnings: [...text.warnings, ...header.warnings, ...none, ...cutWarning(table, rows)],
  }
}
