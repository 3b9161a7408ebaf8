import { setImmediate } from 'node:timers/promises'

const sliceLength = 8

/** Does the same for each of many, and lets others of this process have their turn after every few. */
export async function inSlices<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  for (const [n, item] of items.entries()) {
    if (n > 0 && n % sliceLength === 0) await setImmediate()
    work(item)
  }
}
