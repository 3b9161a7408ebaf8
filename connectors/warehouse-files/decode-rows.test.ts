import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, goodRow, outcomes, rows, ship, shipHeader, shipWith } from './test-files.ts'

const end = { endRow: 'required' }

describe('cells', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string | object])[] = [
    ['H2-24 2.0', { quantity: '2.0' }, { quantity: 2 }],
    ['H2-24 blanks around', { quantity: ' 3 ' }, { quantity: 3 }],
    ['H2-24 thousands', { quantity: '1,000' }, 'THOUSANDS'],
    ['H2-24 below zero', { quantity: '-1' }, 'NEGATIVE'],
    ['H2-24 zero and more to come', { quantity: '0', final: 'no' }, 'ZERO'],
    ['zero and final closes the line', { quantity: '0', final: 'yes' }, { quantity: 0, final: true }],
    ['H2-24 letters', { quantity: 'abc' }, 'NOT_A_NUMBER'],
    ['H2-24 exponent', { quantity: '1e3' }, 'NOT_A_NUMBER'],
    ['H2-24 empty', { quantity: '' }, 'EMPTY'],
    ['half a unit', { quantity: '2.5' }, 'NOT_WHOLE'],
    ['comma as decimal', { quantity: '2,0' }, 'NOT_WHOLE'],
    ['H2-25 far too many', { quantity: '999999999' }, 'TOO_LARGE'],
    ['H2-26 zeros in front stay', { sku: '00123' }, { sku: '00123' }],
    ['H2-26 case stays', { sku: 'aBc' }, { sku: 'aBc' }],
    ['H2-26 invisible blanks go', { sku: '\u00A0SKU-1\u200B ' }, { sku: 'SKU-1' }],
    ['H2-26 an SKU that a spreadsheet rounded', { sku: '1.23E+11' }, 'EXCEL_NUMBER'],
    ['an SKU that only looks so', { sku: '1E5' }, { sku: '1E5' }],
    ['H2-27 tracking that a spreadsheet rounded', { tracking: '9.40011E+21' }, 'EXCEL_NUMBER'],
    ['H2-27 the same with a comma', { tracking: '9,40011E+21' }, 'EXCEL_NUMBER'],
    ['H2-27 blanks inside', { tracking: '1Z 999 AA1 0123' }, { tracking: '1Z999AA10123' }],
    ['H2-27 none', { tracking: '' }, { tracking: null }],
    ['H2-27 two in one cell', { tracking: 'A1;B2' }, 'MANY_TRACKING'],
    ['markup', { tracking: '<script>' }, 'TRACKING_CHARS'],
    ['H2-28 day of which part', { shipped_at: '1/2/26' }, 'DATE'],
    ['H2-28 month 13', { shipped_at: '20261345' }, 'DATE'],
    ['H2-28 UNIX seconds', { shipped_at: '1795417500' }, 'DATE'],
    ['H2-28 hour 25', { shipped_at: '2026-11-23T25:00' }, 'DATE'],
    ['31 February', { shipped_at: '2026-02-31' }, 'DATE'],
    ['year 1970', { shipped_at: '1970-01-01T00:00:00Z' }, 'DATE'],
    ['a zone', { shipped_at: '2026-11-23T08:05:00.250+01:00' }, { shippedAt: '2026-11-23T07:05:00.250Z' }],
    ['a request number in small letters', { request_number: 'fr-1' }, { request: 'FR-1' }],
    ['a request number of ours it is not', { request_number: 'order #1' }, 'REQUEST_NUMBER'],
    ['a request number of 21 characters', { request_number: 'F'.repeat(21) }, 'TOO_LONG'],
    ['final in another word', { final: 'TRUE' }, { final: true }],
    ['final empty', { final: '' }, { final: false }],
    ['final in no word', { final: 'perhaps' }, 'YES_NO'],
    ['short of a final row', { short: '2' }, { final: true, short: 2 }],
    ['short where more may come', { short: '2', final: 'no' }, 'NOT_FINAL'],
    ['short zero where more may come', { short: '0', final: 'no' }, { final: false }],
    ['short in letters', { short: 'none' }, 'NOT_A_NUMBER'],
    ['short below zero', { short: '-1' }, 'NEGATIVE'],
    ['a shipment id too long', { shipment_id: 'P'.repeat(61) }, 'TOO_LONG'],
    ['no carrier', { carrier: ' ' }, 'EMPTY'],
  ]
  test.each(cases.map(([name, change, expected]) => ({ name, change, expected })))('$name', ({ change, expected }) => {
    const [row] = rows({ bytes: shipWith(change) })
    if (typeof expected === 'string')
      expect(row).toMatchObject({ ok: false, code: expected, field: Object.keys(change)[0] })
    else expect(row).toMatchObject({ ok: true, fact: expected })
  })
  test('shipped without tracking is told', () => {
    expect(rows({ bytes: shipWith({ tracking: '' }) })[0]).toMatchObject({
      ok: true,
      warning: expect.stringContaining('tracking'),
    })
  })
  test.each([
    ['Europe/Vienna', '2026-07-01 12:00', '2026-07-01T10:00:00.000Z'],
    ['Europe/Vienna', '2026-11-23 12:00:30', '2026-11-23T11:00:30.000Z'],
    ['America/New_York', '2026-03-08T03:30', '2026-03-08T07:30:00.000Z'],
    ['Asia/Kolkata', '2026-11-23', '2026-11-22T18:30:00.000Z'],
    ['UTC', '2026-11-23T12:00', '2026-11-23T12:00:00.000Z'],
  ])('H2-28 a date without a zone is one of %s: %s', (timeZone, text, instant) => {
    const found = rows({ bytes: shipWith({ shipped_at: text }), settings: { timeZone } })
    expect(found[0]).toMatchObject({ fact: { shippedAt: instant } })
  })
})

describe('rows out of shape', () => {
  test('H2-5 cut, no end row agreed: the last row is refused and the cut is told', () => {
    const file = decode({ bytes: ship(goodRow, 'P2,FR-2,SK').trimEnd() })
    expect(file).toMatchObject({
      warnings: [expect.stringContaining('cut')],
      rows: [{ ok: true }, { row: 3, code: 'RAGGED_ROW' }],
    })
  })
  test('a last row without a line break may be cut inside a number, so it is refused', () => {
    const bytes = 'as_of,sku,on_hand\n2026-11-23,A,5\n2026-11-23,B,10'
    const file = decode({ name: 'stock-1.csv', bytes })
    expect(file).toMatchObject({
      warnings: [expect.stringContaining('cut')],
      rows: [{ ok: true }, { code: 'LAST_ROW_OPEN' }],
    })
    expect(outcomes({ name: 'stock-1.csv', bytes: `${bytes}\n#END,2` })).toEqual(['stock', 'stock'])
  })
  test('H2-20 a stray quote refuses its row and no other', () => {
    const bytes = ship(
      goodRow,
      'P2,FR-2,5" pipe,1,DHL,T2,2026-11-23,no',
      'P3,FR-3,"A"B,1,DHL,T3,2026-11-23,no',
      'P4,FR-4,A,1,DHL,T4,2026-11-23,no',
    )
    expect(outcomes({ bytes })).toEqual(['shipped', 'STRAY_QUOTE', 'STRAY_QUOTE', 'shipped'])
  })
  test('H2-22 a ragged row takes the other rows of its request along, and no other request', () => {
    const bytes = ship(
      'P1,FR-1,A,1,DHL,T1,2026-11-23,no',
      'P2,FR-2,A,1,DHL,T2,2026-11-23,no',
      'P1,FR-1,B 1,DHL,T1,2026-11-23,no',
    )
    expect(outcomes({ bytes })).toEqual(['REQUEST_INCOMPLETE', 'shipped', 'RAGGED_ROW'])
  })
  test('H2-23 rows of one parcel that disagree are all refused, naming the columns', () => {
    const found = rows({
      bytes: ship('P1,FR-1,A,1,DHL,T1,2026-11-23,no', 'P1,FR-1,B,1,UPS,T2,2026-11-23,no', goodRow.replace('P1', 'P9')),
    })
    expect(found.map((row) => (row.ok ? 'ok' : row.code))).toEqual(['CONFLICT', 'CONFLICT', 'ok'])
    expect(found[0]).toMatchObject({ message: expect.stringContaining('carrier, tracking') })
  })
  test('the same parcel and SKU twice is refused: one row twice, or two boxes, only the warehouse knows', () => {
    expect(outcomes({ bytes: ship(goodRow, goodRow) })).toEqual(['DUPLICATE_ROW', 'DUPLICATE_ROW'])
  })
  test('H2-37 one SKU with two counts: the newest, or their sum as of the oldest, with a warning; the others stand', () => {
    const bytes = 'sku,on_hand,as_of\nA,1,2026-11-23\nB,5,2026-11-23\nA,2,2026-11-22\nC,-4,2026-11-23\n'
    const of = (settings: object) => rows({ name: 'stock-1.csv', bytes, settings }).slice(0, 3)
    expect(of({})).toMatchObject([
      { row: 3, ok: true, fact: { sku: 'B', onHand: 5 } },
      {
        row: 4,
        ok: true,
        fact: { onHand: 1, asOf: '2026-11-23T00:00:00.000Z' },
        warning: expect.stringContaining('2, 4'),
      },
      { row: 5, ok: false, code: 'NEGATIVE' },
    ])
    expect(of({ sameSku: 'sum' })[1]).toMatchObject({ fact: { onHand: 3, asOf: '2026-11-22T00:00:00.000Z' } })
  })
  test('H2-37 counts of one SKU that add up to more than can be is refused', () => {
    const bytes = 'sku,on_hand,as_of\nA,99999999,2026-11-23\nA,1,2026-11-23\n'
    expect(outcomes({ name: 'stock-1.csv', bytes, settings: { sameSku: 'sum' } })).toEqual(['TOO_LARGE'])
  })
  test('accepted and rejected in one file is refused; saying the same twice is not, nor a cancel beside it', () => {
    const bytes = 'request_number,decision\nF1,accepted\nF1,rejected\nF2,accepted\nF2,accepted\nF2,cancel_rejected\n'
    expect(outcomes({ name: 'acks-1.csv', bytes })).toEqual([
      'CONFLICT',
      'CONFLICT',
      'accepted',
      'accepted',
      'cancel_rejected',
    ])
  })
})

describe('any input', () => {
  const names = fc.oneof(fc.constantFrom('acks-1.csv', 'shipments-1.csv', 'stock-1.csv'), fc.string())
  const pieces = fc.constantFrom(
    shipHeader,
    goodRow,
    'sku,on_hand,as_of',
    'A,1,2026-11-23',
    '"',
    ',',
    ';',
    '\n',
    '\r',
    '#END,1',
    '\u0000',
    '\uFEFF',
    '\uD800',
    'É',
  )
  test('random bytes never throw', () => {
    fc.assert(
      fc.property(names, fc.uint8Array({ maxLength: 500 }), (name, bytes) => {
        expect(['rows', 'refused']).toContain(decode({ name, bytes }).kind)
      }),
      { numRuns: 1_000 },
    )
  })
  test('pieces of files in any order never throw, and every row has a line number inside the file', () => {
    fc.assert(
      fc.property(names, fc.array(pieces, { maxLength: 40 }), fc.boolean(), (name, parts, relaxQuotes) => {
        const bytes = parts.join('')
        const file = decode({ name, bytes, settings: { relaxQuotes, delimiter: 'auto' } })
        if (file.kind === 'refused') return
        const lines = bytes.split(/\r\n?|\n/).length
        for (const row of file.rows) expect(row.row >= 1 && row.row <= lines).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })
  test('a cut anywhere in a file with an end row applies all of its rows or none', () => {
    const whole = ship('P1,FR-1,A,1,DHL,T1,2026-11-23,no', 'P2,FR-2,"B, ""x""",12,DHL,T2,2026-11-23,no', '#END,2')
    for (let length = 0; length < whole.length; length += 1) {
      const file = decode({ bytes: whole.slice(0, length), settings: end })
      const applied = file.kind === 'rows' ? file.rows.filter((row) => row.ok).length : 0
      expect([0, 2]).toContain(applied)
      if (applied === 2) expect(whole.slice(0, length)).toContain('#END,2')
    }
  })
})
