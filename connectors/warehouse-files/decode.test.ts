import { describe, expect, test } from 'vitest'
import { decode, type Given, goodRow, outcomes, rows, ship, shipHeader, shipWith } from './test-files.ts'

const end = { endRow: 'required' }

function utf16(text: string, big: boolean): Uint8Array {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le')
  return big ? bytes.swap16() : bytes
}

describe('what a good file says', () => {
  test('a shipment row becomes a fact with its line number', () => {
    expect(rows({ bytes: ship(goodRow) })).toEqual([
      {
        row: 2,
        ok: true,
        fact: {
          type: 'shipped',
          request: 'FR-1',
          shipment: 'P1',
          sku: 'SKU-1',
          quantity: 2,
          carrier: 'DHL',
          tracking: 'JD014600',
          shippedAt: '2026-11-23T07:05:00.000Z',
          final: true,
        },
      },
    ])
  })
  test('acks become decisions, and a rejection without a reason is told', () => {
    const bytes =
      'request_number,decision,reason\nFR-1,accepted,\nfr-2,Rejected,INVALID_SKU\nFR-3,cancel accepted,\nFR-4,CANCEL-REJECTED,picked\nFR-5,rejected,\nFR-6,maybe,\n'
    const found = rows({ name: 'acks-1.csv', bytes })
    expect(found.map((row) => (row.ok ? row.fact : row.code))).toEqual([
      { type: 'accepted', request: 'FR-1' },
      { type: 'rejected', request: 'FR-2', reason: 'INVALID_SKU' },
      { type: 'cancel_accepted', request: 'FR-3' },
      { type: 'cancel_rejected', request: 'FR-4', reason: 'picked' },
      { type: 'rejected', request: 'FR-5', reason: 'OTHER' },
      'DECISION',
    ])
    expect(found[4]).toMatchObject({ warning: expect.stringContaining('Say why') })
  })
  test('stock rows become numbers of a moment; zero is a number', () => {
    const bytes = 'sku,on_hand,as_of\n00123,0,2026-11-23T07:00:00Z\n123,7,2026-11-23T08:00:00+01:00\n'
    expect(rows({ name: 'STOCK-9.CSV', bytes }).map((row) => row.ok && row.fact)).toEqual([
      { type: 'stock', sku: '00123', onHand: 0, asOf: '2026-11-23T07:00:00.000Z' },
      { type: 'stock', sku: '123', onHand: 7, asOf: '2026-11-23T07:00:00.000Z' },
    ])
  })
  test('a row that is wrong leaves the others applied', () => {
    const bytes = ship(
      goodRow,
      'P2,FR-2,SKU-1,abc,DHL,T2,2026-11-23T07:05:00Z,yes',
      'P3,FR-3,SKU-1,1,DHL,T3,2026-11-23T07:05:00Z,no',
    )
    expect(outcomes({ bytes })).toEqual(['shipped', 'NOT_A_NUMBER', 'shipped'])
  })
  test('the message names row, column and mend, and all that is wrong in the row', () => {
    const [row] = rows({ bytes: shipWith({ quantity: '1,000', shipped_at: '1/2/26' }) })
    expect(row).toMatchObject({ row: 2, ok: false, field: 'quantity', code: 'THOUSANDS' })
    expect(row).toMatchObject({
      message: expect.stringMatching(/^Row 2, quantity: "1,000".*Write digits only\. shipped_at: .*Write 2026-/),
    })
  })
  test('the same bytes give the same answer', () => {
    const bytes = ship(goodRow, 'P2,FR-2')
    expect(decode({ bytes })).toEqual(decode({ bytes }))
  })
})

describe('bad files are refused whole, with code, line and mend', () => {
  const cases: readonly (readonly [string, Given, string, number?])[] = [
    ['H2-1 no bytes', { bytes: '' }, 'EMPTY_FILE'],
    ['H2-1 a mark and blanks only', { bytes: '\uFEFF \r\n' }, 'EMPTY_FILE'],
    [
      'H2-2 a stock file with a header only is held',
      { name: 'stock-1.csv', bytes: 'sku,on_hand,as_of\r\n' },
      'HELD_EMPTY_STOCK',
    ],
    [
      'H2-2 the same with an end row',
      { name: 'stock-1.csv', bytes: 'sku,on_hand,as_of\r\n#END,0\r\n' },
      'HELD_EMPTY_STOCK',
    ],
    ['H2-5 cut, end row agreed', { bytes: ship(goodRow, 'P2,FR-2,SK').trimEnd(), settings: end }, 'TRUNCATED'],
    ['H2-5 cut between rows, end row agreed', { bytes: ship(goodRow), settings: end }, 'TRUNCATED'],
    ['H2-5 fewer rows than the end row counts', { bytes: ship(goodRow, '#END,2') }, 'TRUNCATED', 3],
    ['more rows than the end row counts', { bytes: ship(goodRow, goodRow, '#END,1') }, 'END_COUNT', 4],
    ['an end row without a number', { bytes: ship(goodRow, '#END') }, 'END_COUNT', 3],
    ['rows after the end row', { bytes: ship(goodRow, '#END,1', goodRow) }, 'AFTER_END', 4],
    ['H2-14 semicolons where commas are agreed', { bytes: ship(goodRow).replaceAll(',', ';') }, 'DELIMITER'],
    ['H2-14 tabs where commas are agreed', { bytes: ship(goodRow).replaceAll(',', '\t') }, 'DELIMITER'],
    [
      'H2-16 a header twice',
      { bytes: 'sku,on_hand,as_of,SKU\nA,1,2026-11-23,B\n', name: 'stock-1.csv' },
      'DUPLICATE_HEADER',
      1,
    ],
    [
      'H2-16 two headers of one meaning',
      { bytes: 'item_sku,product_sku,on_hand,as_of\nA,B,1,2026-11-23\n', name: 'stock-1.csv' },
      'DUPLICATE_HEADER',
      1,
    ],
    ['H2-16 a missing header', { bytes: 'shipment_id,sku,quantity\nP1,A,1\n' }, 'MISSING_HEADER', 1],
    ['H2-17 a title row', { bytes: `Shipments of today\r\n${ship(goodRow)}` }, 'MISSING_HEADER', 1],
    ['H2-17 a comment', { bytes: `; made by WMS 7\r\n${ship(goodRow)}` }, 'DELIMITER'],
    [
      'H2-21 a quote that never closes',
      { bytes: ship(goodRow, 'P2,FR-2,"SKU-1,1,DHL,T,2026-11-23,no', goodRow) },
      'QUOTE_NOT_CLOSED',
      3,
    ],
    ['H2-30 a cell of 10 MB', { bytes: ship(goodRow.replace('DHL', 'D'.repeat(10_000_000))) }, 'ROW_TOO_LONG', 2],
    [
      'H2-30 an open quote before 10 MB',
      { bytes: ship(`"${goodRow}${'x'.repeat(10_000_000)}`) },
      'QUOTE_NOT_CLOSED',
      2,
    ],
    [
      'H2-30 5,000 columns',
      { bytes: `${Array.from({ length: 5_000 }, (_, at) => `c${at}`).join()}\n1\n` },
      'TOO_MANY_COLUMNS',
      1,
    ],
    ['a million columns', { bytes: `${','.repeat(1_000_000)}\n` }, 'ROW_TOO_LONG', 1],
    ['H2-30 packed', { bytes: Buffer.from([0x1f, 0x8b, 8, 0, 0]) }, 'NOT_TEXT'],
    ['a spreadsheet', { bytes: Buffer.from('PK\u0003\u0004rest') }, 'NOT_TEXT'],
    ['UTF-16 without its mark', { bytes: Buffer.from(ship(goodRow), 'utf16le') }, 'ENCODING'],
    [
      'UTF-16 with half a character',
      { bytes: Buffer.concat([utf16(ship(goodRow), false), Buffer.from([0x41])]) },
      'ENCODING',
    ],
    ['H2-40 a name that climbs', { name: '../../x', bytes: ship(goodRow) }, 'UNKNOWN_DOCUMENT'],
    ['a name that climbs and looks right', { name: 'shipments-../../x.csv', bytes: ship(goodRow) }, 'UNKNOWN_DOCUMENT'],
    ['a name with NUL', { name: 'shipments-a\u0000.csv', bytes: ship(goodRow) }, 'UNKNOWN_DOCUMENT'],
    ['a name with a drive', { name: 'C:\\shipments-1.csv', bytes: ship(goodRow) }, 'UNKNOWN_DOCUMENT'],
    ['an unknown document', { name: 'returns-1.csv', bytes: ship(goodRow) }, 'UNKNOWN_DOCUMENT'],
    ['a packed name', { name: 'shipments-1.csv.gz', bytes: ship(goodRow) }, 'UNKNOWN_DOCUMENT'],
    ['over 50 MB', { bytes: new Uint8Array(50 * 1024 * 1024 + 1) }, 'FILE_TOO_LARGE'],
    ['settings of another kind', { bytes: ship(goodRow), settings: { delimiter: 'x' } }, 'SETTINGS'],
  ]
  test.each(cases.map(([name, given, code, row]) => ({ name, given, code, row })))('$name', ({ given, code, row }) => {
    const file = decode(given)
    expect(file).toMatchObject(row === undefined ? { kind: 'refused', code } : { kind: 'refused', code, row })
    expect(file).toMatchObject({ message: expect.stringMatching(/\. |\.$/) })
  })
  test('all missing headers are listed at once', () => {
    const file = decode({ bytes: 'shipment_id,sku\nP1,A\n' })
    expect(file).toMatchObject({
      message: expect.stringContaining('request_number, quantity, carrier, tracking, shipped_at'),
    })
  })
  test('the found separator is named', () => {
    expect(decode({ bytes: ship(goodRow).replaceAll(',', ';') })).toMatchObject({
      message: expect.stringContaining('a semicolon'),
    })
  })
  test('more rows than the limit are refused, the limit itself is read', { timeout: 60_000 }, () => {
    const body = (count: number) =>
      `sku,on_hand,as_of\n${Array.from({ length: count }, (_, at) => `S${at},1,2026-11-23\n`).join('')}`
    expect(decode({ name: 'stock-1.csv', bytes: body(100_000) })).toMatchObject({ kind: 'rows' })
    expect(decode({ name: 'stock-1.csv', bytes: body(100_001) })).toMatchObject({ code: 'TOO_MANY_ROWS' })
  })
})

describe('odd files that are read', () => {
  const latin = Buffer.from(ship(goodRow.replace('DHL', 'Österreichische Post')), 'latin1')
  const cases: readonly (readonly [string, Given, readonly string[], string?])[] = [
    ['H2-2 header only', { bytes: ship() }, [], 'no rows'],
    ['H2-12 UTF-8 with its mark', { bytes: `\uFEFF${ship(goodRow)}` }, ['shipped']],
    ['H2-12 UTF-16 little end first', { bytes: utf16(ship(goodRow), false) }, ['shipped']],
    ['H2-12 UTF-16 big end first', { bytes: utf16(ship(goodRow), true) }, ['shipped']],
    ['H2-13 Windows-1252', { bytes: latin }, ['shipped'], 'Windows-1252'],
    [
      'H2-14 semicolons, found by themselves',
      { bytes: ship(goodRow).replaceAll(',', ';'), settings: { delimiter: 'auto' } },
      ['shipped'],
    ],
    ['H2-14 tabs, agreed', { bytes: ship(goodRow).replaceAll(',', '\t'), settings: { delimiter: '\t' } }, ['shipped']],
    [
      'H2-14 bars, found by themselves',
      { bytes: ship(goodRow).replaceAll(',', '|'), settings: { delimiter: 'auto' } },
      ['shipped'],
    ],
    [
      'H2-15 other order, case, blanks, brackets',
      {
        bytes:
          'Final,[Order ID],Shipment ID,Item SKU,QTY shipped,Ship Method,Tracking #,Ship-Date\nno,FR-1,P1,A,1,UPS,T1,2026-11-23\n',
      },
      ['shipped'],
    ],
    [
      'H2-16 unknown header',
      { bytes: 'sku,on_hand,as_of,bin\nA,1,2026-11-23,K7\n', name: 'stock-1.csv' },
      ['stock'],
      '"bin"',
    ],
    [
      'a file that echoes the order number beside ours',
      { bytes: 'request_number,order_number,decision\nFR-1,1001,accepted\n', name: 'acks-1.csv' },
      ['accepted'],
      '"order_number"',
    ],
    [
      'H2-17 title rows that are agreed',
      { bytes: `Shipments\r\n;today\r\n${ship(goodRow)}`, settings: { skipLines: 2 } },
      ['shipped'],
    ],
    [
      'H2-18 CRLF, LF and CR mixed',
      { bytes: `${shipHeader}\r\n${goodRow}\rP2,FR-2,A,1,UPS,T2,2026-11-23,no\n` },
      ['shipped', 'shipped'],
    ],
    ['H2-18 CR only', { bytes: ship(goodRow).replaceAll('\r\n', '\r') }, ['shipped']],
    [
      'empty lines and rows of separators',
      { bytes: `\r\n${ship('', goodRow, ',,,,,,,', '#END,1,,,,,,', '')}` },
      ['shipped'],
    ],
    ['an end row that counts', { bytes: ship(goodRow, '#end, 1'), settings: end }, ['shipped']],
    [
      'H2-20 a stray quote that is agreed',
      { bytes: ship(goodRow.replace('DHL', 'Post 5" pipe')), settings: { relaxQuotes: true } },
      ['shipped'],
    ],
    ['empty cells too many', { bytes: ship(`${goodRow},,`) }, ['shipped']],
    [
      'H2-29 control characters',
      { bytes: ship(goodRow.replace('DHL', 'D\u0000H\u0007L')) },
      ['shipped'],
      'Control characters',
    ],
    ['letters already lost', { bytes: ship(goodRow.replace('DHL', 'M\uFFFDller')) }, ['shipped'], 'already lost'],
    ['H2-40 a name of 300 characters', { name: `shipments-${'x'.repeat(290)}.csv`, bytes: ship(goodRow) }, ['shipped']],
    ['H2-40 a name in other letters and case', { name: 'SHIPMENTS-Größe 🚚.CSV', bytes: ship(goodRow) }, ['shipped']],
    ['a formula stays text and is no number', { bytes: shipWith({ carrier: '=HYPERLINK("x")' }) }, ['shipped']],
  ]
  test.each(cases.map(([name, given, expected, warning]) => ({ name, given, expected, warning })))(
    '$name',
    ({ given, expected, warning }) => {
      const file = decode(given)
      expect(file).toMatchObject({ kind: 'rows' })
      expect(outcomes(given)).toEqual(expected)
      if (file.kind !== 'rows') return
      if (warning === undefined) expect(file.warnings).toEqual([])
      else expect(file.warnings.join()).toContain(warning)
    },
  )
  test('H2-13 Windows-1252 letters come out right, those of the upper rows too', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${shipHeader}\nP1,FR-1,A,1,`),
      Buffer.from([0xd6, 0x80, 0x92]),
      Buffer.from(',T1,2026-11-23,no\n'),
    ])
    expect(rows({ bytes })[0]).toMatchObject({ fact: { carrier: 'Ö€’' } })
  })
  test('H2-19 a break, a separator and quotes inside a quoted cell are kept, and later line numbers stay right', () => {
    const found = rows({ bytes: ship(goodRow.replace('DHL', '"A, ""B""\r\nC"'), 'P2,FR-2') })
    expect(found[0]).toMatchObject({ row: 2, fact: { carrier: 'A, "B"\nC' } })
    expect(found[1]).toMatchObject({ row: 4, code: 'RAGGED_ROW' })
  })
  test('line numbers count title rows and empty lines, as an editor does', () => {
    const found = rows({ bytes: `Title\n\n${shipHeader}\n\n${goodRow}\n`, settings: { skipLines: 1 } })
    expect(found[0]).toMatchObject({ row: 5, ok: true })
  })
  test('H2-29 emoji stay', () => {
    expect(rows({ bytes: shipWith({ carrier: 'Post 🚚' }) })[0]).toMatchObject({ fact: { carrier: 'Post 🚚' } })
  })
})
