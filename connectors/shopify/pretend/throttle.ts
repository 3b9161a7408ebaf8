/** Shopify's leaky bucket of query points, for one app and one store. In real time: rates are not scaled. */
export interface Bucket {
  readonly maximum: number
  readonly restorePerSecond: number
  available: number
  at: number
}

export function openBucket(size: { readonly maximum: number; readonly restorePerSecond: number }): Bucket {
  return { ...size, available: size.maximum, at: Date.now() }
}

function restore(bucket: Bucket): void {
  const now = Date.now()
  const gained = ((now - bucket.at) / 1000) * bucket.restorePerSecond
  bucket.available = Math.min(bucket.maximum, bucket.available + gained)
  bucket.at = now
}

/** Takes the requested points, or nothing when there are too few. */
export function takePoints(bucket: Bucket, points: number): boolean {
  restore(bucket)
  if (points > bucket.available) return false
  bucket.available -= points
  return true
}
/** What was asked for and not used goes back. */
export function giveBack(bucket: Bucket, points: number): void {
  restore(bucket)
  bucket.available = Math.min(bucket.maximum, bucket.available + points)
}

export function costReport(bucket: Bucket, requested: number, actual: number | null) {
  restore(bucket)
  return {
    cost: {
      requestedQueryCost: requested,
      actualQueryCost: actual,
      throttleStatus: {
        maximumAvailable: bucket.maximum,
        currentlyAvailable: Math.floor(bucket.available),
        restoreRate: bucket.restorePerSecond,
      },
    },
  }
}
