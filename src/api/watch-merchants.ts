import type { Db } from '../platform/db/pool.ts'
import type { Log } from '../platform/observe/log.ts'
import { changedTopics, type Marks, readMarks, type Topic } from './changes-seen.ts'

export interface Seen {
  readonly marks: Marks
  readonly changed: readonly Topic[]
}
type Listener = (seen: Seen) => void

interface Watched {
  readonly listeners: Set<Listener>
  marks: Marks | null
  timer: NodeJS.Timeout | undefined
}

const lookEveryMs = 1_000
/** After a change everybody reads anew, so a flood is told of less often than it could be. */
const restMs = 3_000

export interface Watch {
  /** Calls with the marks as soon as they are known, then whenever some change. Returns how to stop. */
  follow(merchantId: string, listener: Listener): () => void
  stop(): void
}

/** One look a second for each merchant whom somebody watches here, however many do; none for the others. */
export function watchMerchants(db: Db, log: Pick<Log, 'debug'>): Watch {
  const watched = new Map<string, Watched>()
  const look = async (merchantId: string, one: Watched): Promise<void> => {
    let nextMs = lookEveryMs
    try {
      const marks = await readMarks(db, merchantId)
      const changed = one.marks === null ? [] : changedTopics(one.marks, marks)
      const isFirst = one.marks === null
      one.marks = marks
      if (isFirst || changed.length > 0) for (const tell of [...one.listeners]) tell({ marks, changed })
      if (changed.length > 0) nextMs = restMs
    } catch (error) {
      // The page goes on asking by itself; what changed meanwhile is told of at the next look.
      log.debug({ err: error }, 'events.unseen')
    }
    if (one.listeners.size > 0) one.timer = setTimeout(() => void look(merchantId, one), nextMs)
  }
  const begin = (merchantId: string): Watched => {
    const one: Watched = { listeners: new Set(), marks: null, timer: undefined }
    watched.set(merchantId, one)
    one.timer = setTimeout(() => void look(merchantId, one), 0)
    return one
  }
  return {
    follow(merchantId, listener) {
      const one = watched.get(merchantId) ?? begin(merchantId)
      one.listeners.add(listener)
      if (one.marks !== null) listener({ marks: one.marks, changed: [] })
      return () => {
        one.listeners.delete(listener)
        if (one.listeners.size > 0) return
        clearTimeout(one.timer)
        watched.delete(merchantId)
      }
    },
    stop() {
      for (const one of watched.values()) {
        clearTimeout(one.timer)
        one.listeners.clear()
      }
      watched.clear()
    },
  }
}
