export interface FairQueue<T> {
  readonly length: number
  push(item: T): void
  /** The next ones, one of each merchant in turn, of each the oldest first. */
  take(limits: TakeLimits<T>): T[]
}
interface TakeLimits<T> {
  readonly rowsMax: number
  readonly bytesMax: number
  /** Leaves out whole merchants. */
  readonly only?: (merchantId: string) => boolean
  readonly bytesOf: (item: T) => number
}

/** A queue in which a merchant that sends little does not wait behind one that sends much. */
export function openFairQueue<T>(merchantOf: (item: T) => string): FairQueue<T> {
  const lines = new Map<string, T[]>()
  let length = 0

  /** Who has more goes to the end: more merchants than a batch takes have their turns, too. */
  const cut = (merchantId: string, line: T[], taken: number) => {
    lines.delete(merchantId)
    if (taken < line.length) lines.set(merchantId, line.slice(taken))
    length -= taken
  }
  return {
    get length() {
      return length
    },
    push(item) {
      const merchantId = merchantOf(item)
      const line = lines.get(merchantId)
      if (line) line.push(item)
      else lines.set(merchantId, [item])
      length++
    },
    take({ rowsMax, bytesMax, only = () => true, bytesOf }) {
      const asked = [...lines].filter(([merchantId]) => only(merchantId)).map(([id, line]) => ({ id, line, taken: 0 }))
      const batch: T[] = []
      let bytes = 0
      for (let round = 0, open = asked; open.length > 0; round++) {
        open = open.filter(({ line }) => line.length > round)
        for (const one of open) {
          const item = one.line[round]
          if (item === undefined) continue
          bytes += bytesOf(item)
          if (batch.length >= rowsMax || (batch.length > 0 && bytes > bytesMax)) {
            open = []
            break
          }
          batch.push(item)
          one.taken++
        }
      }
      for (const { id, line, taken } of asked) if (taken > 0) cut(id, line, taken)
      return batch
    },
  }
}
