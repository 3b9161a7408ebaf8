import { expect } from 'vitest'
import type { DoorTx, Tx } from '../../../src/platform/db/tx.ts'
import { type Cost, explaining } from './explain.ts'

export const perBatchRow = 100
const enough = new Error('undone')
type Run = (tx: Tx | DoorTx, work: () => Promise<unknown>) => Promise<never>

/** Carries the work out and rolls it back. */
export async function undone(door: (run: Run) => Promise<unknown>): Promise<void> {
  const run: Run = async (_, work) => {
    await work()
    throw enough
  }
  await door(run).catch((error: unknown) => {
    if (error !== enough) throw error
  })
}

export interface Frugal<T> {
  /** How many orders, listings or lanes the work is about. */
  readonly batch: number
  readonly door: (work: (tx: T) => Promise<never>) => Promise<unknown>
  /** Also fails where a scan reads more than that, although it is put to use. */
  readonly reads: boolean
}

/** Runs the work with its statements explained, undoes it, and fails where a node threw away more than 100 rows for each of the batch. */
export async function cheap<T extends Tx | DoorTx>(
  { batch, door, reads }: Frugal<T>,
  work: (tx: T) => Promise<unknown>,
): Promise<void> {
  const costs: Cost[] = []
  await undone((run) => door((tx) => run(tx, () => work(explaining(tx, costs)))))
  expect(costs.length).toBeGreaterThan(0)
  const limit = perBatchRow * batch
  const dear = costs.filter((cost) => cost.removed > limit || (reads && cost.read > limit))
  expect(dear.map((cost) => `${cost.worst}: ${cost.text.slice(0, 120)}`)).toEqual([])
}
