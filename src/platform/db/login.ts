import type pg from 'pg'
import { pgCode } from './tx.ts'

const oldest = 140_000
const grantsSayIt = 160_000 // from here on each grant says whether it is inherited, before that the role does
const doors = `unnest(array['hub_app', 'hub_ingest', 'hub_job', 'hub_account']) as door`
// A superuser is above all this: compose's first login is one, and within a door it is the door's role all the same.
const inherited = `select door, current_user as login from ${doors}, pg_roles me
  where me.rolname = current_user and not me.rolsuper and pg_has_role(current_user, door, 'USAGE')`

export async function refuseOldServer(client: pg.Client): Promise<number> {
  const { rows } = await client.query(`select current_setting('server_version_num')::int as version`)
  const { version } = rows[0]
  if (version < oldest)
    throw new Error(`DATABASE_URL: the server is PostgreSQL ${Math.floor(version / 10_000)}; use 14 or newer`)
  return version
}

/** The login may become the roles of the doors, and must not see through their policies by merely being a member. */
export async function inheritNothing(client: pg.Client, version: number): Promise<void> {
  let { rows } = await client.query(inherited)
  if (rows.length > 0 && version < grantsSayIt) {
    await client.query('alter role current_user noinherit').catch((error: unknown) => {
      if (pgCode(error) !== '42501') throw error // may not: then a person must
    })
    rows = (await client.query(inherited)).rows
  }
  const [first] = rows
  if (!first) return
  const login = client.escapeIdentifier(first.login)
  const mend =
    version < grantsSayIt
      ? `ALTER ROLE ${login} NOINHERIT`
      : `GRANT ${rows.map((row) => row.door).join(', ')} TO ${login} WITH INHERIT FALSE`
  throw new Error(`DATABASE_URL: the login inherits ${first.door} and would see rows of every merchant; run: ${mend}`)
}
