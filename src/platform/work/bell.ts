import pg from 'pg'
import type { LaneKey } from '../db/lane.ts'
import type { Db } from '../db/pool.ts'
import type { Log } from '../observe/log.ts'

/** What is rung across processes: one lane, or all lanes of some kinds of one merchant. Ids only. */
export type Ring = LaneKey | { readonly merchantId: string; readonly kinds: readonly string[] }

const channel = 'hub_wake'
const ringsPerNotifyMax = 50

/**
 * The sending half. Rings are gathered while one NOTIFY is on its way, and sent after the commits that caused them, on
 * their own: inside those transactions NOTIFY would serialise every commit. A lost ring costs time, never work.
 */
export interface Bell {
  ring(rings: readonly Ring[]): void
  flushed(): Promise<void>
}

export function openBell(db: Db, log: Log): Bell {
  const waiting = new Map<string, Ring>()
  let sending: Promise<void> | null = null
  const send = async (): Promise<void> => {
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, ringsPerNotifyMax)
      for (const [name] of batch) waiting.delete(name)
      try {
        await db.work.query('select pg_notify($1, $2)', [channel, JSON.stringify(batch.map(([, ring]) => ring))])
      } catch (error) {
        log.warn({ err: error, rings: batch.length }, 'bell.lost')
        return
      }
    }
  }
  return {
    ring(rings) {
      for (const ring of rings) waiting.set(JSON.stringify(ring), ring)
      sending ??= send().finally(() => {
        sending = null
      })
    },
    flushed: async () => void (await sending),
  }
}

/** The listening half: one direct connection per worker process, reopened when it breaks. */
export function openEar(url: string, log: Log, hear: (ring: Ring) => void): { close(): Promise<void> } {
  let client: pg.Client | null = null
  let closed = false
  const open = async (): Promise<void> => {
    while (!closed) {
      const next = new pg.Client({ connectionString: url, application_name: 'crossdock.ear', keepAlive: true })
      const broken = new Promise<void>((resolve) => {
        next.on('error', () => resolve())
        next.on('end', () => resolve())
      })
      next.on('notification', (message) => {
        for (const ring of JSON.parse(message.payload ?? '[]')) hear(ring)
      })
      try {
        await next.connect()
        await next.query(`listen ${channel}`)
        client = next
        await broken
      } catch (error) {
        log.warn({ err: error }, 'ear.unconnected')
      }
      client = null
      if (!closed) await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
  void open()
  return {
    close: async () => {
      closed = true
      await client?.end()
    },
  }
}
