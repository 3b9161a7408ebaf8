import { afterEach, describe, expect, test } from 'vitest'
import { shopifyOrder } from '../inbox/shops.ts'
import { acks, again, type Dock, left, openDock, ships, stock } from './dock.ts'

let dock: Dock
afterEach(() => dock?.close())

const states = () => dock.bench.rows('select name, state from partner_file order by created_at, name')

describe('the same again', () => {
  test('H2 8: the same bytes under another name have one effect', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 2])
    const file = ships(left('P-1', request, { quantity: 2, final: 'yes' }))
    await dock.deliver('shipments-1.csv', file)
    const before = await dock.ledger()
    await dock.deliver('shipments-2.csv', file)
    await dock.deliver('shipments-1.csv', file)
    expect(await dock.ledger()).toEqual(before)
    expect(await dock.onHand('BOX-1')).toBe(98)
    expect((await states()).map((one) => Reflect.get(one, 'state'))).toContain('duplicate')
    expect(await dock.bench.rows(`select 1 from inbox_message where source = 'file'`)).toHaveLength(1)
  })

  test('H2 9 and 11: other bytes with rows that are known already change only what is new', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 3])
    await dock.deliver('shipments-1.csv', ships(left('P-1', request)))
    await dock.deliver('shipments-1.csv', ships(left('P-1', request), left('P-2', request)))
    await dock.deliver(
      'shipments-3.csv',
      ships(left('P-2', request), left('P-1', request), left('P-3', request, { final: 'yes' })),
    )
    expect(await dock.onHand('BOX-1')).toBe(97)
    expect(await dock.openExceptions()).toEqual([])
    await dock.bench.audit()
  })

  test('H2 9: other bytes under a name that came before are read as a file of their own, which says so', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 3])
    const [first, second] = [ships(left('P-1', request)), ships(left('P-2', request))]
    await dock.deliver('shipments-1.csv', first)
    expect((await dock.fate('shipments-1.csv')).issues).toEqual([])
    await dock.deliver('shipments-1.csv', second)
    const { state, issues } = await dock.fate('shipments-1.csv')
    expect([state, issues.map((issue) => issue.split(':')[0])]).toEqual(['applied', ['0 - NAME_REUSED']])
    expect(await dock.onHand('BOX-1')).toBe(98)
    expect(await dock.bench.rows(`select severity from partner_file_issue`)).toEqual([{ severity: 'warning' }])
    await dock.deliver('shipments-1.csv', second.replace('#END,1', '#END,9'))
    const refused = await dock.fate('shipments-1.csv')
    expect(refused.issues.map((issue) => issue.split(':')[0])).toEqual(['3 - TRUNCATED', '0 - NAME_REUSED'])
    await dock.bench.replay()
    await dock.collect()
    expect((await dock.fate('shipments-1.csv')).issues, 'read again, it says the same').toEqual(refused.issues)
    await dock.bench.audit()
  })

  test('H2 9: the same bytes under their own name again are no other file', async () => {
    dock = await openDock()
    const file = stock('BOX-1,7,2026-11-22T18:00:00Z')
    await dock.deliver('stock-1.csv', file)
    await dock.deliver('stock-1.csv', file)
    await dock.bench.replay()
    await dock.collect()
    expect(await dock.bench.rows('select 1 from partner_file_issue')).toEqual([])
  })

  test('a row told again counts once, also where two lines of the request are of its SKU', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 1], ['BOX-1', 1])
    await dock.deliver('shipments-1.csv', ships(left('P-1', request)))
    expect(await dock.onHand('BOX-1')).toBe(99)
    await dock.deliver('shipments-2.csv', again(ships(left('P-1', request))))
    expect(await dock.onHand('BOX-1')).toBe(99)
    await dock.deliver('shipments-3.csv', ships(left('P-1', request), left('P-2', request, { final: 'yes' })))
    expect([await dock.onHand('BOX-1'), await dock.openExceptions()]).toEqual([98, []])
    await dock.bench.audit()
  })

  test('a row that is told again after everything has left is not taken for too much', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 2])
    await dock.deliver('shipments-1.csv', ships(left('P-1', request, { quantity: 2, final: 'yes' })))
    await dock.deliver('shipments-2.csv', again(ships(left('P-1', request, { quantity: 2, final: 'yes' }))))
    expect([await dock.onHand('BOX-1'), await dock.openExceptions()]).toEqual([98, []])
  })

  test('a decision told twice, or once each way, is taken once', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 2])
    await dock.deliver('acks-1.csv', acks(`${request},accepted,`))
    await dock.deliver('acks-2.csv', acks(`${request},rejected,INCORRECT_ADDRESS`))
    const before = await dock.ledger()
    await dock.deliver('acks-3.csv', again(acks(`${request},rejected,OTHER`)))
    await dock.deliver('acks-4.csv', acks(`${request},accepted,OTHER`))
    expect(await dock.ledger()).toEqual(before)
    expect(await dock.openExceptions()).toContain('request_rejected')
    await dock.bench.audit()
  })
})

describe('a file for somebody else', () => {
  test('H2 39: numbers of another partner are answered FORBIDDEN and nothing else, nothing is applied, the log knows', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 2])
    const south = await dock.bench.connect({
      connector: 'warehouse-files',
      account: 'south-dock',
      credentials: { username: 'hub', password: 'password-for-tests' },
      settings: { host: 'south.example.com', stableForS: 0 },
      location: { code: 'SOUTH', name: 'South dock', rank: 2 },
    })
    const before = await dock.ledger()
    const nobodys = 'FR000000000000000000'
    dock.folder.drop(
      'shipments-1.csv',
      ships(left('P-1', request, { quantity: 2, final: 'yes' }), left('P-2', nobodys)),
    )
    dock.folder.drop(
      'acks-1.csv',
      acks(`${request},rejected,NO`, `${nobodys},accepted,`, `${request},cancel_accepted,`),
    )
    await dock.bench.run(south, 'files')
    await dock.bench.run(south, 'import')
    expect({ ...(await dock.ledger()), exceptions: [] }).toEqual({ ...before, exceptions: [] })
    const { issues } = await dock.fate('shipments-1.csv')
    const answer = issues[0]?.slice(1)
    expect(answer).toMatch(/^ request_number FORBIDDEN: this request was not sent to you/)
    expect(issues, 'what is another partner’s is told no other way than what is nobody’s').toEqual([
      `2${answer}`,
      `3${answer}`,
    ])
    expect((await dock.fate('acks-1.csv')).issues).toEqual([`2${answer}`, `3${answer}`, `4${answer}`])
    const logged = dock.bench.said().split('\n')
    expect(logged.filter((line) => line.includes('security.request-not-theirs'))).toHaveLength(2)
    expect(logged.join('')).not.toContain(request)
    expect(JSON.stringify((await dock.ledger()).exceptions)).not.toContain(request)
    expect(await dock.onHand('BOX-1')).toBe(100)
    await dock.bench.audit()
  })

  test('H2 39: a file that names only what was sent to its partner leaves no word in the security log', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 1])
    await dock.deliver('shipments-1.csv', ships(left('P-1', request), left('P-2', request, { sku: 'BOX-2' })))
    expect((await dock.fate('shipments-1.csv')).issues).toHaveLength(1)
    expect(dock.bench.said()).not.toContain('security.')
  })
})

describe('a file on its way', () => {
  test('H2 3 and 4: a file that still grows is left alone, and holds back those that came after it', async () => {
    dock = await openDock({ settings: { stableForS: 3_600 } })
    for (const content of ['sku,on_hand', 'sku,on_hand,as_of\r\n', stock('BOX-1,7,2026-11-20T00:00:00Z')]) {
      await dock.deliver('stock-1.csv', content)
      await dock.deliver('stock-2.csv', stock('BOX-1,8,2026-11-20T00:00:00Z'))
    }
    expect([await states(), await dock.onHand('BOX-1'), dock.folder.inbound.size]).toEqual([[], 100, 2])
  })

  test('H2 42: a worker that dies after a file was stored, before it was read, leaves it to be read once', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 5])
    dock.folder.drop('shipments-1.csv', ships(left('P-1', request, { quantity: 5, final: 'yes' })))
    await dock.bench.run(dock.partner, 'files')
    await dock.bench.run(dock.partner, 'files')
    expect([dock.folder.inbound.size, await dock.onHand('BOX-1')], 'it lies there until it is read').toEqual([1, 100])
    await dock.collect()
    await dock.collect()
    expect([dock.folder.inbound.size, await dock.onHand('BOX-1')]).toEqual([0, 95])
    expect(await states()).toHaveLength(2)
    await dock.bench.audit()
  })

  test('H2 42: a worker that dies after a file was read, before it was moved, moves it later and reads it no second time', async () => {
    const failpoint = 'files.before_archive'
    dock = await openDock({ failpoints: `${failpoint}:throw*1` })
    const request = await dock.ask(['BOX-1', 5])
    const file = ships(left('P-1', request, { quantity: 2 }), left('P-2', request, { quantity: 3, final: 'yes' }))
    dock.folder.drop('shipments-1.csv', file)
    await expect(dock.collect()).rejects.toThrow(failpoint)
    expect([await dock.onHand('BOX-1'), dock.folder.inbound.size]).toEqual([95, 1])
    await dock.collect()
    await dock.collect()
    expect([await dock.onHand('BOX-1'), await dock.openExceptions()]).toEqual([95, []])
    expect([...dock.folder.moved]).toEqual([['shipments-1.csv', 'done']])
    expect(dock.folder.inbound.size).toBe(0)
    expect(await dock.bench.rows('select 1 from shipment')).toHaveLength(2)
    await dock.bench.audit()
  })

  test('H2 42: a worker that dies in the middle of applying a file leaves nothing half applied', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 5])
    dock.folder.drop(
      'shipments-1.csv',
      ships(left('P-1', request, { quantity: 2 }), left('P-2', request, { quantity: 3, final: 'yes' })),
    )
    await dock.bench.run(dock.partner, 'files')
    const before = await dock.ledger()
    const trap =
      'create function trap() returns trigger language plpgsql as $$ begin raise exception $t$the power is gone$t$ using errcode = $e$57P01$e$; end $$'
    await dock.bench.asAdmin(
      `${trap}; create trigger trap before update on partner_file for each row execute function trap()`,
    )
    await expect(dock.bench.run(dock.partner, 'import')).rejects.toThrow('the power is gone')
    expect(await dock.ledger()).toEqual(before)
    await dock.bench.asAdmin('drop trigger trap on partner_file')
    await dock.bench.run(dock.partner, 'import')
    expect([await dock.onHand('BOX-1'), await dock.openExceptions()]).toEqual([95, []])
    await dock.bench.audit()
  })

  test('files are read in the order in which the partner wrote them, so a count means what it meant', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 4])
    dock.folder.drop('shipments-9.csv', ships(left('P-1', request, { quantity: 4, final: 'yes' })))
    dock.folder.drop('stock-1.csv', stock('BOX-1,96,2026-11-22T18:00:00Z'))
    await dock.collect()
    expect(await dock.onHand('BOX-1')).toBe(96)
  })
})

describe('a file to the partner', () => {
  test('row 59: cells that a spreadsheet would run go out as the buyer wrote them, in quotes and on one line', async () => {
    dock = await openDock()
    const formula = '=HYPERLINK("http://example.com","x")'
    const name = '\t=cmd|calc\r\n"A1"'
    await dock.tell(
      shopifyOrder({ id: 1, sku: 'BOX-1', line: { name: formula }, more: { shipping_address: { name } } }),
    )
    const text = String([...dock.folder.requests.values()][0])
    const lines = text.trimEnd().split('\r\n')
    expect(lines).toHaveLength(3)
    expect(lines.every((line) => /^"([^"\r\n]|"")*"(,"([^"\r\n]|"")*")*$/.test(line))).toBe(true)
    expect(lines[1]).toContain(`"${formula.replaceAll('"', '""')}"`)
    expect(lines[1]).toContain('"=cmd|calc ""A1"""')
  })

  test('a request that no file can say is kept back alone, before a person, and the others go out', async () => {
    dock = await openDock()
    await dock.bench.stock({ 'BOX-2': 300_000 })
    await expect(dock.ask(['BOX-2', 200_000])).rejects.toThrow('nothing was asked for')
    expect(await dock.ask(['BOX-1', 1])).toMatch(/^FR/)
    expect(await dock.openExceptions()).toHaveLength(1)
    expect(dock.folder.requests.size).toBe(1)
    await dock.bench.audit()
  })
})
