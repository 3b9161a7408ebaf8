import { connect } from 'node:net'
import { ChannelError, type Ctx, type FilePort } from '#kit'
import { connector } from './index.ts'

/** The port under test, as the hub sees it. */
export function filePort(): FilePort {
  if (connector.files === undefined) throw new Error('no file port')
  return connector.files
}

/** A context whose dial goes straight to loopback; settings and credentials pass through the connector's own schemas. */
export function testCtx(secrets: unknown, settings: unknown, signal: AbortSignal = new AbortController().signal): Ctx {
  let ids = 0
  return {
    connectionId: 'con_test',
    secrets: connector.credentials.parse(secrets),
    settings: connector.settings.parse(settings),
    send: () => Promise.reject(new Error('a file partner has no HTTP')),
    dial: (host, port) =>
      new Promise((resolve, reject) => {
        const socket = connect(port, host, () => resolve(socket))
        socket.once('error', reject)
      }),
    now: () => new Date('2026-11-23T07:05:00Z'),
    newId: () => `id${++ids}`,
    signal,
  }
}

/** The kind of the ChannelError that a call ends with, or `none`. */
export async function kindOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: unknown) => {
      if (error instanceof ChannelError) return error.kind
      throw error
    },
  )
}
