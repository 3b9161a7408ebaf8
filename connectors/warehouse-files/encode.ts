import { stringify } from 'csv-stringify/sync'
import { ChannelError, type FrozenFile, type FulfillmentRequest, type Person } from '#kit'
import { endMark, limits, requestNumberPattern, requestsContract } from './contract.ts'

type Cells = Readonly<Record<string, string>>

const lengthMax = new Map(requestsContract.columns.map((column) => [column.name, column.lengthMax]))

/** One line, no control characters, within the column. Formulas stay as they are: a partner's system is no spreadsheet. */
function text(column: string, value: string | undefined): string {
  const line = (value ?? '')
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
  return [...line].slice(0, lengthMax.get(column)).join('')
}

function refuse(request: FulfillmentRequest, field: string, why: string): never {
  throw new ChannelError('invalid', `Request ${request.number.slice(0, 40)} cannot be written: ${field} ${why}.`, {
    field,
  })
}

/** The number that buyers see may hold anything ("#1001/B"); partners' systems take this charset (contract, ≤ 20). */
export function plainOrderNumber(orderNumber: string, requestNumber: string): string {
  const plain = orderNumber
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(-20)
  return plain.replaceAll(/^-|-$/g, '') || requestNumber
}

function address(person: Person | null): Cells {
  const names = [
    'name',
    'company',
    'address1',
    'address2',
    'city',
    'province',
    'postcode',
    'country',
    'phone',
    'email',
  ] as const
  return Object.fromEntries(names.map((name) => [name, text(name, person?.[name])]))
}

function shared(request: FulfillmentRequest): Cells {
  if (!requestNumberPattern.test(request.number)) refuse(request, 'request_number', 'must be 1-20 of A-Z, 0-9 and dash')
  const placedAt = new Date(request.placedAt)
  if (Number.isNaN(placedAt.getTime())) refuse(request, 'placed_at', 'is not a date')
  return {
    request_number: request.number,
    type: request.kind === 'ship' ? 'SHIP' : 'CANCEL',
    order_number: plainOrderNumber(request.orderNumber, request.number),
    placed_at: `${placedAt.toISOString().slice(0, 19)}Z`,
  }
}

function rowsOf(request: FulfillmentRequest): readonly Cells[] {
  const head = shared(request)
  // A cancel needs no person and no goods, so it carries none.
  if (request.kind === 'cancel') return [head]
  if (request.lines.length === 0) refuse(request, 'line_number', 'is missing: there is nothing to send')
  const receiver = address(request.shipTo)
  return request.lines.map((line) => {
    const sku = text('sku', line.sku)
    if (sku === '' || sku !== line.sku.trim()) refuse(request, 'sku', 'is empty, too long or holds control characters')
    if (!Number.isInteger(line.quantity) || line.quantity < 1 || line.quantity > limits.shippedMax)
      refuse(request, 'quantity', `must be a whole number from 1 to ${limits.shippedMax}`)
    const goods = {
      line_number: String(line.lineNumber),
      sku,
      title: text('title', line.title),
      quantity: String(line.quantity),
    }
    return { ...head, ...goods, service: text('service', request.service ?? ''), ...receiver }
  })
}

function stamp(now: Date): string {
  return `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

/** Same batch, sequence and time: same bytes. @throws ChannelError invalid, naming request and field */
export function encode(
  batch: readonly FulfillmentRequest[],
  a: { readonly sequence: number; readonly now: Date },
): FrozenFile {
  const rows = batch.flatMap(rowsOf)
  if (rows.length > limits.rowsMax) throw new ChannelError('invalid', `More than ${limits.rowsMax} rows for one file.`)
  const names = requestsContract.columns.map((column) => column.name)
  const table = [names, ...rows.map((row) => names.map((name) => row[name] ?? '')), [endMark, String(rows.length)]]
  const csv = stringify(table, { quoted: true, quoted_empty: true, record_delimiter: '\r\n' })
  return {
    name: `requests-${String(a.sequence).padStart(9, '0')}-${stamp(a.now)}.csv`,
    bytes: Buffer.from(csv, 'utf8'),
  }
}
