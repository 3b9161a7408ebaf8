const pattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i

// Making a formatter costs more than all else here, and a file has 100,000 rows in one zone.
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  if (formats.size < 1_000) formats.set(timeZone, format)
  return format
}

// Clocks change on full quarters of an hour, so one answer holds for all rows of a quarter.
const offsets = new Map<string, number>()
const quarterMs = 900_000

/** Milliseconds that a zone is ahead of UTC at an instant. */
function zoneOffsetMs(at: number, timeZone: string): number {
  const quarter = Math.floor(at / quarterMs)
  const key = `${timeZone} ${quarter}`
  const known = offsets.get(key)
  if (known !== undefined) return known
  const offset = askOffsetMs(quarter * quarterMs, timeZone)
  if (offsets.size < 10_000) offsets.set(key, offset)
  return offset
}

function askOffsetMs(at: number, timeZone: string): number {
  const name =
    formatOf(timeZone)
      .formatToParts(at)
      .find((part) => part.type === 'timeZoneName')?.value ?? ''
  const match = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(name)
  if (match === null) return 0
  const [, sign, hours, minutes, seconds = '0'] = match
  const ms = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000
  return sign === '-' ? -ms : ms
}

// Asked twice, because the offset at the wall time read as UTC may be that of the other side of a clock change.
function wallToUtc(wall: number, timeZone: string): number {
  const first = wall - zoneOffsetMs(wall, timeZone)
  return wall - zoneOffsetMs(first, timeZone)
}

function offsetMs(zone: string): number | null {
  if (zone.toUpperCase() === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(-2)) * (zone.length > 3 ? 1 : 0)
  if (hours > 14 || minutes > 59) return null
  return (hours * 60 + minutes) * 60_000 * (zone.startsWith('-') ? -1 : 1)
}

/** An ISO 8601 date with or without time and zone, as a UTC instant; null when it is none or lies outside 2000-2099. */
export function readInstant(text: string, timeZone: string): string | null {
  const match = pattern.exec(text)
  if (match === null) return null
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match
  const parts = [year, month, day, hour, minute, second].map(Number)
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = parts
  const wall = Date.UTC(y, mo - 1, d, h, mi, s, Number(fraction.padEnd(3, '0').slice(0, 3)))
  const back = new Date(wall)
  // Date.UTC rolls 31 February and 25:00 over to the next day; a file that says so is wrong.
  const same = back.getUTCMonth() === mo - 1 && back.getUTCDate() === d && back.getUTCHours() === h && mi < 60 && s < 60
  if (!same || y < 2000 || y > 2099) return null
  if (zone === undefined) return new Date(wallToUtc(wall, timeZone)).toISOString()
  const ahead = offsetMs(zone)
  return ahead === null ? null : new Date(wall - ahead).toISOString()
}
