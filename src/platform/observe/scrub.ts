const shown = '[redacted]'
const depthMax = 6
const entriesMax = 60
const textMax = 600

/** Names whose values never reach a log, at any depth: secrets, bodies, and whatever says who somebody is. Compared in lower case, without - and _. */
const closedNames = new Set(
  `authorization cookie cookies setcookie token accesstoken refreshtoken idtoken apikey consumerkey consumersecret clientsecret secret secrets
   password passphrase privatekey credential credentials hmac signature key keys databaseurl redisurl connectionstring
   body raw rawbody payload content data text html params parameters query bindings detail where
   person persons customer buyer recipient contact email emails phone name firstname lastname fullname company
   address address1 address2 street shipto billto shippingaddress billingaddress city zip postalcode note notes message ip remoteaddress`.split(
    /\s+/,
  ),
)
const closedSuffix = /(token|secret|password|apikey|email|phone|address)$/

const patterns: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@]{1,300}@/gi, '$1…@'], // user:password in a URL
  [/(https?:\/\/[^\s?#]{1,300})[?#][^\s"']{1,2000}/gi, '$1?…'], // queries carry codes, signatures and search words
  [/\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}/gi, `$1 ${shown}`],
  [/\b(sh(?:pat|pss|pca|ppa|prt)|ck|cs|sk|whsec)_[A-Za-z0-9]{6,}/g, `$1_${shown}`], // Shopify's and WooCommerce's keys tell what they are
  [/[^\s@<>"'(),;:]{1,64}@[^\s@<>"'(),;:]{1,255}\.[a-z]{2,24}/gi, shown], // mail addresses
]

/** Free text made fit for a log: known shapes of secrets and addresses out, and not without end. */
export function scrubText(text: string): string {
  const cut = text.length > textMax ? `${text.slice(0, textMax)}…` : text
  return patterns.reduce((clean, [pattern, instead]) => clean.replace(pattern, instead), cut)
}

/** A bounded copy of anything, without the values of closed names. What is not plain data is named, not shown. */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return scrubText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (value === null || typeof value !== 'object') return value
  if (depth >= depthMax) return '…'
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Error) return scrubError(value, depth)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `${value.byteLength} bytes`
  if (Array.isArray(value)) return value.slice(0, entriesMax).map((item) => scrub(item, depth + 1))
  if (isSecret(value)) return shown
  return isPlain(value) ? scrubFields(value, depth) : `[${value.constructor.name}]`
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function scrubFields(value: object, depth: number): Record<string, unknown> {
  const fields = Object.entries(value).slice(0, entriesMax)
  return Object.fromEntries(
    fields.map(([name, inner]) => [name, closes(name, inner) ? shown : scrub(inner, depth + 1)]),
  )
}

/** Numbers and flags under a closed name say nothing about anybody: `body: 512`, `token: false`. */
function closes(name: string, inner: unknown): boolean {
  if (inner === null || inner === undefined || typeof inner === 'number' || typeof inner === 'boolean') return false
  const plain = name.toLowerCase().replaceAll(/[-_]/g, '')
  return closedNames.has(plain) || closedSuffix.test(plain)
}

function isSecret(value: object): boolean {
  return 'reveal' in value && typeof value.reveal === 'function'
}

/**
 * An error without its data. PostgreSQL's `detail` holds the row; Drizzle's message holds the parameters after
 * "params:" (0.45.4, seen 2026-11-23); a stack begins with the message, so only its frames are kept.
 */
function scrubError(error: Error, depth: number): Record<string, unknown> {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const facts = ['code', 'kind', 'status', 'constraint', 'table', 'column', 'schema', 'routine', 'severity']
  const own = new Map<string, unknown>(Object.entries(error))
  return {
    type: error.name,
    message: scrubText(withoutData(error)),
    ...Object.fromEntries(facts.filter((fact) => own.has(fact)).map((fact) => [fact, scrub(own.get(fact), depth + 1)])),
    stack: frames.slice(0, 8).map((line) => line.trim().slice(0, 300)),
    ...(error.cause === undefined ? {} : { cause: scrub(error.cause, depth + 1) }),
  }
}

/** PostgreSQL's class 22 and JSON.parse quote the input that they could not read. */
function withoutData(error: Error): string {
  const message = error.message.split(/\s*\bparams:/)[0] ?? ''
  const quotesInput = error instanceof SyntaxError || ('code' in error && String(error.code).startsWith('22'))
  return quotesInput ? message.replace(/"[\s\S]*"/, '"…"') : message
}
