import { createHash, timingSafeEqual } from 'node:crypto'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import ssh2, { type AuthContext, type Connection } from 'ssh2'
import type { FileTree } from './file-tree.ts'
import { answerSftp, type Fate, type Moment } from './sftp-answers.ts'

export interface SftpOptions {
  readonly port: number
  readonly username: string
  readonly password: string
  readonly hostKey: string
  readonly tree: FileTree
  /** Decides at each moment whether the line holds. */
  readonly fate: (moment: Moment) => Fate
  readonly now: () => number
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function checkLogin(options: SftpOptions, context: AuthContext): void {
  const right =
    context.method === 'password' &&
    context.username === options.username &&
    timingSafeEqual(digest(context.password), digest(options.password))
  if (right) context.accept()
  else context.reject(['password'])
}

function welcome(options: SftpOptions, client: Connection): void {
  client.on('authentication', (context) => checkLogin(options, context))
  // The fault "connection lost" is played on purpose; its errors are no news.
  client.on('error', () => {})
  client.on('session', (accept) => {
    accept().on('sftp', (acceptSftp) => {
      answerSftp(acceptSftp(), { tree: options.tree, fate: options.fate, now: options.now, hangUp: () => client.end() })
    })
  })
}

/** An SFTP server of one account on loopback. */
export async function startSftp(options: SftpOptions): Promise<{ readonly port: number; close(): Promise<void> }> {
  const ssh = new ssh2.Server({ hostKeys: [options.hostKey] })
  ssh.on('connection', (client) => welcome(options, client))
  const open = new Set<Socket>()
  // Our own listener, so that a connection can be cut before a word is said.
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
    if (options.fate('connect') === 'ok') ssh.injectSocket(socket)
    else socket.destroy()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}
