/** Reads a request file as the contract in README.md says, strictly, by its own code: a warehouse's system, not the hub's. */
export interface RequestRow {
  readonly number: string
  readonly type: 'SHIP' | 'CANCEL'
  readonly orderNumber: string
  readonly placedAt: string
  readonly sku: string
  readonly title: string
  readonly quantity: number
  readonly service: string
  readonly receiver: Readonly<Record<string, string>>
}
export type RequestFile =
  | { readonly ok: true; readonly rows: readonly RequestRow[] }
  | { readonly ok: false; readonly reason: string }

const receiverColumns = [
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
]
const columns = [
  ...['request_number', 'type', 'order_number', 'placed_at', 'line_number', 'sku', 'title', 'quantity', 'service'],
  ...receiverColumns,
]
const line = /^"(?:[^"\r\n]|"")*"(?:,"(?:[^"\r\n]|"")*")*$/
const fileName = /^requests-\d{9,}-\d{8}T\d{6}Z\.csv$/

function cellsOf(text: string): readonly string[] | null {
  if (!line.test(text)) return null
  return [...text.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, inside = '']) => inside.replaceAll('""', '"'))
}

function refuse(reason: string): RequestFile {
  return { ok: false, reason }
}

function readRow(cells: readonly string[]): RequestRow | string {
  const at = (name: string) => cells[columns.indexOf(name)] ?? ''
  const type = at('type')
  if (type !== 'SHIP' && type !== 'CANCEL') return `type is ${type}`
  if (!/^[A-Z0-9-]{1,20}$/.test(at('request_number'))) return `request_number is ${at('request_number')}`
  if (!/^[A-Z0-9-]{1,20}$/.test(at('order_number'))) return `order_number is ${at('order_number')}`
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(at('placed_at'))) return `placed_at is ${at('placed_at')}`
  const empty = type === 'CANCEL'
  const quantity = at('quantity')
  if (empty ? quantity !== '' : !/^[1-9]\d{0,4}$/.test(quantity)) return `quantity is ${quantity}`
  if (empty ? at('sku') !== '' : at('sku') === '') return 'sku is wrong'
  if (!empty && !/^\d+$/.test(at('line_number'))) return `line_number is ${at('line_number')}`
  const receiver = Object.fromEntries(receiverColumns.map((name) => [name, at(name)]))
  if (empty && Object.values(receiver).some((value) => value !== '')) return 'a CANCEL names a person'
  return {
    number: at('request_number'),
    type,
    orderNumber: at('order_number'),
    placedAt: at('placed_at'),
    sku: at('sku'),
    title: at('title'),
    quantity: empty ? 0 : Number(quantity),
    service: at('service'),
    receiver,
  }
}

export function isRequestFile(name: string): boolean {
  return fileName.test(name)
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** All rows, or why the file as a whole breaks the contract. */
export function readRequestFile(bytes: Uint8Array): RequestFile {
  const text = utf8(bytes)
  if (text === null) return refuse('is not UTF-8')
  if (text.startsWith('\uFEFF')) return refuse('begins with a byte order mark')
  if (!text.endsWith('\r\n')) return refuse('does not end with CRLF')
  const lines = text.slice(0, -2).split('\r\n')
  const table = lines.map(cellsOf)
  const broken = table.indexOf(null)
  if (broken !== -1) return refuse(`line ${broken + 1} is not made of quoted cells`)
  const all = table.filter((cells) => cells !== null)
  const [header = [], ...body] = all
  if (header.join() !== columns.join()) return refuse(`header is ${header.join()}`)
  const end = body.pop()
  if (end?.[0] !== '#END' || Number(end[1]) !== body.length)
    return refuse(`end row is ${end?.join()} after ${body.length} rows`)
  const wide = body.findIndex((cells) => cells.length !== columns.length)
  if (wide !== -1) return refuse(`line ${wide + 2} has ${body[wide]?.length} cells`)
  const rows = body.map(readRow)
  const wrong = rows.findIndex((row) => typeof row === 'string')
  if (wrong !== -1) return refuse(`line ${wrong + 2}: ${rows[wrong]}`)
  return { ok: true, rows: rows.filter((row) => typeof row !== 'string') }
}
