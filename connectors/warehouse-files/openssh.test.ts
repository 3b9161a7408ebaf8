import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connector } from './index.ts'
import { filePort, kindOf, testCtx } from './test-ctx.ts'

const sshd = '/usr/sbin/sshd'
const keygen = '/usr/bin/ssh-keygen'
const present = existsSync(sshd) && existsSync(keygen)
const files = filePort()
const names = ['requests', 'inbound', 'archive', 'error'] as const

interface Server {
  readonly root: string
  readonly port: number
  readonly fingerprint: string
  readonly child: ChildProcess
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

function makeKey(path: string): void {
  execFileSync(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', path])
}

async function startSshd(): Promise<Server> {
  const root = mkdtempSync(join(tmpdir(), 'warehouse-sshd-'))
  for (const name of names) mkdirSync(join(root, name))
  makeKey(join(root, 'host'))
  makeKey(join(root, 'user'))
  const port = await freePort()
  // sshd as root wants this directory; the package makes it at boot only.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true })
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${root}/host`,
    `AuthorizedKeysFile ${root}/user.pub`,
    'PidFile none',
  ]
  const more = [
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    'Subsystem sftp internal-sftp',
  ]
  writeFileSync(join(root, 'config'), `${[...lines, ...more].join('\n')}\n`)
  const child = spawn(sshd, ['-f', join(root, 'config'), '-D', '-e'], { stdio: ['ignore', 'ignore', 'pipe'] })
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('listening on')) resolve()
    })
    child.once('exit', () => reject(new Error(`sshd ended: ${said}`)))
  })
  const fingerprint =
    execFileSync(keygen, ['-l', '-f', join(root, 'host.pub')])
      .toString()
      .split(' ')[1] ?? ''
  return { root, port, fingerprint, child }
}

// Where the server is not installed this shows as skipped, never as passed.
describe.runIf(present)("against Debian's OpenSSH", () => {
  let server: Server
  beforeAll(async () => {
    server = await startSshd()
  })
  afterAll(() => {
    server.child.kill()
    rmSync(server.root, { recursive: true, force: true })
  })
  function ctx(secrets: object = {}) {
    const privateKey = readFileSync(join(server.root, 'user'), 'utf8')
    const folders = Object.fromEntries(names.map((name) => [name, join(server.root, name)]))
    const login = { username: userInfo().username, privateKey, hostKeyFingerprint: server.fingerprint }
    return testCtx({ ...login, ...secrets }, { host: '127.0.0.1', port: server.port, folders })
  }

  test('a key logs in, and the fingerprint is the one that ssh-keygen prints', async () => {
    const account = await connector.auth.probe(ctx())
    expect(account).toMatchObject({ missing: [], settings: { hostKeyFingerprint: server.fingerprint } })
  })
  test('a key that nobody authorised, and a changed host key, need a person', async () => {
    makeKey(join(server.root, 'stranger'))
    const stranger = { privateKey: readFileSync(join(server.root, 'stranger'), 'utf8') }
    expect(await kindOf(files.list(ctx(stranger)))).toBe('auth_revoked')
    expect(await kindOf(files.list(ctx({ hostKeyFingerprint: 'SHA256:AAAA' })))).toBe('auth_revoked')
  })
  test('a file is sent, found, never overwritten, taken, read and archived', async () => {
    const file = { name: 'requests-000000001-20261123T070500Z.csv', bytes: Buffer.from('"x"\r\n'.repeat(50_000)) }
    const measure = { name: file.name, size: file.bytes.length }
    expect(await files.find(ctx(), measure)).toBe('absent')
    await files.put(ctx(), file)
    await files.put(ctx(), file)
    expect(readdirSync(join(server.root, 'requests'))).toEqual([file.name])
    expect(readFileSync(join(server.root, 'requests', file.name))).toEqual(file.bytes)
    expect(await files.find(ctx(), measure)).toBe('present')
    expect(await kindOf(files.put(ctx(), { ...file, bytes: Buffer.from('other') }))).toBe('invalid')

    const inbound = join(server.root, 'inbound')
    mkdirSync(join(inbound, 'folder.csv'))
    for (const name of ['.hidden.csv', 'stock-2.csv.tmp', 'stock-1.csv']) writeFileSync(join(inbound, name), 'sku\r\n')
    utimesSync(join(inbound, 'stock-1.csv'), 1_000, 1_000)
    const [found, ...others] = await files.list(ctx())
    expect(others).toEqual([])
    expect(found).toEqual({
      path: `${inbound}/stock-1.csv`,
      name: 'stock-1.csv',
      size: 5,
      modified: '1970-01-01T00:16:40.000Z',
    })
    if (found === undefined) return
    expect(Buffer.from(await files.get(ctx(), found)).toString()).toBe('sku\r\n')
    writeFileSync(join(server.root, 'archive', 'stock-1.csv'), 'older')
    await files.archive(ctx(), found, 'done')
    await files.archive(ctx(), found, 'done')
    expect(readdirSync(join(server.root, 'archive')).toSorted()).toEqual(['stock-1.csv', 'stock-1.csv.id1'])
    expect(readFileSync(join(server.root, 'archive', 'stock-1.csv'), 'utf8')).toBe('older')
    expect(await kindOf(files.get(ctx(), found))).toBe('not_found')
  })
  test('a folder that is not there is named as missing', async () => {
    rmSync(join(server.root, 'error'), { recursive: true })
    expect((await connector.auth.probe(ctx())).missing).toEqual([`folder ${server.root}/error`])
  })
})
