import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Algorithms } from 'ssh2'
import SftpClient from 'ssh2-sftp-client'
import { ChannelError, type Ctx } from '#kit'
import { fingerprintOf, sameFingerprint } from './host-key.ts'
import { type Credentials, Settings } from './settings.ts'
import { toChannelError } from './sftp-errors.ts'

/** One logged-in connection, for one call of the hub. */
export interface Session {
  readonly sftp: SftpClient
  readonly settings: Settings
  readonly hostKey: string
}

const connectLimitMs = 20_000
// Fifty megabytes over a slow line; the hub's own deadline may be shorter.
const sessionLimitMs = 90_000
const goodbyeLimitMs = 2_000

// What servers of the 2000s offer and ssh2 leaves out (mscdex/ssh2#1025). Asked for by name, never by default.
const legacy: Algorithms = {
  kex: {
    append: ['diffie-hellman-group14-sha1', 'diffie-hellman-group-exchange-sha1', 'diffie-hellman-group1-sha1'],
    prepend: [],
    remove: [],
  },
  serverHostKey: { append: ['ssh-rsa'], prepend: [], remove: [] },
}

interface Seen {
  hostKey: string
  authRefused: boolean
}

function expectedKey(secrets: Credentials, settings: Settings): string | undefined {
  return secrets.hostKeyFingerprint ?? settings.hostKeyFingerprint
}

function connectError(error: unknown, seen: Seen, expected: string | undefined): ChannelError {
  if (expected !== undefined && seen.hostKey !== '' && !sameFingerprint(expected, seen.hostKey)) {
    const message = `The server's host key changed: agreed ${expected}, found ${seen.hostKey}. Ask the warehouse, then connect again.`
    return new ChannelError('auth_revoked', message, { remoteCode: 'HOST_KEY' })
  }
  if (seen.authRefused)
    return new ChannelError('auth_revoked', 'The server refused the user name, password or key.', {
      remoteCode: 'AUTH',
    })
  return toChannelError('connect', error)
}

async function login(ctx: Ctx<Credentials>, settings: Settings, sock: Duplex): Promise<Session> {
  const { secrets } = ctx
  const expected = expectedKey(secrets, settings)
  const seen: Seen = { hostKey: '', authRefused: false }
  const ignore = () => {}
  // Without listeners of ours the client prints to the console.
  const sftp = new SftpClient('hub', { error: ignore, end: ignore, close: ignore })
  sftp.on('error', (error: { level?: string }) => {
    if (error.level === 'client-authentication') seen.authRefused = true
  })
  sftp.on('keyboard-interactive', (...asked: [string, string, string, unknown[], (answers: string[]) => void]) =>
    asked[4](asked[3].map(() => secrets.password ?? '')),
  )
  try {
    await sftp.connect({
      sock,
      username: secrets.username,
      ...(secrets.password === undefined ? {} : { password: secrets.password, tryKeyboard: true }),
      ...(secrets.privateKey === undefined ? {} : { privateKey: secrets.privateKey }),
      ...(secrets.passphrase === undefined ? {} : { passphrase: secrets.passphrase }),
      ...(settings.legacyAlgorithms ? { algorithms: legacy } : {}),
      readyTimeout: connectLimitMs,
      hostVerifier: (key: Buffer) => {
        seen.hostKey = fingerprintOf(key)
        return expected === undefined || sameFingerprint(expected, seen.hostKey)
      },
    })
    return { sftp, settings, hostKey: seen.hostKey }
  } catch (error) {
    throw connectError(error, seen, expected)
  }
}

async function leave(sftp: SftpClient, sock: Duplex): Promise<void> {
  const farewell = sftp.end().then(
    () => {},
    () => {},
  )
  await Promise.race([farewell, delay(goodbyeLimitMs, undefined, { ref: false })])
  sock.destroy()
}

/** Connects, runs one call and always hangs up. The hub's signal or our own limit cuts the line, which fails the call. */
export async function withSession<T>(ctx: Ctx<Credentials>, call: (session: Session) => Promise<T>): Promise<T> {
  const settings = Settings.parse(ctx.settings)
  const limit = AbortSignal.any([ctx.signal, AbortSignal.timeout(sessionLimitMs)])
  if (limit.aborted) throw new ChannelError('transient', 'SFTP connect: no time left.')
  const sock = await ctx.dial(settings.host, settings.port).catch((error: unknown) => {
    throw toChannelError('connect', error)
  })
  // SFTP is small questions and answers; holding them back to fill packets costs 40 ms each.
  if ('setNoDelay' in sock && typeof sock.setNoDelay === 'function') sock.setNoDelay(true)
  const cut = () => sock.destroy()
  limit.addEventListener('abort', cut, { once: true })
  try {
    const session = await login(ctx, settings, sock)
    try {
      return await call(session)
    } finally {
      await leave(session.sftp, sock)
    }
  } finally {
    limit.removeEventListener('abort', cut)
    sock.destroy()
  }
}
