/**
 * How far a call came, which decides whether it may be repeated.
 * `refused`: the guard said no, for ever. `before_send`: certain that no byte of the request left.
 * `after_send`: the far side may have acted.
 */
export type EgressStage = 'refused' | 'before_send' | 'after_send'

/** A call that got no whole answer. `message` names host and port, never a path, a query or a credential. */
export class EgressError extends Error {
  readonly stage: EgressStage

  constructor(stage: EgressStage, message: string) {
    super(message)
    this.name = 'EgressError'
    this.stage = stage
  }
}

const texts: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name does not exist',
  EAI_AGAIN: 'the name could not be looked up now',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
}

/** Words for a socket's error, from its code alone: Node's own messages may repeat what was sent. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === '') return 'the call failed'
  const certificate = /CERT|SIGNED|ISSUER|ALTNAME|TLS|SSL/.test(code)
  return `${texts[code] ?? (certificate ? 'its TLS certificate or handshake is not acceptable' : 'the call failed')} (${code})`
}
