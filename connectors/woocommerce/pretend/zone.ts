/** The shop's own wall clock. WordPress shows times without an offset, once local and once as GMT. */
export interface Zone {
  readonly name: string
  readonly offsetMs: (at: number) => number
  readonly localText: (at: number) => string
}

/** GMT as WooCommerce writes it: whole seconds and no `Z`. */
export function gmtText(at: number): string {
  return new Date(at).toISOString().slice(0, 19)
}

export function zoneOf(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  const localText = (at: number) => {
    const part = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, p.value]))
    return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}`
  }
  const offsetMs = (at: number) => Date.parse(`${localText(at)}Z`) - Math.floor(at / 1000) * 1000
  return { name, offsetMs, localText }
}

function fromLocal(text: string, zone: Zone): number {
  const guess = Date.parse(`${text}Z`)
  // Twice, because the offset is that of the instant looked for, which differs around a clock change.
  return guess - zone.offsetMs(guess - zone.offsetMs(guess))
}

const datePattern = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.\d+)?(Z|[+-]\d{2}(?::\d{2})?)?$/

/**
 * The instant, in whole seconds, that a date parameter means to the store; null when it is no date.
 * A date with `Z` or an offset together with `dates_are_gmt` is off by the store's own offset: observed on WooCommerce
 * 11.0.1 (2026-11-23), Berlin then misses the last hour and New York sees five hours too many.
 */
export function parameterSeconds(text: string, datesAreGmt: boolean, zone: Zone): number | null {
  const match = datePattern.exec(text)
  if (!match) return null
  const plain = `${match[1]}T${match[2]}`
  const offset = match[3]
  if (Number.isNaN(Date.parse(`${plain}Z`))) return null
  if (offset === undefined) return (datesAreGmt ? Date.parse(`${plain}Z`) : fromLocal(plain, zone)) / 1000
  const at = Date.parse(plain + (/^[+-]\d{2}$/.test(offset) ? `${offset}:00` : offset))
  if (Number.isNaN(at)) return null
  return (datesAreGmt ? at + zone.offsetMs(at) : at) / 1000
}
