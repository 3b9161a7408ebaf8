import { z } from 'zod'

/** Everything in it is secret. The fingerprint is kept here so that nobody can swap it without a reconnect. */
export const Credentials = z
  .object({
    username: z.string().min(1).max(200),
    password: z.string().min(1).max(1_000).optional(),
    privateKey: z.string().min(1).max(20_000).optional(),
    passphrase: z.string().max(1_000).optional(),
    hostKeyFingerprint: z.string().max(200).optional(),
  })
  .refine((it) => it.password !== undefined || it.privateKey !== undefined, 'Give a password or a private key.')
export type Credentials = z.infer<typeof Credentials>

// A folder is data from a person: absolute or relative, but never one that climbs.
const folder = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\\\p{Cc}]+$/u, 'No backslash or control character in a folder.')
  .refine((path) => !path.split('/').includes('..'), 'No ".." in a folder.')
  .transform((path) => (path.length > 1 ? path.replace(/\/+$/, '') : path))

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null
  } catch {
    return false
  }
}

export const Settings = z.object({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535).default(22),
  folders: z
    .object({
      requests: folder.default('requests'),
      inbound: folder.default('inbound'),
      archive: folder.default('archive'),
      error: folder.default('error'),
    })
    .prefault({}),
  /** Of the files that come in; ours go out with commas. */
  delimiter: z.enum([',', ';', '\t', '|', 'auto']).default(','),
  /** Of dates without a zone. */
  timeZone: z.string().max(60).refine(isTimeZone, 'Not an IANA time zone.').default('UTC'),
  /** `required`: a file without its `#END` row is refused as cut. */
  endRow: z.enum(['optional', 'required']).default('optional'),
  /** Lines above the header: titles, remarks. */
  skipLines: z.int().min(0).max(20).default(0),
  /** Takes `5" pipe` without doubled quotes as written. */
  relaxQuotes: z.boolean().default(false),
  /** A SKU that comes twice in a stock file: the newest count is right, or the rows are places whose units add up. */
  sameSku: z.enum(['last', 'sum']).default('last'),
  /** A stock file that misses so large a share of the known SKUs is held; 1: it never is, for partners who send changes only. */
  missingShare: z.number().min(0.01).max(1).default(0.4),
  stableForS: z.number().min(0).max(3_600).default(60),
  pollEveryS: z.number().min(0.1).max(86_400).default(60),
  /** Admits SHA-1 key exchange and ssh-rsa, for servers that have nothing better. */
  legacyAlgorithms: z.boolean().default(false),
  /** Learned at the first connect when the credentials name none. */
  hostKeyFingerprint: z.string().max(200).optional(),
})
export type Settings = z.infer<typeof Settings>
