import { z } from 'zod'

/** A wake-up: which lane should look at its rows. Ids only; losing one loses nothing. */
export const Wake = z.object({
  queue: z.string().min(1).max(60),
  kind: z.string().min(1).max(60),
  merchantId: z.string().max(64),
  connectionId: z.string().max(64),
})
export type Wake = z.infer<typeof Wake>

/** Two wakes with one name are one. Not with ":", which BullMQ keeps to itself. */
export function laneOf(wake: Wake): string {
  return `${wake.kind}.${wake.merchantId}.${wake.connectionId}`
}

const finestMs = 250
const stepsPerOctave = 16

/**
 * The moment at which a delayed wake rings: never before it was asked for, and a little after, on a grid that grows
 * coarser with the delay. So a lane that asks a thousand times for "in a minute" has a few alarms, not a thousand.
 */
export function alarmAt(nowMs: number, delayMs: number): number {
  const grid = Math.max(finestMs, 2 ** Math.floor(Math.log2(delayMs / stepsPerOctave)))
  return Math.ceil((nowMs + delayMs) / grid) * grid
}
