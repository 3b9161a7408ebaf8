const shape = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|\+00:00)?$/

/** A `*_gmt` field ("2026-11-23T09:00:00", UTC without saying so) as an ISO instant; null for "", nonsense and year zero. */
export function instantOf(text: string): string | null {
  const match = shape.exec(text)
  const at = match ? Date.parse(`${match[1]}T${match[2]}Z`) : Number.NaN
  return Number.isNaN(at) || at <= 0 ? null : new Date(at).toISOString()
}

/**
 * A `modified_after` value that still finds what changed in the second of `instant`: the parameter is exclusive with a
 * resolution of one second. It carries no "Z": together with `dates_are_gmt=true` a zone is subtracted twice, which
 * leaves a blind spot as long as the shop's UTC offset (both observed on 11.0.1 in Berlin, 2026-11-23).
 */
export function cursorAt(instant: string, earlierS = 0): string {
  const at = Math.floor(Date.parse(instant) / 1000) - 1 - earlierS
  return new Date(at * 1000).toISOString().slice(0, 19)
}

export function laterOf(a: string, b: string): string {
  return Date.parse(a) >= Date.parse(b) ? a : b
}
