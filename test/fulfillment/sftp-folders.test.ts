import { afterEach, beforeEach, expect, test } from 'vitest'
import { children, type FileTree, newTree, writeWhole } from '../../connectors/warehouse-files/pretend/file-tree.ts'
import { hostKeyFor } from '../../connectors/warehouse-files/pretend/host-key.ts'
import { startSftp } from '../../connectors/warehouse-files/pretend/sftp-server.ts'
import { loadConnectors } from '../../src/connectors.ts'
import { type Bench, type Connected, openBench } from '../inbox/bench.ts'
import { stock } from './dock.ts'

const folders = { requests: '/requests', inbound: '/inbound', archive: '/archive', error: '/error' }
const login = { username: 'hub', password: 'open sesame' }
const key = hostKeyFor('folders', 1)

let bench: Bench
let partner: Connected
let tree: FileTree
let server: Awaited<ReturnType<typeof startSftp>>
let cutBefore: 'rename' | null

beforeEach(async () => {
  cutBefore = null
  tree = newTree(Object.values(folders), 1)
  const fate = (moment: string) => {
    if (moment !== cutBefore) return 'ok'
    cutBefore = null
    return 'drop-before'
  }
  server = await startSftp({ port: 0, ...login, hostKey: key.privateKey, tree, fate, now: () => 1_000_000 })
  bench = await openBench({ connectors: await loadConnectors() })
  partner = await bench.connect({
    connector: 'warehouse-files',
    account: 'sftp-dock',
    credentials: { ...login, hostKeyFingerprint: key.fingerprint },
    settings: { host: '127.0.0.1', port: server.port, folders, stableForS: 0 },
    location: { code: 'SFTP', name: 'By SFTP', rank: 1 },
  })
  await bench.stock({ 'BOX-1': 1 })
})
afterEach(async () => {
  await bench.close()
  await server.close()
})

const drop = (name: string, text: string) => writeWhole(tree, `/inbound/${name}`, Buffer.from(text), 1_000_000)
const files = () => ['/inbound', '/archive', '/error'].flatMap((folder) => children(tree, folder))
const good = stock('BOX-1,7,2026-11-22T18:00:00Z')
const bad = good.replace('#END,1', '#END,2')

test('a file lies where it was until it is read; then what was read is in the archive, and what was refused in the error folder', async () => {
  drop('stock-1.csv', good)
  drop('stock-2.csv', bad)
  await bench.run(partner, 'files')
  expect(files()).toEqual(['/inbound/stock-1.csv', '/inbound/stock-2.csv'])
  await bench.run(partner, 'import')
  await bench.run(partner, 'files')
  expect(files()).toEqual(['/archive/stock-1.csv', '/error/stock-2.csv'])
  expect(await bench.rows('select name, state from partner_file order by name')).toEqual([
    { name: 'stock-1.csv', state: 'applied' },
    { name: 'stock-2.csv', state: 'refused' },
  ])
})

test('the same bytes again go where they went before', async () => {
  drop('stock-2.csv', bad)
  for (const lane of ['files', 'import', 'files'] as const) await bench.run(partner, lane)
  drop('stock-3.csv', bad)
  await bench.run(partner, 'files')
  expect(files()).toEqual(['/error/stock-2.csv', '/error/stock-3.csv'])
})

test('a line that drops before the move leaves the file to be moved at the next look, and it is not read again', async () => {
  drop('stock-2.csv', bad)
  await bench.run(partner, 'files')
  await bench.run(partner, 'import')
  cutBefore = 'rename'
  await bench.run(partner, 'files')
  expect(files()).toEqual(['/inbound/stock-2.csv'])
  await bench.run(partner, 'files')
  expect(files()).toEqual(['/error/stock-2.csv'])
  expect(await bench.rows('select state from partner_file')).toEqual([{ state: 'refused' }])
})

test('a reader that died between the end of its message and the word on the file leaves no file lying', async () => {
  drop('stock-2.csv', bad)
  await bench.run(partner, 'files')
  await bench.run(partner, 'import')
  await bench.asAdmin(`update partner_file set state = 'stored'`)
  await bench.run(partner, 'files')
  expect(files()).toEqual(['/error/stock-2.csv'])
})
