import { limits } from './contract.ts'
import { type Refusal, refused } from './file-text.ts'

/** Where each record begins, so that a message names the line that the partner's editor shows. */
export interface Scan {
  readonly kind: 'scan'
  readonly starts: readonly number[]
  /** Records (by index) with a quote in a wrong place. */
  readonly stray: ReadonlySet<number>
}

type Place = 'field-start' | 'plain' | 'quoted'
interface State {
  at: number
  line: number
  place: Place
  recordAt: number
  recordLine: number
  openLine: number
}

const lineBreak = 10
const quote = 34

/**
 * Walks the quotes once. csv-parse reports an unclosed quote at the end of the file and a stray one by an exception that
 * ends the reading (tried 2026-11-23 with 7.0.3); partners need the line where it began and the rows after it.
 */
export function scanRecords(text: string, delimiter: string, firstLine: number): Scan | Refusal {
  const separator = delimiter.charCodeAt(0)
  const starts: number[] = []
  const stray = new Set<number>()
  const s: State = { at: 0, line: firstLine, place: 'field-start', recordAt: 0, recordLine: firstLine, openLine: 0 }
  // One record more than a full file has (header, rows, end row) is proof enough.
  while (s.at < text.length && starts.length <= limits.rowsMax + 2) {
    const code = text.charCodeAt(s.at)
    if (s.place === 'quoted') stepQuoted(s, text, separator, () => stray.add(starts.length))
    else if (code === lineBreak) endRecord(s, starts)
    else if (code === separator) s.place = 'field-start'
    else if (code === quote && s.place === 'field-start') {
      s.place = 'quoted'
      s.openLine = s.line
    } else {
      if (code === quote) stray.add(starts.length)
      s.place = 'plain'
    }
    s.at += 1
    if (s.at - s.recordAt > limits.rowCharsMax) {
      if (s.place === 'quoted') return unclosed(s.openLine)
      return refused(
        'ROW_TOO_LONG',
        `The row is longer than ${limits.rowCharsMax} characters. Is a line break missing?`,
        s.recordLine,
      )
    }
  }
  if (s.place === 'quoted') return unclosed(s.openLine)
  if (s.at > s.recordAt) endRecord(s, starts)
  if (starts.length > limits.rowsMax + 2)
    return refused('TOO_MANY_ROWS', `More than ${limits.rowsMax} rows. Split the file.`)
  return { kind: 'scan', starts, stray }
}

function unclosed(line: number): Refusal {
  return refused(
    'QUOTE_NOT_CLOSED',
    'A quote opens in this line and never closes, so rows run into one another. Close it, or double quotes inside a cell.',
    line,
  )
}

function stepQuoted(s: State, text: string, separator: number, strayHere: () => void): void {
  const code = text.charCodeAt(s.at)
  if (code === lineBreak) s.line += 1
  if (code !== quote) return
  const next = text.charCodeAt(s.at + 1)
  if (next === quote) s.at += 1
  else {
    if (next !== separator && next !== lineBreak && s.at + 1 < text.length) strayHere()
    s.place = 'plain'
  }
}

function endRecord(s: State, starts: number[]): void {
  // Empty lines are no records; csv-parse skips them in the same way.
  if (s.at > s.recordAt) starts.push(s.recordLine)
  s.line += 1
  s.place = 'field-start'
  s.recordAt = s.at + 1
  s.recordLine = s.line
}
