import type { Db } from './pool.ts'
import { type DoorTx, type Tx, withClaimTx } from './tx.ts'

/** Which work of which connection. */
export interface LaneKey {
  readonly merchantId: string
  readonly connectionId: string
  readonly kind: string
}
/** A lane held under a fenced lease. `tookOver`: the holder before us never gave it back. */
export interface Lease extends LaneKey {
  readonly token: string
  readonly tookOver: boolean
}

export class LeaseLost extends Error {
  constructor(key: LaneKey) {
    super(`the lease of lane ${key.kind} is gone`)
    this.name = 'LeaseLost'
  }
}

/** Lanes exist from the connection's first moment; asking twice is harmless. */
export async function ensureLanes(tx: Tx, connectionId: string, kinds: readonly string[]): Promise<void> {
  await tx.rows(
    `insert into lane (merchant_id, connection_id, kind) select $1, $2, unnest($3::text[])
     on conflict (merchant_id, connection_id, kind) do nothing`,
    [tx.merchantId, connectionId, kinds],
  )
}

/**
 * Takes a lane for `leaseMs`, or null when another holds it, it is not there, or (unless `early`) its time has not come.
 * No call lasts longer than the lease, so a holder which lost it has none in flight that it may still await.
 */
export function takeLane(db: Db, key: LaneKey, early: boolean, leaseMs: number): Promise<Lease | null> {
  return withClaimTx(db, async (tx) => {
    const [row] = await tx.rows<{ token: string; took_over: boolean }>(
      `update lane l set lease_token = gen_random_uuid(), lease_until = now() + $5 * interval '1 ms', served_at = now()
       from (select lease_token from lane where merchant_id = $1 and connection_id = $2 and kind = $3
               and lease_until < now() and ($4 or due_at <= now()) for update skip locked) before
       where l.merchant_id = $1 and l.connection_id = $2 and l.kind = $3
       returning l.lease_token as token, before.lease_token is not null as took_over`,
      [key.merchantId, key.connectionId, key.kind, early, leaseMs],
    )
    return row ? { ...key, token: row.token, tookOver: row.took_over } : null
  })
}

/** Prolongs a lease by its full length. @throws LeaseLost when another took it */
export async function extendLease(db: Db, lease: Lease, leaseMs: number): Promise<void> {
  const kept = await withClaimTx(db, (tx) =>
    tx.rows(
      `update lane set lease_until = now() + $5 * interval '1 ms'
       where merchant_id = $1 and connection_id = $2 and kind = $3 and lease_token = $4 and lease_until > now() returning 1`,
      [lease.merchantId, lease.connectionId, lease.kind, lease.token, leaseMs],
    ),
  )
  if (kept.length === 0) throw new LeaseLost(lease)
}

/** Gives a lane back; its next turn comes after `dueInMs`, or when it is woken early. A lost lease is left alone. */
export async function returnLane(db: Db, lease: Lease, dueInMs: number): Promise<void> {
  await withClaimTx(db, (tx) =>
    tx.rows(
      `update lane set lease_token = null, lease_until = '-infinity', due_at = now() + $5 * interval '1 ms'
       where merchant_id = $1 and connection_id = $2 and kind = $3 and lease_token = $4`,
      [lease.merchantId, lease.connectionId, lease.kind, lease.token, dueInMs],
    ),
  )
}

/**
 * First statement of every transaction of a lane's holder: locks the lane row, so that a thief waits for us and we
 * never write after a thief. An unlocked check would race. @throws LeaseLost
 */
export async function fence(tx: Tx, lease: Lease): Promise<void> {
  const rows = await tx.rows(
    `select 1 from lane where merchant_id = $1 and connection_id = $2 and kind = $3 and lease_token = $4
     and lease_until > now() for no key update`,
    [lease.merchantId, lease.connectionId, lease.kind, lease.token],
  )
  if (rows.length === 0) throw new LeaseLost(lease)
}

/** Lanes of a kind whose holder went silent: what it was doing waits for nobody's due time. */
export function orphanedLanes(tx: DoorTx, kind: string, limit: number): Promise<LaneKey[]> {
  return tx.rows<LaneKey>(
    `select merchant_id as "merchantId", connection_id as "connectionId", kind from lane
     where kind = $1 and lease_token is not null and lease_until < now() order by lease_until limit $2`,
    [kind, limit],
  )
}

/** Every merchant has a lane of its own for this kind of upkeep, named by its own id; the first time is drawn, so that they do not crowd. */
export async function ownLanes(tx: DoorTx, kind: string): Promise<void> {
  await tx.rows(
    `insert into lane (merchant_id, connection_id, kind, due_at) select m.merchant_id, m.merchant_id, $1, now() + random() * interval '1 hour' from merchant m
     where not exists (select 1 from lane l where l.merchant_id = m.merchant_id and l.connection_id = m.merchant_id and l.kind = $1)
     on conflict do nothing`,
    [kind],
  )
}

/** Of these lanes, those that nobody holds at the moment, in this or another process. */
export function freeLanes(tx: DoorTx, keys: readonly LaneKey[]): Promise<LaneKey[]> {
  return tx.rows<LaneKey>(
    `select d.m as "merchantId", d.c as "connectionId", d.k as kind from unnest($1::uuid[], $2::uuid[], $3::text[]) as d(m, c, k)
     cross join lateral (select lease_until from lane l where l.merchant_id = d.m and l.connection_id = d.c and l.kind = d.k offset 0) l
     where l.lease_until < now()`,
    [keys.map((key) => key.merchantId), keys.map((key) => key.connectionId), keys.map((key) => key.kind)],
  )
}

/** Lanes of the given kinds whose own time came `olderMs` ago or earlier and that nobody holds, the longest unserved first. */
export function dueLanes(tx: DoorTx, kinds: readonly string[], limit: number, olderMs = 0): Promise<LaneKey[]> {
  return tx.rows<LaneKey>(
    `select merchant_id as "merchantId", connection_id as "connectionId", kind from lane
     where kind = any($1::text[]) and due_at <= now() - $3 * interval '1 ms' and lease_until < now() order by served_at limit $2`,
    [kinds, limit, olderMs],
  )
}
