import type { Log } from '../observe/log.ts'

const quietMs = 30_000
const knownMax = 200

/** A queue that is away says so many times a second; the log hears each complaint once in half a minute, with its count. */
export function openComplaints(log: Log): (queue: string, cause: unknown) => void {
  const known = new Map<string, { saidAt: number; unsaid: number }>()
  return (queue, cause) => {
    const err = cause instanceof Error ? cause : new Error(String(cause))
    const about = `${queue} ${err.message.slice(0, 80)}`
    const before = known.get(about)
    if (before && performance.now() - before.saidAt < quietMs) {
      before.unsaid += 1
      return
    }
    if (known.size >= knownMax) known.clear()
    known.set(about, { saidAt: performance.now(), unsaid: 0 })
    log.warn({ queue, err, repeated: before?.unsaid ?? 0 }, 'queue.error')
  }
}
