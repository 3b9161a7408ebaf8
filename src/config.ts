import path from 'node:path'
import { z } from 'zod'
import { parseFailpoints } from './platform/base/failpoints.ts'
import { type KeyRing, keysFromFile, parseKeys } from './platform/base/key-ring.ts'
import { type Secret, secret } from './platform/base/secret.ts'

const roles = ['all', 'http', 'worker', 'migrate'] as const
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export type Role = (typeof roles)[number]

/** Everything that can be set from outside, read once at the start. Frozen. */
export interface Config {
  readonly role: Role
  readonly host: string
  readonly port: number
  /** Without a slash at its end. */
  readonly publicUrl: string
  /** Null: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | null
  /** Null: the timers live in PostgreSQL. */
  readonly redisUrl: string | null
  readonly dataDir: string
  readonly keys: KeyRing
  readonly logLevel: (typeof logLevels)[number]
  readonly devAllowHosts: readonly string[]
  readonly failpoints: string
  readonly pool: { readonly work: number; readonly ingest: number }
  /** For how many days what is over is kept. What is still needed is kept longer. */
  readonly keep: {
    /** Messages that were read, with the bytes as they came and the keys that know them again. */
    readonly messagesDays: number
    /** Names and addresses, from the last parcel or the cancellation on. */
    readonly personsDays: number
    /** Settled effects, settled exceptions and timelines of orders that are over. */
    readonly historyDays: number
  }
  /** How long a worker that went silent keeps what it was doing. */
  readonly laneLeaseMs: number
  /** Null: each connector's own interval. */
  readonly pollEveryS: number | null
  readonly trustProxy: false | number | readonly string[]
  /** How this hub is registered with platforms that know their apps, by connector. */
  readonly apps: ReadonlyMap<string, AppSetting>
  /** Makes merchants by API, and nothing else. Null: nobody can. */
  readonly installToken: Secret<string> | null
  /** Who may make an account and a merchant of their own. */
  readonly signUp: 'first' | 'open'
}

interface AppSetting {
  readonly clientId: string
  readonly clientSecret: Secret<string>
}

/** Every mend of every bad setting at once, in words for the person at the terminal. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`The hub cannot start with these settings:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

function whole(min: number, max: number) {
  const mend = `write a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,9}$/, mend)
    .transform(Number)
    .pipe(z.number(mend).min(min, mend).max(max, mend))
}

function url(schemes: readonly string[], mend: string) {
  return z
    .string()
    .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol), { error: mend, abort: true })
}

function list(item: (text: string) => boolean, mend: string) {
  return z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .refine((parts) => parts.length <= 50 && parts.every(item), mend)
}

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
const loopbackPair = /^(localhost|127(\.\d{1,3}){3}|\[::1\]):\d{1,5}$/
const proxyAddress = /^[0-9a-fA-F.:]{2,45}(\/\d{1,3})?$/

const publicUrlMend =
  'write the address that browsers and channels use, https://host[:port], or http:// for this machine only'
const keysMend =
  'write id:key[,olderId:olderKey], each key 32 bytes in base64, the first one is used for new secrets; `openssl rand -base64 32` makes a key'
const installTokenMend = 'write 32 to 200 letters, digits, - or _; `openssl rand -hex 32` makes one'
const signUpMend = 'write first, for one person who then invites the others, or open, for anybody'
const trustProxyMend =
  'write how many proxies stand in front (1 to 10), or their addresses as a comma list; leave it empty for none'

/** The settings, each with its mend as the message. `.env.example` lists the same names; a test compares them. */
export const Environment = z.object({
  HOST: z.string().max(255).default('127.0.0.1'),
  PORT: whole(0, 65_535).default(3000),
  PUBLIC_URL: url(['http:', 'https:'], publicUrlMend)
    .refine((text) => new URL(text).protocol === 'https:' || isLoopback(text), publicUrlMend)
    .transform((text) => new URL(text).origin)
    .optional(),
  DATABASE_URL: url(
    ['postgres:', 'postgresql:'],
    'write postgres://user:password@host:port/database, or leave it empty for the embedded one',
  ).optional(),
  REDIS_URL: url(['redis:', 'rediss:'], 'write redis://host:port or rediss://…, or leave it empty').optional(),
  DATA_DIR: z.string().max(1_000).default('.hub'),
  HUB_KEYS: z
    .string()
    .transform(parseKeys)
    .refine((ring) => ring !== null, keysMend)
    .optional(),
  LOG_LEVEL: z.enum(logLevels, `write one of ${logLevels.join(', ')}`).default('info'),
  DEV_ALLOW_HOSTS: list(
    (pair) => loopbackPair.test(pair),
    'write host:port pairs of this machine only, such as 127.0.0.1:4001',
  ).default([]),
  HUB_FAILPOINTS: z.string().superRefine(failpointIssue).default(''),
  POOL_WORK: whole(2, 200).default(8),
  POOL_INGEST: whole(1, 50).default(3),
  KEEP_MESSAGES_DAYS: whole(7, 3_650).default(30),
  KEEP_PERSONS_DAYS: whole(1, 3_650).default(30),
  KEEP_HISTORY_DAYS: whole(90, 3_650).default(400),
  LANE_LEASE_MS: whole(3_000, 600_000).default(20_000),
  POLL_EVERY_S: whole(1, 86_400).optional(),
  TRUST_PROXY: z
    .union([whole(1, 10), list((part) => proxyAddress.test(part), trustProxyMend)], trustProxyMend)
    .default([]),
  HUB_INSTALL_TOKEN: z
    .string()
    .regex(/^[A-Za-z0-9_-]{32,200}$/, installTokenMend)
    .transform((text) => secret(text))
    .optional(),
  HUB_SIGN_UP: z.enum(['first', 'open'], signUpMend).default('first'),
})
type Environment = z.infer<typeof Environment>

const secretSettings: ReadonlySet<string> = new Set(['DATABASE_URL', 'REDIS_URL', 'HUB_KEYS', 'HUB_INSTALL_TOKEN'])

function failpointIssue(text: string, ctx: { addIssue(message: string): void }): void {
  try {
    parseFailpoints(text)
  } catch (cause) {
    ctx.addIssue(cause instanceof Error ? cause.message : String(cause))
  }
}

const appName = /^APP_([A-Z][A-Z0-9_]{0,58})_(ID|SECRET)$/
const appValue = /^[\x21-\x7e]{1,200}$/

/** Registrations come in pairs; the connector's kind is in the names: APP_SHOPIFY_ID is for `shopify`. */
function readApps(given: Readonly<Record<string, string | undefined>>): {
  readonly apps: ReadonlyMap<string, AppSetting>
  readonly problems: readonly string[]
} {
  const names = Object.keys(given).flatMap((name) => appName.exec(name)?.[1] ?? [])
  const apps = new Map<string, AppSetting>()
  const problems: string[] = []
  for (const name of new Set(names)) {
    const [clientId = '', clientSecret = ''] = [given[`APP_${name}_ID`], given[`APP_${name}_SECRET`]]
    if (appValue.test(clientId) && appValue.test(clientSecret))
      apps.set(name.toLowerCase().replaceAll('_', '-'), { clientId, clientSecret: secret(clientSecret) })
    else problems.push(`APP_${name}_ID, APP_${name}_SECRET: set both, as the platform shows them, or neither`)
  }
  return { apps, problems }
}

function isLoopback(text: string): boolean {
  return loopbackHost.test(new URL(text).hostname)
}

/** Settings from outside to a frozen Config; with the embedded database, the key file is made on the first start. @throws ConfigError */
export function readConfig(outside: {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}): Config {
  const { role, problem } = roleOf(outside.argv)
  const given = Object.fromEntries(
    Object.entries(outside.env).filter(([, text]) => text !== undefined && text.trim() !== ''),
  )
  const parsed = Environment.safeParse(given)
  const problems = [...problem, ...(parsed.error?.issues ?? []).map((issue) => explain(issue, given))]
  if (!parsed.success) throw new ConfigError(problems)
  const env = parsed.data
  const publicUrl = env.PUBLIC_URL ?? `http://127.0.0.1:${env.PORT}`
  const { apps, problems: unpaired } = readApps(given)
  problems.push(...contradictions(env, role, publicUrl), ...unpaired)
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze({ ...freeze(env, role, publicUrl), apps })
}

/** The process's own settings. */
export function loadConfig(): Config {
  return readConfig({ argv: process.argv.slice(2), env: process.env })
}

function roleOf(argv: readonly string[]): { readonly role: Role; readonly problem: readonly string[] } {
  const [word = 'all', ...rest] = argv
  const role = roles.find((name) => name === word)
  if (role && rest.length === 0) return { role, problem: [] }
  return {
    role: 'all',
    problem: [`role: got "${argv.join(' ')}"; write one of ${roles.join(', ')}, or nothing for all`],
  }
}

function explain(issue: z.core.$ZodIssue, given: Readonly<Record<string, string | undefined>>): string {
  const name = String(issue.path[0])
  const got = secretSettings.has(name) ? 'a value that is not shown here' : `"${(given[name] ?? '').slice(0, 200)}"`
  return `${name}: got ${got}; ${issue.message}`
}

function contradictions(env: Environment, role: Role, publicUrl: string): string[] {
  const problems: string[] = []
  const embedded = env.DATABASE_URL === undefined
  if (embedded && (role === 'http' || role === 'worker'))
    problems.push(
      `DATABASE_URL: is not set, and the role ${role} shares its database with other processes; set it, or run the role all`,
    )
  if (!embedded && !env.HUB_KEYS)
    problems.push(
      `HUB_KEYS: is not set, and DATABASE_URL is; the keys must outlive this machine as the database does; ${keysMend}`,
    )
  if (isLoopback(publicUrl)) return problems
  if (env.HUB_FAILPOINTS !== '')
    problems.push(
      `HUB_FAILPOINTS: is set while PUBLIC_URL is ${publicUrl}; failpoints are for this machine only, unset one of the two`,
    )
  if (env.DEV_ALLOW_HOSTS.length > 0)
    problems.push(
      `DEV_ALLOW_HOSTS: is set while PUBLIC_URL is ${publicUrl}; it opens this machine's own ports to merchants, unset one of the two`,
    )
  return problems
}

function freeze(env: Environment, role: Role, publicUrl: string): Omit<Config, 'apps'> {
  const dataDir = path.resolve(env.DATA_DIR)
  const noProxy = Array.isArray(env.TRUST_PROXY) && env.TRUST_PROXY.length === 0
  return Object.freeze({
    role,
    host: env.HOST,
    port: env.PORT,
    publicUrl,
    databaseUrl: env.DATABASE_URL ?? null,
    redisUrl: env.REDIS_URL ?? null,
    dataDir,
    keys: env.HUB_KEYS ?? keysFromFile(path.join(dataDir, 'keys')),
    logLevel: env.LOG_LEVEL,
    devAllowHosts: Object.freeze(env.DEV_ALLOW_HOSTS),
    failpoints: env.HUB_FAILPOINTS,
    pool: Object.freeze({ work: env.POOL_WORK, ingest: env.POOL_INGEST }),
    keep: Object.freeze({
      messagesDays: env.KEEP_MESSAGES_DAYS,
      personsDays: env.KEEP_PERSONS_DAYS,
      historyDays: env.KEEP_HISTORY_DAYS,
    }),
    laneLeaseMs: env.LANE_LEASE_MS,
    pollEveryS: env.POLL_EVERY_S ?? null,
    trustProxy: noProxy ? false : env.TRUST_PROXY,
    installToken: env.HUB_INSTALL_TOKEN ?? null,
    signUp: env.HUB_SIGN_UP,
  })
}
