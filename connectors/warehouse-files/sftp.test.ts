import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ChannelError, type FrozenFile, type RemoteFile } from '#kit'
import { connector } from './index.ts'
import { children, type FileTree, newTree, readWhole, writeWhole } from './pretend/file-tree.ts'
import { hostKeyFor } from './pretend/host-key.ts'
import type { Fate, Moment } from './pretend/sftp-answers.ts'
import { startSftp } from './pretend/sftp-server.ts'
import { filePort, kindOf, testCtx } from './test-ctx.ts'

const files = filePort()
const key = hostKeyFor('test', 1)
const login = { username: 'hub', password: 'open sesame' }
const folders = { requests: '/requests', inbound: '/inbound', archive: '/archive', error: '/error' }
const file: FrozenFile = {
  name: 'requests-000000001-20261123T070500Z.csv',
  bytes: Buffer.from('"a"\r\n'.repeat(20_000)),
}
const measure = { name: file.name, size: file.bytes.length }

let tree: FileTree
let fates: Partial<Record<Moment, Fate>>
let before: Partial<Record<Moment, () => void>>
let server: Awaited<ReturnType<typeof startSftp>>

function ctx(secrets: object = {}, settings: object = {}, signal?: AbortSignal) {
  const all = { host: '127.0.0.1', port: server.port, folders, ...settings }
  return testCtx({ ...login, hostKeyFingerprint: key.fingerprint, ...secrets }, all, signal)
}
function drop(name: string, text: string): void {
  writeWhole(tree, `/inbound/${name}`, Buffer.from(text), 1_000_000)
}
async function listed(name: string): Promise<RemoteFile> {
  const found = (await files.list(ctx())).find((it) => it.name === name)
  if (found === undefined) throw new Error(`${name} is not listed`)
  return found
}

beforeEach(async () => {
  fates = {}
  before = {}
  tree = newTree(Object.values(folders), 1)
  // A fate strikes once: what comes after is a healthy server.
  const fate = (moment: Moment) => {
    before[moment]?.()
    const next = fates[moment] ?? 'ok'
    delete fates[moment]
    return next
  }
  server = await startSftp({ port: 0, ...login, hostKey: key.privateKey, tree, fate, now: () => 1_000_000 })
})
afterEach(() => server.close())

describe('sending', () => {
  test('a file arrives whole under its final name and leaves no temporary one', async () => {
    await files.put(ctx(), file)
    expect(children(tree, '/requests')).toEqual([`/requests/${file.name}`])
    expect(readWhole(tree, `/requests/${file.name}`)).toEqual(file.bytes)
    expect(await files.find(ctx(), measure)).toBe('present')
  })
  test('sending the same file again changes nothing and succeeds', async () => {
    await files.put(ctx(), file)
    await files.put(ctx(), file)
    expect(children(tree, '/requests')).toHaveLength(1)
  })
  test('a line that drops in the middle of the upload leaves no file under the final name, and a resend mends it', async () => {
    fates = { write: 'drop-before' }
    expect(await kindOf(files.put(ctx(), file))).toBe('transient')
    expect(children(tree, '/requests')).toEqual([`/requests/.${file.name}.tmp`])
    expect(await files.find(ctx(), measure)).toBe('absent')
    await files.put(ctx(), file)
    expect(children(tree, '/requests')).toEqual([`/requests/${file.name}`])
    expect(readWhole(tree, `/requests/${file.name}`)).toEqual(file.bytes)
  })
  test('a rename whose answer is lost is an unknown outcome, and find sees that it happened', async () => {
    fates = { rename: 'drop-after' }
    expect(await kindOf(files.put(ctx(), file))).toBe('outcome_unknown')
    expect(await files.find(ctx(), measure)).toBe('present')
  })
  test('a rename that never reached the server is an unknown outcome too, and find does not see the file', async () => {
    fates = { rename: 'drop-before' }
    expect(await kindOf(files.put(ctx(), file))).toBe('outcome_unknown')
    expect(await files.find(ctx(), measure)).toBe('absent')
  })
  test('a file that the partner already moved to its archive is found there', async () => {
    writeWhole(tree, `/archive/${file.name}`, file.bytes, 1)
    expect(await files.find(ctx(), measure)).toBe('present')
  })
  test('a name that stands there with another size is never overwritten', async () => {
    writeWhole(tree, `/requests/${file.name}`, Buffer.from('other'), 1)
    expect(await kindOf(files.put(ctx(), file))).toBe('invalid')
    expect(readWhole(tree, `/requests/${file.name}`)?.toString()).toBe('other')
    expect(await files.find(ctx(), measure)).toBe('absent')
  })
  test.each([
    ['our own', 'none', file.bytes],
    ['another', 'invalid', Buffer.from('other')],
  ])('%s file that appears just before the rename decides by its size: %s', async (_whose, kind, bytes) => {
    before.rename = () => writeWhole(tree, `/requests/${file.name}`, bytes, 1)
    expect(await kindOf(files.put(ctx(), file))).toBe(kind)
    expect(readWhole(tree, `/requests/${file.name}`)).toEqual(bytes)
  })
  test('a missing folder is named as not found', async () => {
    const settings = { folders: { ...folders, requests: '/nowhere' } }
    expect(await kindOf(files.put(ctx({}, settings), file))).toBe('not_found')
  })
})

describe('the line', () => {
  test('[bad-input 39] a changed host key stops before the password is sent, naming both fingerprints', async () => {
    const other = hostKeyFor('other', 2).fingerprint
    const failure = await files.list(ctx({ hostKeyFingerprint: other })).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ChannelError)
    expect(failure).toMatchObject({ kind: 'auth_revoked' })
    expect(String(failure)).toContain(other)
    expect(String(failure)).toContain(key.fingerprint)
  })
  test('a key learned at the first connect is held against the next', async () => {
    const open = ctx({ hostKeyFingerprint: undefined })
    const account = await connector.auth.probe(open)
    expect(account).toMatchObject({ missing: [], settings: { hostKeyFingerprint: key.fingerprint } })
    const other = { hostKeyFingerprint: hostKeyFor('other', 2).fingerprint }
    expect(await kindOf(connector.auth.probe(ctx({ hostKeyFingerprint: undefined }, other)))).toBe('auth_revoked')
  })
  test('a fingerprint is recognised in hex, without its prefix and with padding', async () => {
    const base64 = key.fingerprint.slice('SHA256:'.length)
    const hex = Buffer.from(base64, 'base64').toString('hex')
    for (const hostKeyFingerprint of [base64, `${base64}=`, hex, hex.replaceAll(/..(?=.)/g, '$&:')])
      expect(await files.list(ctx({ hostKeyFingerprint }))).toEqual([])
  })
  test('a wrong password needs a person', async () => {
    expect(await kindOf(files.list(ctx({ password: 'wrong' })))).toBe('auth_revoked')
  })
  test('a server that cuts the line before a word is said is tried again later', async () => {
    fates = { connect: 'drop-before' }
    expect(await kindOf(files.list(ctx()))).toBe('transient')
    expect(await files.list(ctx())).toEqual([])
  })
  test('a port where nobody listens is tried again later', async () => {
    const { port } = server
    await server.close()
    expect(await kindOf(files.list(ctx({}, { port })))).toBe('transient')
  })
  test('a server that never answers is left when the time is up', async () => {
    fates = { list: 'hang' }
    expect(await kindOf(files.list(ctx({}, {}, AbortSignal.timeout(300))))).toBe('transient')
  })
  test('a host that takes the call and says nothing is left when the time is up', async () => {
    const mute = createServer((socket) => socket.resume())
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const address = mute.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await kindOf(files.list(ctx({}, { port }, AbortSignal.timeout(200))))).toBe('transient')
    await new Promise((resolve) => mute.close(resolve))
  })
  test('a folder that is not there is reported at connect', async () => {
    const account = await connector.auth.probe(ctx({}, { folders: { ...folders, error: '/mistakes' } }))
    expect(account.missing).toEqual(['folder /mistakes'])
  })
  test('credentials without password and key, and folders that climb, are refused', () => {
    expect(connector.credentials.safeParse({ username: 'hub' }).success).toBe(false)
    expect(connector.settings.safeParse({ host: 'example.com', folders: { inbound: '../other' } }).success).toBe(false)
    expect(connector.settings.safeParse({ host: 'example.com', timeZone: 'Mars/Base' }).success).toBe(false)
    expect(connector.settings.parse({ host: 'example.com' })).toMatchObject({ port: 22, stableForS: 60 })
  })
})

describe('taking', () => {
  test('only finished files of the folder are listed, oldest first', async () => {
    for (const name of ['.hidden', 'a.csv.tmp', 'b.csv.part', 'c.PARTIAL', 'd.filepart', 'e.incomplete'])
      drop(name, 'x')
    tree.set('/inbound/folder.csv', { kind: 'folder', modified: 1 })
    drop('stock-2.csv', 'xx')
    writeWhole(tree, '/inbound/stock-9.csv', Buffer.from('x'), 5_000)
    writeWhole(tree, '/requests/other.csv', Buffer.from('x'), 5_000)
    expect(await files.list(ctx())).toEqual([
      { path: '/inbound/stock-9.csv', name: 'stock-9.csv', size: 1, modified: '1970-01-01T00:00:05.000Z' },
      { path: '/inbound/stock-2.csv', name: 'stock-2.csv', size: 2, modified: '1970-01-01T00:16:40.000Z' },
    ])
  })
  test('names are data: one that leaves the folder is never addressed, a long or disguised one is shown tamed', async () => {
    tree.set('/inbound/..\\..\\x.csv', { kind: 'file', bytes: Buffer.from('x'), size: 1, modified: 1 })
    drop(`stock-${'n'.repeat(300)}.csv`, 'x')
    drop('stock-\u202Evsc.csv', 'x')
    drop('stock-Größe.csv', 'x')
    const names = (await files.list(ctx())).map((it) => it.name)
    expect(names).toHaveLength(3)
    expect(names.every((name) => name.length <= 200)).toBe(true)
    expect(names.every((name) => name.startsWith('stock-') && name.endsWith('.csv'))).toBe(true)
    expect(names.join()).not.toContain('\u202E')
    expect(names).toContain('stock-Größe.csv')
  })
  test('a path outside the inbound folder is refused for reading and for moving', async () => {
    const outside = { path: '/inbound/../requests/x', name: 'x', size: 1, modified: '2026-11-23T00:00:00Z' }
    expect(await kindOf(files.get(ctx(), outside))).toBe('invalid')
    expect(await kindOf(files.archive(ctx(), outside, 'done'))).toBe('invalid')
  })
  test('a file is read as it is, and a file of no bytes too', async () => {
    const text = 'sku,on_hand,as_of\r\n'.repeat(10_000)
    drop('stock-1.csv', text)
    drop('stock-0.csv', '')
    expect(Buffer.from(await files.get(ctx(), await listed('stock-1.csv'))).toString()).toBe(text)
    expect(await files.get(ctx(), await listed('stock-0.csv'))).toHaveLength(0)
  })
  test('a file that grew since it was listed is not taken yet', async () => {
    drop('stock-1.csv', 'half')
    const before = await listed('stock-1.csv')
    drop('stock-1.csv', 'half and more')
    expect(await kindOf(files.get(ctx(), before))).toBe('not_ready')
  })
  test('a file over the limit is refused before a byte is read', async () => {
    const huge = {
      path: '/inbound/stock-1.csv',
      name: 'stock-1.csv',
      size: 200 * 1024 * 1024,
      modified: '2026-11-23T00:00:00Z',
    }
    expect(await kindOf(files.get(ctx(), huge))).toBe('invalid')
  })
  test('a line that drops during the download is tried again later', async () => {
    drop('stock-1.csv', 'text')
    const it = await listed('stock-1.csv')
    fates = { read: 'drop-before' }
    expect(await kindOf(files.get(ctx(), it))).toBe('transient')
    expect(Buffer.from(await files.get(ctx(), it)).toString()).toBe('text')
  })
  test('a taken file is moved, twice is harmless, and an existing name is never overwritten', async () => {
    drop('stock-1.csv', 'first')
    const first = await listed('stock-1.csv')
    await files.archive(ctx(), first, 'done')
    await files.archive(ctx(), first, 'done')
    drop('stock-1.csv', 'second')
    await files.archive(ctx(), await listed('stock-1.csv'), 'done')
    drop('stock-1.csv', 'third')
    await files.archive(ctx(), await listed('stock-1.csv'), 'error')
    const texts = ['/archive', '/error'].flatMap((folder) =>
      children(tree, folder).map((path) => readWhole(tree, path)?.toString()),
    )
    expect(texts).toEqual(['first', 'second', 'third'])
    expect(await files.list(ctx())).toEqual([])
  })
  test('a move whose answer is lost is repeated without harm', async () => {
    drop('stock-1.csv', 'text')
    const it = await listed('stock-1.csv')
    fates = { rename: 'drop-after' }
    expect(await kindOf(files.archive(ctx(), it, 'done'))).toBe('transient')
    expect(await kindOf(files.archive(ctx(), it, 'done'))).toBe('none')
    expect(children(tree, '/archive')).toEqual(['/archive/stock-1.csv'])
  })
})
