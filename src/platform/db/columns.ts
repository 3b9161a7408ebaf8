import { customType, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Every tenant table starts with it; row-level security and every key lead with it. */
export const merchantId = () => uuid('merchant_id').notNull()
export const instant = (name: string) => timestamp(name, { withTimezone: true })
export const createdAt = () => instant('created_at').notNull().defaultNow()
export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
