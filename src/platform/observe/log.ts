import { type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger, pino } from 'pino'
import { scrub, scrubText } from './scrub.ts'

/**
 * One wide line per outcome: `log.info({ merchantId, orderId, durationMs }, 'order.imported')`.
 * The second argument is the event, past tense and dotted; ids go into fields, never into the event.
 */
export type Log = Logger

export interface LogOptions {
  readonly level: string
  /** Said in every line: which process this is. */
  readonly role?: string
  /** Where lines go instead of standard output. */
  readonly stream?: DestinationStream
}

/** Opens the log. Every field passes `scrub`, so an object logged whole shows no secret and no person. */
export function createLog({ level, role, stream }: LogOptions): Log {
  const options = {
    level,
    base: role === undefined ? {} : { role },
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: 'event',
    serializers: { err: (err: unknown) => err }, // scrubbed already; pino's own would take it for a strange error
    formatters: {
      level: (label: string) => ({ level: label }),
      bindings: scrubbed,
      log: scrubbed,
    },
    hooks: { logMethod },
  }
  const log = stream ? pino(options, stream) : pino(options)
  const child = log.child
  // pino asks its `bindings` formatter about the first log only; every child is made through this one.
  log.child = function scrubbedChild<L extends string = never>(
    this: Logger,
    bindings: Bindings,
    childOptions?: ChildLoggerOptions<L>,
  ): Logger<L> {
    return Reflect.apply(child, this, [scrubbed(bindings), childOptions])
  }
  return log
}

function scrubbed(fields: object): Record<string, unknown> {
  const clean = scrub(fields)
  return typeof clean === 'object' && clean !== null ? { ...clean } : {}
}

/** pino takes an error's message as the event, and fills %s from further arguments: both would pass the scrubbing by. */
function logMethod(this: Logger, args: unknown[], method: (...args: [object, string]) => void): void {
  const [first, second] = args
  const fields = first instanceof Error ? { err: first } : typeof first === 'object' && first !== null ? first : {}
  const event = typeof first === 'string' ? first : typeof second === 'string' ? second : 'error'
  method.call(this, fields, scrubText(event).replaceAll('%', '%%'))
}
