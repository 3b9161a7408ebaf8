import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, createdAt, instant, merchantId } from '../platform/db/columns.ts'

/** A person who signs in. Of no merchant: who belongs to which is `membership`. */
export const userAccount = pgTable('user_account', {
  userId: uuid('user_id').primaryKey(),
  /** In lower case. The one thing here that says who somebody is. */
  email: text('email').notNull().unique('user_email'),
  passwordHash: text('password_hash').notNull(),
  /** Sealed. Counts from `totpSince` on; before that it waits for its first code. */
  totpSecret: text('totp_secret'),
  totpSince: instant('totp_since'),
  /** The newest step of 30 s whose code was used: no code counts twice. */
  totpStep: bigint('totp_step', { mode: 'bigint' }),
  createdAt: createdAt(),
})

export const recoveryCode = pgTable(
  'recovery_code',
  { userId: uuid('user_id').notNull(), codeSha256: bytea('code_sha256').notNull() },
  (t) => [primaryKey({ columns: [t.userId, t.codeSha256] })],
)

/** A browser that is signed in, looking at one merchant. Only the hash of its token is kept. */
export const session = pgTable(
  'session',
  {
    sessionId: uuid('session_id').primaryKey(),
    tokenSha256: bytea('token_sha256').notNull().unique('session_token'),
    userId: uuid('user_id').notNull(),
    /** Null: they belong to none now. */
    merchantId: uuid('merchant_id'),
    /** Words of our own for browser and system. */
    client: text('client').notNull(),
    createdAt: instant('created_at').notNull(),
    usedAt: instant('used_at').notNull(),
    /** When password or code were last shown. */
    verifiedAt: instant('verified_at').notNull(),
    endsAt: instant('ends_at').notNull(),
  },
  (t) => [index('session_of_user').on(t.userId)],
)

/** The password was right, the code is still to come. */
export const signInStep = pgTable('sign_in_step', {
  tokenSha256: bytea('token_sha256').primaryKey(),
  userId: uuid('user_id').notNull(),
  tries: integer('tries').notNull().default(0),
  endsAt: instant('ends_at').notNull(),
})

/** How often somebody tried in vain: by account and by address, each known only by its keyed hash. */
export const signInThrottle = pgTable(
  'sign_in_throttle',
  {
    keyHmac: bytea('key_hmac').primaryKey(),
    failures: integer('failures').notNull(),
    countedAt: instant('counted_at').notNull(),
  },
  (t) => [index('sign_in_throttle_age').on(t.countedAt)],
)

const role = () => text('role').notNull()
const roles = sql`role in ('owner', 'manager', 'operator', 'viewer', 'partner')`

export const membership = pgTable(
  'membership',
  {
    merchantId: merchantId(),
    userId: uuid('user_id').notNull(),
    role: role(),
    /** A viewer who may see names and addresses all the same. */
    seesPersons: boolean('sees_persons').notNull().default(false),
    createdAt: createdAt(),
    /** When they last looked at this merchant, to a minute; their sessions may be over. */
    seenAt: instant('seen_at'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.userId] }),
    index('membership_of_user').on(t.userId),
    check('membership_role', roles),
  ],
)

/** Only the hash of its token is kept. It counts once, until it ends. */
export const invitation = pgTable(
  'invitation',
  {
    merchantId: merchantId(),
    invitationId: uuid('invitation_id').notNull(),
    tokenSha256: bytea('token_sha256').notNull().unique('invitation_token'),
    email: text('email').notNull(),
    role: role(),
    seesPersons: boolean('sees_persons').notNull().default(false),
    createdAt: instant('created_at').notNull(),
    endsAt: instant('ends_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.invitationId] }), check('invitation_role', roles)],
)
