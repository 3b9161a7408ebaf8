import { cleanText } from '#kit'
import { type Column, type Decision, decisions, requestNumberPattern } from './contract.ts'
import { readInstant } from './instant.ts'

export interface CellProblem {
  readonly ok: false
  readonly field: string
  readonly code: string
  readonly message: string
}
export type Cell<T> = { readonly ok: true; readonly value: T } | CellProblem

// Spreadsheets write long digit strings so, and the digits are gone for good: nothing may guess them back.
const excelNumber = /^\d+(?:[.,]\d+)?E\+\d+$/i
const invisible = /\p{Cf}/gu
const blankEnds = /^[\s\p{Cf}]+|[\s\p{Cf}]+$/gu

function shown(raw: string): string {
  return JSON.stringify([...raw].slice(0, 40).join(''))
}
function problem(column: Column, code: string, message: string): CellProblem {
  return { ok: false, field: column.name, code, message: `${column.name}: ${message}` }
}

/** What every cell goes through: blanks off, there when it must be, not too long. */
function common(column: Column, raw: string): Cell<string> {
  const value = raw.replaceAll(blankEnds, '')
  if (value === '' && column.required === 'value') return problem(column, 'EMPTY', 'the cell is empty. Fill it in.')
  if ([...value].length > column.lengthMax)
    return problem(column, 'TOO_LONG', `longer than ${column.lengthMax} characters. Shorten it.`)
  return { ok: true, value }
}

function code(column: Column, raw: string): Cell<string> {
  const cell = common(column, raw.replaceAll(invisible, ''))
  if (!cell.ok || !excelNumber.test(cell.value)) return cell
  const mend = 'A spreadsheet rounded it and the digits are lost. Export again with the column as text.'
  return problem(column, 'EXCEL_NUMBER', `${shown(cell.value)} is a rounded number. ${mend}`)
}

export function readCode(column: Column, raw: string): Cell<string> {
  const cell = code(column, raw)
  return cell.ok ? { ok: true, value: cleanText(cell.value) } : cell
}
export function readRequestNumber(column: Column, raw: string): Cell<string> {
  const cell = code(column, raw)
  if (!cell.ok) return cell
  const value = cell.value.toUpperCase()
  if (requestNumberPattern.test(value)) return { ok: true, value }
  return problem(
    column,
    'REQUEST_NUMBER',
    `${shown(cell.value)} is not one of our request numbers. Give request_number as sent.`,
  )
}

export function readCount(column: Column, raw: string, max: number): Cell<number> {
  const cell = common(column, raw)
  if (!cell.ok) return cell
  const { value } = cell
  if (/^-\s*\d/.test(value))
    return problem(column, 'NEGATIVE', `${shown(value)} is below zero. Give a whole number from 0.`)
  if (/^\d{1,3}([,.' \u00A0]\d{3})+$/.test(value))
    return problem(column, 'THOUSANDS', `${shown(value)} may be read in two ways. Write digits only.`)
  if (/^\d+[.,]\d+$/.test(value) && !/^\d+\.0+$/.test(value))
    return problem(column, 'NOT_WHOLE', `${shown(value)} is not a whole number. Give whole units.`)
  if (!/^\d+(\.0+)?$/.test(value))
    return problem(column, 'NOT_A_NUMBER', `${shown(value)} is not a number. Write digits only.`)
  const number = Number(value)
  if (number > max) return problem(column, 'TOO_LARGE', `${shown(value)} is more than ${max}. Is a digit too many?`)
  return { ok: true, value: number }
}

/** Null: the cell is empty. */
export function readTracking(column: Column, raw: string): Cell<string | null> {
  const cell = code(column, raw.replaceAll(/\s/g, ''))
  if (!cell.ok) return cell
  if (cell.value === '') return { ok: true, value: null }
  if (/[;,|]/.test(cell.value))
    return problem(column, 'MANY_TRACKING', 'more than one tracking number. Write one row for each parcel.')
  if (!/^[A-Za-z0-9._/-]+$/.test(cell.value))
    return problem(
      column,
      'TRACKING_CHARS',
      `${shown(cell.value)} holds characters that no tracking number has. Correct it.`,
    )
  return { ok: true, value: cell.value }
}

export function readTime(column: Column, raw: string, timeZone: string): Cell<string> {
  const cell = common(column, raw)
  if (!cell.ok) return cell
  const value = readInstant(cell.value, timeZone)
  if (value !== null) return { ok: true, value }
  return problem(
    column,
    'DATE',
    `${shown(cell.value)} is not an ISO 8601 date of 2000-2099. Write 2026-11-23T07:05:00Z.`,
  )
}

export function readDecision(column: Column, raw: string): Cell<Decision> {
  const cell = common(column, raw)
  if (!cell.ok) return cell
  const word = cell.value.toLowerCase().replaceAll(/[\s-]+/g, '_')
  const value = decisions.find((decision) => decision === word)
  if (value !== undefined) return { ok: true, value }
  return problem(column, 'DECISION', `${shown(cell.value)} is not a decision. Write one of ${decisions.join(', ')}.`)
}

const yes = ['yes', 'y', 'true', '1']
const no = ['no', 'n', 'false', '0', '']

export function readYesNo(column: Column, raw: string): Cell<boolean> {
  const cell = common(column, raw)
  if (!cell.ok) return cell
  const word = cell.value.toLowerCase()
  if (yes.includes(word) || no.includes(word)) return { ok: true, value: yes.includes(word) }
  return problem(column, 'YES_NO', `${shown(cell.value)} is neither yes nor no. Write yes or no.`)
}

export function readWords(column: Column, raw: string): Cell<string> {
  const cell = common(column, raw)
  return cell.ok ? { ok: true, value: cleanText(cell.value, column.lengthMax) } : cell
}
