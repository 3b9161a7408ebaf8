import pg from 'pg'
import { type Db, openDb } from '../../src/platform/db/pool.ts'

export interface RealSession {
  readonly client: pg.PoolClient
  readonly pid: number
}

/** One database that schedules run in, one after another. */
export interface RealDatabase {
  /** Straight through, without any scheduler: for the oracles. */
  readonly db: Db
  /** The server's processes that serve it. */
  readonly pids: readonly number[]
  /** At once: opening one would be a wait that no scheduler sees. */
  take(): RealSession
  giveBack(session: RealSession): void
  /** Server processes that hold what this one waits for. */
  blockers(pid: number): Promise<readonly number[]>
  cancel(pid: number): Promise<void>
  /** The moment of the database's clock at so many milliseconds of the schedule. */
  timeAt(ms: number): string
  /** As the superuser, who sees every row. */
  look<T extends object>(text: string, params?: readonly unknown[]): Promise<T[]>
  /** Everything away; the next schedule begins on empty tables, and with the same "random" ids. */
  reset(): Promise<void>
  close(): Promise<void>
}

export const epochMs = Date.UTC(2026, 0, 5, 8)
const sessions = 40
const truncateEvery = 40

const names = new Map<string, string>()
function nameOf(text: string): string {
  const name = names.get(text) ?? `look${names.size}`
  names.set(text, name)
  return name
}
/**
 * `now()` and `gen_random_uuid()` of the hub's statements are found in this schema first: the schedule's clock, and ids
 * that are the same in every replay.
 */
const ownSchema = 'sim, pg_catalog, public'

export const furnishTemplate = `
  create schema sim; grant usage on schema sim to public;
  create sequence sim.ids; grant usage on sequence sim.ids to public;
  create function sim.now() returns timestamptz language sql stable as
    $$ select coalesce(nullif(current_setting('sim.now', true), '')::timestamptz, '${new Date(epochMs).toISOString()}'::timestamptz) $$;
  create function sim.gen_random_uuid() returns uuid language sql volatile as
    $$ select ('51a00000-0000-4000-8000-' || lpad(to_hex(nextval('sim.ids')), 12, '0'))::uuid $$;
  create table sim.complaint (what text); grant insert on sim.complaint to public;
  alter table public.lane add column sim_actor text;
  create function sim.watch_lane() returns trigger language plpgsql as $$
    declare who text := current_setting('sim.actor', true);
    begin
      if new.lease_token is not null and new.lease_token is distinct from old.lease_token then
        if old.lease_token is not null and old.lease_until >= sim.now() then
          insert into sim.complaint values (format('%s took lane %s, which %s holds', who, old.kind, old.sim_actor));
        end if;
        new.sim_actor := who;
      elsif old.lease_token is not null and new.lease_until is distinct from old.lease_until and who is distinct from old.sim_actor then
        insert into sim.complaint values (format('%s changed the lease of lane %s, which %s holds', who, old.kind, old.sim_actor));
      end if;
      return new;
    end $$;
  create trigger watch before update on public.lane for each row execute function sim.watch_lane();
  do $$ declare c record; begin
    for c in select table_name as t, column_name as n from information_schema.columns
      where table_schema = 'public' and column_default = 'now()'
    loop execute format('alter table public.%I alter column %I set default sim.now()', c.t, c.n); end loop;
  end $$;
  do $$ begin
    execute 'create function sim.empty() returns void language plpgsql set session_replication_role = replica as $f$ begin '
      || (select string_agg(format('if pg_relation_size(%s) > 0 then delete from public.%I; end if; ', oid, relname), '') from pg_class
          where relnamespace = 'public'::regnamespace and relkind = 'r')
      || ' end $f$';
  end $$`

/** Limits in time are the schedule's, not the server's. */
async function openSession(db: Db): Promise<RealSession> {
  const client = await db.work.connect()
  await client.query(`set search_path = ${ownSchema}; set lock_timeout = 0; set statement_timeout = 0;
    set idle_in_transaction_session_timeout = 0`)
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  // From now on two statements may go out behind one another: BEGIN and the first.
  Object.assign(client, { pipeline: true })
  return { client, pid: rows[0]?.pid ?? 0 }
}

export async function openRealDatabase(urls: {
  readonly url: string
  readonly adminUrl: string
}): Promise<RealDatabase> {
  const db = openDb(urls.url, { work: sessions + 2, ingest: 1 })
  const admin = new pg.Client({ connectionString: urls.adminUrl })
  await admin.connect()
  const { rows } = await admin.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
  )
  const tables = rows.map((row) => row.name)
  const idle = await Promise.all(Array.from({ length: sessions }, () => openSession(db)))
  let resets = 0
  const own = await admin.query<{ pid: number }>('select pg_backend_pid() as pid')
  return {
    db,
    pids: [...idle, ...own.rows].map(({ pid }) => pid),
    take: () => {
      const session = idle.pop()
      if (session === undefined) throw new Error(`more than ${sessions} sessions at once`)
      return session
    },
    giveBack: (session) => void idle.push(session),
    blockers: async (pid) => {
      const query = { name: 'blockers', text: 'select pg_blocking_pids($1) as pids', values: [pid] }
      return (await admin.query<{ pids: number[] }>(query)).rows[0]?.pids ?? []
    },
    cancel: async (pid) => void (await admin.query('select pg_cancel_backend($1)', [pid])),
    timeAt: (ms) => new Date(epochMs + ms).toISOString(),
    look: async (text, params = []) => (await admin.query({ name: nameOf(text), text, values: [...params] })).rows,
    reset: async () => {
      // Deleting is the cheaper of the two, until the dead rows pile up.
      await admin.query(resets++ % truncateEvery === 0 ? `truncate ${tables.join(', ')}` : 'select sim.empty()')
      await admin.query('alter sequence sim.ids restart; delete from sim.complaint')
    },
    close: async () => {
      for (const session of idle) session.client.release(true)
      await db.close()
      await admin.end()
    },
  }
}
