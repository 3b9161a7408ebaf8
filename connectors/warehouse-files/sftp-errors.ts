import { ChannelError, type ErrorKind } from '#kit'

/** What the far side's status codes mean (draft-ietf-secsh-filexfer-02 §7), and the texts that ssh2-sftp-client 12.1.1 puts instead. */
const kinds: Readonly<Record<string, ErrorKind>> = {
  2: 'not_found',
  ENOENT: 'not_found',
  3: 'forbidden',
  EACCES: 'forbidden',
  8: 'unsupported',
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** True when the server itself answered no: nothing is open about the outcome. */
export function isAnswered(error: unknown): boolean {
  return /^([2-5]|8|ENOENT|EACCES)$/.test(codeOf(error))
}

/** The step and the code only: a server's own text may name people or paths of other customers. */
export function toChannelError(step: string, error: unknown): ChannelError {
  if (error instanceof ChannelError) return error
  const code = codeOf(error)
  const kind = kinds[code] ?? 'transient'
  const why = kind === 'transient' && !isAnswered(error) ? 'the connection failed' : 'the server refused'
  return new ChannelError(
    kind,
    `SFTP ${step}: ${why}${code === '' ? '' : ` (${code})`}.`,
    { remoteCode: code },
    { cause: error },
  )
}
