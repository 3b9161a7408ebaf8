import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acks, again, csv, type Dock, left, openDock, shipHeader, ships, stock } from './dock.ts'

// The rows are those of the lists of bad inputs that the project keeps; each stands beside the answer that it must get.

let dock: Dock
beforeAll(async () => {
  dock = await openDock()
})
afterAll(() => dock?.close())

let files = 0
const nameOf = (document: string) => `${document}-${String(++files).padStart(6, '0')}.csv`

describe('a file that cannot be read as a whole', () => {
  const good = left('P-1', 'FR-1')
  const refused: readonly (readonly [what: string, name: string, content: string | Uint8Array, told: string])[] = [
    ['no bytes', 'shipments', '', '0 - EMPTY_FILE'],
    ['a stock file without rows', 'stock', stock(), '0 - HELD_EMPTY_STOCK'],
    ['half a file, by its end row', 'shipments', `${shipHeader}\r\n${good}\r\n#END,2\r\n`, '3 - TRUNCATED'],
    ['rows after the end', 'shipments', `${ships(good)}${good}\r\n`, '4 - AFTER_END'],
    [
      'a quote that is never closed',
      'shipments',
      ships(good, '"P-2,FR-1,BOX-1', left('P-3', 'FR-1')),
      '3 - QUOTE_NOT_CLOSED',
    ],
    ['another separator', 'shipments', ships(good).replaceAll(',', ';'), '0 - DELIMITER'],
    [
      'a header without two columns',
      'shipments',
      csv('shipment_id,request_number,quantity,carrier,tracking,shipped_at', 'P-1,FR-1,1,DHL,,x'),
      '1 - MISSING_HEADER',
    ],
    ['a header that comes twice', 'shipments', csv(`${shipHeader},sku`, `${good},BOX-2`), '1 - DUPLICATE_HEADER'],
    ['5,000 columns', 'shipments', `${'a,'.repeat(5_000)}\r\n`, '1 - TOO_MANY_COLUMNS'],
    ['a million columns', 'shipments', `${'a,'.repeat(1_000_000)}\r\n`, '1 - ROW_TOO_LONG'],
    [
      'a cell of ten megabytes',
      'shipments',
      ships(left('P-1', 'FR-1', { sku: 'x'.repeat(10_000_000) })),
      '2 - ROW_TOO_LONG',
    ],
    ['a packed file', 'shipments', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), '0 - NOT_TEXT'],
    ['a spreadsheet', 'shipments', Buffer.from('PK\u0003\u0004 and so on'), '0 - NOT_TEXT'],
    ['half a character of UTF-16', 'shipments', Buffer.from([0xff, 0xfe, 0x61]), '0 - ENCODING'],
    ['a document of no contract', 'invoice', ships(good), '0 - UNKNOWN_DOCUMENT'],
  ]
  test.each(refused)(
    '%s: nothing is applied, code and row are told, a person is asked, and the queue goes on',
    async (_what, document, content, told) => {
      const before = await dock.ledger()
      const name = nameOf(document)
      await dock.deliver(name, content)
      const { state, issues } = await dock.fate(name)
      expect([state, issues.length]).toEqual(['refused', 1])
      expect(issues[0]?.split(':')[0]).toBe(told)
      expect(issues[0]?.length).toBeGreaterThan(told.length + 10)
      const after = await dock.ledger()
      expect({ ...after, exceptions: [] }).toEqual({ ...before, exceptions: [] })
      expect(after.exceptions).toHaveLength((before.exceptions?.length ?? 0) + 1)
      expect(dock.folder.inbound.size).toBe(0)
      expect(dock.folder.moved.get(name), 'where the partner sees that it could not be read').toBe('error')
    },
  )

  test.each([
    ['../../etc/passwd', 'a path'],
    ['C:\\x.csv', 'a path of Windows'],
    ['shipments-a\u0000.csv', 'a NUL'],
    [`shipments-${'x'.repeat(300)}.csv`, '300 characters'],
    ['shipments-\u202egnp.csv', 'a mark that turns the direction'],
    ['shipments-\ud800.csv', 'half a character'],
  ])('row 56: a name with %s is data only', async (name) => {
    const before = await dock.bench.rows('select 1 from partner_file')
    await dock.deliver(name, ships(left('P-1', 'FR-1')))
    const kept = await dock.bench.rows<{ name: string }>('select name from partner_file order by created_at')
    expect(kept).toHaveLength(before.length + 1)
    expect(kept.at(-1)?.name.isWellFormed()).toBe(true)
    expect(dock.folder.inbound.size).toBe(0)
    await dock.bench.audit()
  })
})

describe('a file with bad rows', () => {
  test('each bad row is told by row, field and mend, and the good ones are applied', async () => {
    const request = await dock.ask(['BOX-1', 9])
    const other = await dock.ask(['BOX-1', 1])
    const before = await dock.onHand('BOX-1')
    const name = nameOf('shipments')
    const rows: readonly (readonly [row: string, told: RegExp | null])[] = [
      [left('A-1', request), null],
      [left('A-2', request, { quantity: '2.0' }), null],
      [left('A-3', request, { quantity: ' 3 ' }), null],
      [
        left('A-4', other, { quantity: 999_999 }),
        /^5 quantity TOO_LARGE: Row 5, quantity: "999999" is more than 99999\./,
      ],
      [left('A-5', other, { quantity: '"1,000"' }), /^6 quantity THOUSANDS: .*digits only/],
      [left('A-6', other, { quantity: -1 }), /^7 quantity NEGATIVE: .*from 0/],
      [left('A-7', other, { quantity: 0 }), /^8 quantity ZERO: .*final = yes/],
      [left('A-8', other, { quantity: 'abc' }), /^9 quantity NOT_A_NUMBER: /],
      [left('A-9', other, { quantity: '1e3' }), /^10 quantity NOT_A_NUMBER: /],
      [left('A-10', other, { quantity: '' }), /^11 quantity EMPTY: .*Fill it in/],
      [left('A-11', other).replace(/JD\w+/, '9.40011E+21'), /^12 tracking EXCEL_NUMBER: .*column as text/],
      [left('A-12', other).replace(/JD\w+/, '<script>alert(1)</script>'), /^13 tracking TRACKING_CHARS: /],
      [left('A-13', other).replace('2026-11-22T14:30:00Z', '20261345'), /^14 shipped_at DATE: .*ISO 8601/],
      [left('A-14', 'fr/1'), /^15 request_number REQUEST_NUMBER: /],
    ]
    await dock.deliver(name, ships(...rows.map(([row]) => row)))
    const { state, issues } = await dock.fate(name)
    expect(state).toBe('applied')
    const wanted = rows.flatMap(([, told]) => told ?? [])
    expect(issues).toHaveLength(wanted.length)
    for (const [n, told] of wanted.entries()) expect(issues[n]).toMatch(told)
    expect(before - (await dock.onHand('BOX-1'))).toBe(1 + 2 + 3)
    expect(await dock.openExceptions()).toContain('file_rows_rejected')
    await dock.bench.audit()
  })

  test('rows 26 and 62: an unknown SKU or request is set aside by name, the others are applied', async () => {
    const request = await dock.ask(['00123', 2], ['BOX-2', 1])
    const before = [await dock.onHand('00123'), await dock.onHand('BOX-2')]
    const name = nameOf('shipments')
    const novel = `${'😀'.repeat(45)}`
    await dock.deliver(
      name,
      ships(
        left('B-1', request, { sku: '123' }),
        left('B-2', request, { sku: ' 00123\u00a0', quantity: 2 }),
        left('B-3', 'FR-NEVER-SENT'),
        left('B-4', request, { sku: `x${novel}` }),
        left('B-5', request, { sku: 'BOX-2' }),
        left('B-6', request, { sku: '=HYPERLINK("http://example.com")'.replaceAll('"', '') }),
      ),
    )
    const { state, issues } = await dock.fate(name)
    expect([state, ...issues.map((issue) => issue.split(':')[0])]).toEqual([
      'applied',
      '2 sku SKU_NOT_IN_REQUEST',
      '4 request_number FORBIDDEN',
      '5 sku SKU_NOT_IN_REQUEST',
      '7 sku SKU_NOT_IN_REQUEST',
    ])
    expect(issues[0]).toContain(`SKU "123" is not in request ${request}`)
    expect(issues.every((issue) => issue.isWellFormed())).toBe(true)
    expect([await dock.onHand('00123'), await dock.onHand('BOX-2')]).toEqual([
      (before[0] ?? 0) - 2,
      (before[1] ?? 0) - 1,
    ])
    await dock.bench.audit()
  })

  test('an unknown SKU in a stock file is set aside, the others are counted', async () => {
    const name = nameOf('stock')
    await dock.deliver(
      name,
      stock('NEVER-SEEN,5,2026-11-20T00:00:00Z', 'BOX-2,77,2026-11-22T20:00:00Z', 'BOX-1,-1,2026-11-20T00:00:00Z'),
    )
    const { issues } = await dock.fate(name)
    expect(issues.map((issue) => issue.split(':')[0]).toSorted()).toEqual([
      '2 sku SKU_NOT_IN_REQUEST',
      '4 on_hand NEGATIVE',
    ])
    expect(await dock.onHand('BOX-2')).toBe(77)
    await dock.bench.audit()
  })

  test('H2 38: a stock file older than the last one changes nothing', async () => {
    await dock.deliver(nameOf('stock'), stock('BOX-2,66,2026-11-22T21:00:00Z'))
    const before = await dock.ledger()
    await dock.deliver(nameOf('stock'), stock('BOX-2,11,2026-11-22T20:59:59Z'))
    expect(await dock.ledger()).toEqual(before)
    expect(await dock.onHand('BOX-2')).toBe(66)
  })

  test('a row of another shape takes only its own request along, and the file says which', async () => {
    const [first, second] = [await dock.ask(['BOX-1', 2]), await dock.ask(['BOX-1', 2])]
    const before = await dock.onHand('BOX-1')
    const name = nameOf('shipments')
    await dock.deliver(name, ships(left('C-1', first), `C-2,${first},BOX-1,1`, left('C-3', second)))
    const { issues } = await dock.fate(name)
    expect(issues.map((issue) => issue.split(':')[0])).toEqual([
      '2 request_number REQUEST_INCOMPLETE',
      '3 - RAGGED_ROW',
    ])
    expect(before - (await dock.onHand('BOX-1'))).toBe(1)
  })

  test('encodings and line ends of real partners are read: UTF-16, Windows-1252, a byte order mark, CR alone', async () => {
    const request = await dock.ask(['BOX-1', 4])
    const before = await dock.onHand('BOX-1')
    const row = (n: number) => ships(left(`D-${n}`, request)).replace('DHL', 'Österreichische Post')
    const given: readonly Buffer[] = [
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(row(1), 'utf16le')]),
      Buffer.from(row(2), 'latin1'),
      Buffer.from(`\ufeff${row(3)}`),
      Buffer.from(row(4).replaceAll('\r\n', '\r')),
    ]
    for (const bytes of given) await dock.deliver(nameOf('shipments'), bytes)
    expect(before - (await dock.onHand('BOX-1'))).toBe(4)
    const carriers = await dock.bench.rows<{ carrier: string }>(
      `select distinct carrier from shipment where partner_shipment_ref like 'D-%'`,
    )
    expect(carriers).toEqual([{ carrier: 'Österreichische Post' }])
  })
})

describe('a file that says what cannot be', () => {
  test('H2 25: more shipped than asked for is booked as it left and stands before a person', async () => {
    const request = await dock.ask(['BOX-1', 1])
    const before = await dock.onHand('BOX-1')
    await dock.deliver(nameOf('shipments'), ships(left('E-1', request, { quantity: 3, final: 'yes' })))
    expect(before - (await dock.onHand('BOX-1'))).toBe(3)
    expect(await dock.openExceptions()).toContain('over_shipped')
    await dock.bench.audit()
  })

  test('H2 36: a shipment of a cancelled request is a fact, and a person is told', async () => {
    const request = await dock.ask(['BOX-1', 2])
    await dock.cancel(request)
    const before = await dock.onHand('BOX-1')
    await dock.deliver(nameOf('shipments'), ships(left('F-1', request, { quantity: 2, final: 'yes' })))
    expect(before - (await dock.onHand('BOX-1'))).toBe(2)
    expect(await dock.openExceptions()).toContain('shipped_after_cancel')
    await dock.bench.audit()
  })

  test('H2 36: a shipment of a closed request that is told again is nothing new; an acceptance after it changes nothing', async () => {
    const request = await dock.ask(['BOX-1', 1])
    await dock.deliver(nameOf('shipments'), ships(left('G-1', request, { final: 'yes' })))
    const before = await dock.ledger()
    await dock.deliver(nameOf('shipments'), again(ships(left('G-1', request, { final: 'yes' }))))
    await dock.deliver(nameOf('acks'), acks(`${request},accepted,`))
    expect(await dock.ledger()).toEqual(before)
  })

  test('H2 36: a shipment of a request that was accepted by nobody implies the acceptance', async () => {
    const request = await dock.ask(['BOX-1', 2])
    await dock.deliver(nameOf('shipments'), ships(left('H-1', request)))
    const [row] = await dock.bench.rows('select status from fulfillment_order where request_number = $1', [request])
    expect(row).toEqual({ status: 'in_progress' })
    expect(
      await dock.bench.rows(`select state from effect where kind = 'request' and intent ->> 'request' = $1`, [request]),
    ).toEqual([{ state: 'confirmed' }])
  })

  test('H2 36: a request that was never sent cannot be shipped by guessing its number', async () => {
    const rows = await dock.bench.rows<{ number: string }>(
      `select request_number as number from fulfillment_order where request_status = 'unsubmitted'`,
    )
    const name = nameOf('shipments')
    await dock.deliver(name, ships(left('I-1', rows[0]?.number ?? 'FR000000000000000000')))
    expect((await dock.fate(name)).issues[0]).toMatch(/^2 request_number FORBIDDEN/)
  })
})
