import pg from 'pg'

const connectMsMax = 10_000

/**
 * The hub logs in as a plain role that owns its database and can make the roles of the three doors, and no more:
 * not a superuser, bound by row-level security, inheriting nothing. Repeated at each start, so a lost password file mends itself.
 */
export async function ensureHubDatabase(
  adminUrl: string,
  hub: { readonly role: string; readonly database: string; readonly password: string },
): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: connectMsMax })
  await admin.connect()
  try {
    const role = admin.escapeIdentifier(hub.role)
    const known = await admin.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [hub.role])
    await admin.query(
      `${known.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEDB ` +
        `CREATEROLE NOINHERIT PASSWORD ${admin.escapeLiteral(hub.password)}`,
    )
    const made = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [hub.database])
    if (made.rowCount === 0) await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(hub.database)} OWNER ${role}`)
  } finally {
    await admin.end()
  }
}
