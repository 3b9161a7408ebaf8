import type { DecodedFile, RowResult } from '#kit'
import { filePort } from './test-ctx.ts'

const files = filePort()
export const shipHeader = 'shipment_id,request_number,sku,quantity,carrier,tracking,shipped_at,final'
export const goodRow = 'P1,FR-1,SKU-1,2,DHL,JD014600,2026-11-23T07:05:00Z,yes'

export interface Given {
  readonly name?: string
  readonly bytes: string | Uint8Array
  readonly settings?: object
}
export function decode({ name = 'shipments-1.csv', bytes, settings = {} }: Given): DecodedFile {
  const raw = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  return files.decode({ name, bytes: raw, settings: { host: 'example.com', ...settings } })
}
export function rows(given: Given): readonly RowResult[] {
  const file = decode(given)
  if (file.kind === 'refused') throw new Error(`refused: ${file.code} ${file.message}`)
  return file.rows
}
/** What became of each row: the fact's words, or the code of the refusal. */
export function outcomes(given: Given): readonly string[] {
  return rows(given).map((row) => (row.ok ? row.fact.type : row.code))
}
export function ship(...lines: readonly string[]): string {
  return `${[shipHeader, ...lines].join('\r\n')}\r\n`
}
/** One shipment row in which some cells are changed. */
export function shipWith(change: Readonly<Record<string, string>>): string {
  const header = `${shipHeader},short`
  const names = header.split(',')
  const cells = `${goodRow},`.split(',').map((cell, at) => change[names[at] ?? ''] ?? cell)
  const row = cells.map((cell) => (/[,"\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')
  return `${header}\r\n${row}\r\n`
}
