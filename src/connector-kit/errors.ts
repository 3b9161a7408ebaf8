/** What the runner does next. The connector names the kind; only the hub retries, waits or stops. */
export type ErrorKind =
  | 'transient' // 5xx, socket, timeout before the effect: retry with backoff
  | 'rate_limited' // wait `retryAfterMs`; costs no attempt
  | 'quota_exhausted' // a budget of hours or a day is gone: park until `retryAfterMs`
  | 'auth_expired' // refresh once, then replay
  | 'auth_revoked' // a person must reconnect; the connection's lanes stop
  | 'forbidden' // scope or role missing: a person, but no new login
  | 'conflict' // the far side moved (stale compare value): re-read, recompute, resubmit
  | 'not_ready' // order on hold or pending there: later, no alarm
  | 'already_applied' // the effect exists: success
  | 'not_found'
  | 'invalid' // wrong for this item: no retry, shown to a person
  | 'unsupported' // the channel has no such operation
  | 'outcome_unknown' // sent, no answer: find() before any resend

export interface ErrorInfo {
  readonly retryAfterMs?: number
  readonly httpStatus?: number
  readonly remoteCode?: string
  readonly remoteRequestId?: string
  readonly field?: string
}

/** A failure of the far side. `message` must be safe to show and log: no secret, no person. */
export class ChannelError extends Error {
  readonly kind: ErrorKind
  readonly info: ErrorInfo

  constructor(kind: ErrorKind, message: string, info: ErrorInfo = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ChannelError'
    this.kind = kind
    this.info = info
  }
}

/** A stored body that no translation fits. Ends the message as `dead(reason)`, for a person to see. */
export class UnreadableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UnreadableError'
  }
}
