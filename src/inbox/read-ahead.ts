/**
 * Loads what comes next while the caller is still at work on what came last. Never more than one ahead; a failure to
 * load is thrown when its turn comes.
 */
export async function* readAhead<T>(load: (after: T | null) => Promise<T | null>): AsyncGenerator<T, void> {
  let next = load(null)
  try {
    for (let batch = await next; batch !== null; batch = await next) {
      next = load(batch)
      next.catch(() => undefined) // heard when it is awaited
      yield batch
    }
  } finally {
    await next.catch(() => undefined)
  }
}
