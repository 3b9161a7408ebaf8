import { randomUUID } from 'node:crypto'
import type { Db } from '../db/pool.ts'
import { withClaimTx } from '../db/tx.ts'
import type { Log } from '../observe/log.ts'

const beatMs = 10_000
/** Whoever was silent for this long is gone, and its row with it. */
const forgetS = 3_600

/** What a process says of itself. */
export interface Self {
  readonly role: string
  readonly version: string
  readonly startedAt: Date
}
export interface Heartbeat {
  /** It takes no new work from now on. */
  drain(): void
  stop(): Promise<void>
}

const beat = `with forgotten as (delete from hub_process where seen_at < now() - ${forgetS} * interval '1 second' and process_id <> $1)
  insert into hub_process as p (process_id, role, version, started_at, draining) values ($1, $2, $3, $4, $5)
  on conflict (process_id) do update set seen_at = now(), draining = excluded.draining`

/** Says every few seconds that this process is there. A lost beat costs nothing: people see how old the last one is. */
export function openHeartbeat(db: Db, log: Pick<Log, 'debug'>, { role, version, startedAt }: Self): Heartbeat {
  const id = randomUUID()
  let draining = false
  const say = async (): Promise<void> => {
    try {
      await withClaimTx(db, (tx) => tx.rows(beat, [id, role, version, startedAt, draining]), { deadlineMs: beatMs })
    } catch (error) {
      log.debug({ err: error }, 'heartbeat.lost')
    }
  }
  void say()
  const timer = setInterval(() => void say(), beatMs)
  return {
    drain: () => {
      draining = true
      void say()
    },
    stop: async () => {
      clearInterval(timer)
      try {
        await withClaimTx(db, (tx) => tx.rows('delete from hub_process where process_id = $1', [id]), {
          deadlineMs: 2_000,
        })
      } catch (error) {
        log.debug({ err: error }, 'heartbeat.lost')
      }
    },
  }
}

export interface Running extends Self {
  readonly seenAt: Date
  readonly draining: boolean
}

/** The processes of this installation, by their own word. */
export function listProcesses(db: Db): Promise<Running[]> {
  return withClaimTx(db, (tx) =>
    tx.rows<Running & object>(
      `select role, version, started_at as "startedAt", seen_at as "seenAt", draining from hub_process order by role, started_at limit 100`,
    ),
  )
}
