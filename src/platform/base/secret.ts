import { inspect } from 'node:util'

/** A value that JSON, the log, string building and the debugger show as `[redacted]`. Only `reveal` gives it. */
export interface Secret<T> {
  reveal(): T
  toJSON(): string
}

const shown = '[redacted]'

export function secret<T>(value: T): Secret<T> {
  return Object.freeze({
    reveal: () => value,
    toJSON: () => shown,
    toString: () => shown,
    [inspect.custom]: () => shown,
  })
}
