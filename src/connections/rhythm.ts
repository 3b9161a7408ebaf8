/** What the last days of a connection show of how often its orders come. */
export interface Rhythm {
  readonly lastOrderSeenAt: Date | null
  /** Days on which orders came. */
  readonly days: number
  readonly arrivals: number
  readonly gapMaxS: number
}
export interface Silence {
  readonly isSilent: boolean
  readonly since: Date
  readonly usualGapS: number
  readonly alarmAfterS: number
  readonly sentence: string
}

/** Fewer say nothing: a shop that sells twice a day is quiet, not silent. */
const daysMin = 3
const arrivalsMin = 30
/** So much longer than its longest gap: nights and weekends are in that already. */
const beyondLongest = 1.5
/** Nobody is alarmed for less. */
const alarmAfterSMin = 3_600
const daySeconds = 86_400

function spoken(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}

/** Whether orders stay away for longer than the connection's own days make plausible. Null: too little is known to say. */
export function silenceOf({ lastOrderSeenAt, days, arrivals, gapMaxS }: Rhythm, now: Date): Silence | null {
  if (lastOrderSeenAt === null || days < daysMin || arrivals < arrivalsMin) return null
  const usualGapS = Math.max(1, Math.round((days * daySeconds) / arrivals))
  const alarmAfterS = Math.max(alarmAfterSMin, Math.ceil(gapMaxS * beyondLongest))
  const gapS = (now.getTime() - lastOrderSeenAt.getTime()) / 1_000
  return {
    ...{ isSilent: gapS > alarmAfterS, since: lastOrderSeenAt, usualGapS, alarmAfterS },
    sentence: `No order for ${spoken(gapS)}; one usually comes every ${spoken(usualGapS)}, and the longest gap of the last days was ${spoken(gapMaxS)}.`,
  }
}
