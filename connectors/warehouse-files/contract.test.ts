import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChannelError, type FulfillmentRequest } from '#kit'
import { inboundContracts, limits, requestsContract } from './contract.ts'
import { aliasList, contractTable } from './contract-table.ts'
import { encode, plainOrderNumber } from './encode.ts'
import { isRequestFile, readRequestFile } from './pretend/request-file.ts'

const a = { sequence: 17, now: new Date('2026-11-23T07:05:09.500Z'), settings: {} }
const request: FulfillmentRequest = {
  number: 'FR-1',
  kind: 'ship',
  orderNumber: '#1001',
  placedAt: '2026-11-23T08:00:00+01:00',
  shipTo: { name: 'Ann "Ex" Ample', address1: 'Example Street 1, door 2', city: 'Łódź', country: 'PL' },
  service: null,
  lines: [{ lineNumber: 1, sku: '00123', title: '5" pipe', quantity: 2 }],
}

function oneLine(text: string, lengthMax: number): string {
  const plain = text.toWellFormed().replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
  return [...plain.trim()].slice(0, lengthMax).join('')
}

const person = fc.record({
  name: fc.string({ unit: 'grapheme', maxLength: 30 }),
  city: fc.string({ unit: 'binary', maxLength: 120 }),
  postcode: fc.constantFrom('01234', '=1+1', '"', ',;'),
})
const requests = fc.uniqueArray(
  fc.record({
    number: fc.stringMatching(/^[A-Z0-9-]{1,20}$/),
    kind: fc.constantFrom('ship' as const, 'cancel' as const),
    orderNumber: fc.string({ maxLength: 40 }),
    placedAt: fc
      .date({ min: new Date('2020-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    shipTo: fc.option(person),
    service: fc.option(fc.string({ maxLength: 20 })),
    lines: fc.array(
      fc.record({
        lineNumber: fc.integer({ min: 1, max: 999 }),
        sku: fc.stringMatching(/^[!-~]{1,40}$/),
        title: fc.string({ unit: 'binary', maxLength: 250 }),
        quantity: fc.integer({ min: 1, max: 99_999 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  { selector: (it) => it.number, maxLength: 20 },
)

describe('request files', () => {
  test('look like this, byte by byte', () => {
    const file = encode([request, { ...request, number: 'FR-2', kind: 'cancel' }], a)
    expect(file.name).toBe('requests-000000017-20261123T070509Z.csv')
    expect(Buffer.from(file.bytes).toString()).toBe(
      [
        '"request_number","type","order_number","placed_at","line_number","sku","title","quantity","service","name","company","address1","address2","city","province","postcode","country","phone","email"',
        '"FR-1","SHIP","1001","2026-11-23T07:00:00Z","1","00123","5"" pipe","2","","Ann ""Ex"" Ample","","Example Street 1, door 2","","Łódź","","","PL","",""',
        '"FR-2","CANCEL","1001","2026-11-23T07:00:00Z","","","","","","","","","","","","","","",""',
        '"#END","2"',
        '',
      ].join('\r\n'),
    )
  })
  test('whatever an order holds, a warehouse that reads by the written contract reads the same', () => {
    fc.assert(
      fc.property(requests, (batch) => {
        const file = encode(batch, a)
        expect(isRequestFile(file.name)).toBe(true)
        const read = readRequestFile(file.bytes)
        if (!read.ok) throw new Error(read.reason)
        const expected = batch.flatMap((it) => {
          if (it.kind === 'cancel') return [[it.number, 'CANCEL', '', 0, '', '', '']]
          const receiver = [oneLine(it.shipTo?.city ?? '', 100), it.shipTo?.postcode ?? '']
          return it.lines.map((line) => [
            it.number,
            'SHIP',
            line.sku,
            line.quantity,
            oneLine(line.title, 200),
            ...receiver,
          ])
        })
        const seen = read.rows.map((row) => [row.number, row.type, row.sku, row.quantity, row.title])
        expect(
          seen.map((cells, at) => [...cells, read.rows[at]?.receiver.city, read.rows[at]?.receiver.postcode]),
        ).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
  test('the same batch gives the same bytes', () => {
    expect(encode([request], a)).toEqual(encode([request], a))
  })
  test('a formula is written as it is: a partner reads data, not a spreadsheet', () => {
    const file = encode([{ ...request, shipTo: { name: '=HYPERLINK("x")' } }], a)
    expect(Buffer.from(file.bytes).toString()).toContain('"=HYPERLINK(""x"")"')
  })
  test.each([
    ['#1001', '1001'],
    ['shop/1001#b', 'SHOP-1001-B'],
    ['注文', 'FR-1'],
    [`${'A'.repeat(15)}-${'B'.repeat(19)}`, 'B'.repeat(19)],
  ])('the order number %s is written as %s', (number, plain) => {
    expect(plainOrderNumber(number, 'FR-1')).toBe(plain)
  })
  test.each([
    ['request_number', { number: 'fr 1' }],
    ['request_number', { number: 'F'.repeat(21) }],
    ['placed_at', { placedAt: 'yesterday' }],
    ['line_number', { lines: [] }],
    ['sku', { lines: [{ lineNumber: 1, sku: 'a\nb', title: '', quantity: 1 }] }],
    ['sku', { lines: [{ lineNumber: 1, sku: ' ', title: '', quantity: 1 }] }],
    ['quantity', { lines: [{ lineNumber: 1, sku: 'a', title: '', quantity: 1.5 }] }],
    ['quantity', { lines: [{ lineNumber: 1, sku: 'a', title: '', quantity: 0 }] }],
  ])('a request whose %s cannot be written is refused, naming it', (field, change) => {
    expect(() => encode([{ ...request, ...change }], a)).toThrow(ChannelError)
    expect(() => encode([{ ...request, ...change }], a)).toThrow(field)
  })
})

describe('the written contract', () => {
  // The formatter lines up tables; the words decide.
  const loose = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---')
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  test.each([requestsContract, ...Object.values(inboundContracts)])(
    'README.md shows the columns of $document as the code has them',
    (contract) => {
      expect(loose(readme)).toContain(loose(contractTable(contract)))
      expect(readme).toContain(`\`${contract.fileName}\``)
      expect(readme).toContain(aliasList(contract))
    },
  )
  test('README.md states the limits that the code keeps', () => {
    const { rowsMax, columnsMax, rowCharsMax, fileBytesMax } = limits
    const words = [
      `${fileBytesMax / 1024 / 1024} MB`,
      ...[rowsMax, columnsMax, rowCharsMax].map((it) => it.toLocaleString('en')),
    ]
    for (const word of words) expect(readme).toContain(word)
  })
  test('no two columns of a document share a header', () => {
    for (const { columns } of Object.values(inboundContracts)) {
      const headers = columns.flatMap((column) => [column.name, ...column.aliases])
      expect(new Set(headers).size).toBe(headers.length)
    }
  })
  test('the examples in README.md are read without a remark', async () => {
    const { decode } = await import('./decode.ts')
    const examples = [...readme.matchAll(/`((?:acks|shipments|stock)-[\w-]+\.csv)`:\n\n```csv\n([\s\S]*?)```/g)]
    expect(examples).toHaveLength(3)
    for (const [, name = '', text = ''] of examples) {
      const file = decode({ name, bytes: Buffer.from(text), settings: { host: 'example.com', endRow: 'required' } })
      expect(file).toMatchObject({ kind: 'rows', warnings: [] })
      expect(file.kind === 'rows' && file.rows.every((row) => row.ok && row.warning === undefined)).toBe(true)
    }
    const [, request = ''] = /requests-000000017-20261123T070509Z\.csv`:\n\n```csv\n([\s\S]*?)```/.exec(readme) ?? []
    expect(readRequestFile(Buffer.from(request.replaceAll('\n', '\r\n')))).toMatchObject({ ok: true })
  })
})
