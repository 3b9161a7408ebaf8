import { useQuery } from '@tanstack/react-query'
import { merchantQuery } from '../api/queries.ts'

const dayMs = 86_400_000

/** One zone for every time on every page: the merchant's. */
export function useZone(): string {
  return useQuery(merchantQuery).data?.timeZone ?? 'UTC'
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatted(at: Date, timeZone: string, parts: Intl.DateTimeFormatOptions): string {
  const key = timeZone + JSON.stringify(parts)
  const format = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { ...parts, timeZone, hourCycle: 'h23' })
  formats.set(key, format)
  return format.format(at)
}

const clock = { hour: '2-digit', minute: '2-digit' } as const
const clockWithSeconds = { ...clock, second: '2-digit' } as const
const dayAndMonth = { day: 'numeric', month: 'short' } as const
const wholeDate = { ...dayAndMonth, year: 'numeric' } as const

const dayOf = (at: Date, zone: string) => formatted(at, zone, wholeDate)

/** "09:12" of today, else with its day: what a person needs to place it, and no more. */
export function timeText(iso: string, zone: string, now = new Date()): string {
  const at = new Date(iso)
  if (dayOf(at, zone) === dayOf(now, zone)) return formatted(at, zone, clock)
  if (dayOf(at, zone) === dayOf(new Date(now.getTime() - dayMs), zone)) return `yesterday ${formatted(at, zone, clock)}`
  const sameYear = at.getUTCFullYear() === now.getUTCFullYear()
  return `${formatted(at, zone, sameYear ? dayAndMonth : wholeDate)} ${formatted(at, zone, clock)}`
}

export const clockText = (at: Date, zone: string): string => formatted(at, zone, clockWithSeconds)

/** The same instant in the merchant's zone, in the reader's, and as the API says it. */
function everyZone(iso: string, zone: string): string {
  const at = new Date(iso)
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  const inZone = (name: string) => `${formatted(at, name, { ...wholeDate, ...clockWithSeconds })} ${name}`
  return [...new Set([inZone(zone), inZone(own)]), iso].join('\n')
}

export function Time({ at }: { readonly at: string }) {
  const zone = useZone()
  return (
    <time dateTime={at} title={everyZone(at, zone)} className="time">
      {timeText(at, zone)}
    </time>
  )
}

/** "4 s", "12 min", "3 h", "5 d". */
export function ageText(iso: string, now = Date.now()): string {
  const s = Math.max(0, Math.round((now - Date.parse(iso)) / 1_000))
  if (s < 60) return `${s} s`
  if (s < 3_600) return `${Math.floor(s / 60)} min`
  if (s < 48 * 3_600) return `${Math.floor(s / 3_600)} h`
  return `${Math.floor(s / 86_400)} d`
}

/** "45 min", "2 h", "3 d": a length that somebody promised. */
export function lengthText(ms: number): string {
  const min = Math.max(1, Math.round(ms / 60_000))
  if (min < 120) return min === 60 ? '1 h' : `${min} min`
  return min < 2_880 ? `${Math.round(min / 60)} h` : `${Math.round(min / 1_440)} d`
}
