import type { ZodType } from 'zod'
import type { Connector, Settings } from '../connector-kit/index.ts'
import { type FieldError, Problem } from '../platform/http/problem.ts'

export interface ConnectRequest {
  readonly connector: string
  /** Null: what the connection is called already, or else the shop's own name. */
  readonly label: string | null
  readonly credentials: Readonly<Record<string, unknown>>
  readonly settings: Readonly<Record<string, unknown>>
  readonly ordersFrom: string | null
  /** Null: as it is, and off where it is new. */
  readonly writeMode: 'off' | 'on' | null
  readonly location: { readonly code: string; readonly name: string; readonly rank: number } | null
}
export interface CheckedRequest extends ConnectRequest {
  readonly spoken: Connector
  readonly secrets: unknown
  readonly parsed: Settings
}

const issuesMax = 20

/** zod's messages name what is expected, never what was sent; secrets stay out of answers all the same by cutting to known words. */
function parsed<T>(schema: ZodType<T>, given: unknown, at: string): { readonly value: T } | FieldError[] {
  const result = schema.safeParse(given)
  if (result.success) return { value: result.data }
  return result.error.issues.slice(0, issuesMax).map((issue) => ({
    field: [at, ...issue.path.map(String)].join('.'),
    message: issue.message.slice(0, 200),
    mend: `Give the ${at} that this connector needs.`,
  }))
}

function unknownSettings(given: Readonly<Record<string, unknown>>, kept: Settings): FieldError[] {
  return Object.keys(given)
    .filter((name) => !(name in kept))
    .slice(0, issuesMax)
    .map((name) => ({
      field: `settings.${name.slice(0, 60)}`,
      message: 'is no setting of this connector',
      mend: 'Leave it out.',
    }))
}

/** A connector's own schema may let through what no database keeps. */
function unstorable(settings: Settings): FieldError[] {
  const bad = new Set<string>()
  JSON.stringify(settings, (name, value: unknown) => {
    if (typeof value === 'string' && (!value.isWellFormed() || value.includes('\u0000'))) bad.add(name)
    return value
  })
  return [...bad].map((name) => ({
    field: `settings.${name}`,
    message: 'holds a character that is not text',
    mend: 'Remove it.',
  }))
}

function locationErrors(connector: Connector, request: ConnectRequest): FieldError[] {
  const partner = connector.manifest.role === 'partner'
  if (partner === (request.location !== null)) return []
  return [
    partner
      ? {
          field: 'location',
          message: 'is missing',
          mend: 'Say from where this partner ships: {"code", "name", "rank"}.',
        }
      : { field: 'location', message: 'is only for partners', mend: 'Leave it out.' },
  ]
}

function connectorOf(connectors: ReadonlyMap<string, Connector>, kind: string): Connector {
  const connector = connectors.get(kind)
  if (connector) return connector
  const known = [...connectors.keys()].sort().join(', ')
  throw invalid([{ field: 'connector', message: 'is not known here', mend: `Use one of: ${known}.` }])
}

function settingsOf(
  connector: Connector,
  given: ConnectRequest['settings'],
): { readonly value: Settings } | FieldError[] {
  const settings = parsed(connector.settings, given, 'settings')
  if (!('value' in settings)) return settings
  const errors = [...unknownSettings(given, settings.value), ...unstorable(settings.value)]
  return errors.length > 0 ? errors : settings
}

/** Settings alone, before there are credentials. @throws Problem naming each field */
export function checkSettings(
  connectors: ReadonlyMap<string, Connector>,
  request: Pick<ConnectRequest, 'connector' | 'settings'>,
): { readonly spoken: Connector; readonly parsed: Settings } {
  const spoken = connectorOf(connectors, request.connector)
  const settings = settingsOf(spoken, request.settings)
  if (!('value' in settings)) throw invalid(settings)
  return { spoken, parsed: settings.value }
}

/** Everything that can be told wrong without asking the far side. @throws Problem naming each field */
export function checkRequest(connectors: ReadonlyMap<string, Connector>, request: ConnectRequest): CheckedRequest {
  const connector = connectorOf(connectors, request.connector)
  const secrets = parsed(connector.credentials, request.credentials, 'credentials')
  const settings = settingsOf(connector, request.settings)
  const errors = [
    ...('value' in secrets ? [] : secrets),
    ...('value' in settings ? [] : settings),
    ...locationErrors(connector, request),
  ]
  if (errors.length > 0 || !('value' in secrets) || !('value' in settings)) throw invalid(errors)
  return { ...request, spoken: connector, secrets: secrets.value, parsed: settings.value }
}

function invalid(errors: readonly FieldError[]): Problem {
  return new Problem(400, 'HUB_VALIDATION', 'The connection cannot be made from this.', errors)
}
