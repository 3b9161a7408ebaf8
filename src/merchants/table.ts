import { sql } from 'drizzle-orm'
import { boolean, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, createdAt, instant, merchantId } from '../platform/db/columns.ts'

export const merchant = pgTable('merchant', {
  merchantId: merchantId().primaryKey(),
  name: text('name').notNull(),
  timeZone: text('time_zone').notNull().default('UTC'),
  /** Of their books, ISO 4217. Null: they have not said. Orders keep the currency of their channel. */
  currency: text('currency'),
  /** Hand off what is reserved although another line is short. Off: orders ship complete. */
  shipsPartially: boolean('ships_partially').notNull().default(false),
  createdAt: createdAt(),
})

/** Control plane: looked up before the merchant is known. Only the hash of the secret is kept. */
export const apiKey = pgTable('api_key', {
  keyId: text('key_id').primaryKey(),
  merchantId: uuid('merchant_id').notNull(),
  secretSha256: bytea('secret_sha256').notNull(),
  label: text('label').notNull(),
  scopes: text('scopes').array().notNull().default(sql`'{}'`),
  createdAt: createdAt(),
  expiresAt: instant('expires_at'),
  revokedAt: instant('revoked_at'),
  /** To five minutes: reading does not become writing. */
  lastUsedAt: instant('last_used_at'),
})
