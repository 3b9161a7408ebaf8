/** One allowance of the far side. The hub keeps the bucket; the connector only names it in `http.send`. */
export interface Budget {
  readonly id: string
  readonly scope: 'app' | 'connection'
  readonly perSecond: number
  readonly burst: number
  readonly concurrentMax: number
}

/** A setting that a person writes before they are sent to the far side's consent page. */
export interface Ask {
  readonly setting: string
  readonly label: string
  readonly example: string
  /** Where a merchant finds it. */
  readonly help: string
  /** Only for a hub on a developer's own machine. */
  readonly development?: boolean
}

/** Everything the hub may know about a connector without running its code. Pure data. */
export interface Manifest {
  readonly kind: string
  readonly title: string
  readonly role: 'channel' | 'partner'
  readonly auth: {
    readonly flow: 'oauth2' | 'key-pair' | 'ssh-key-or-password'
    readonly accessTtlS: number | null
    readonly refresh: 'none' | 'rotating'
  }
  /** In the order in which they are asked. None: it connects by credentials alone. */
  readonly asks?: readonly Ask[]
  /** Null: the far side pushes nothing. */
  readonly push: {
    /** True: a fresh webhook holds the whole order. False: it is a hint, and the order is fetched. */
    readonly carriesOrder: boolean
    /** Older than this, a body may be stale, so it is treated as a hint. */
    readonly freshForS: number
    /** True only where the same delivery id always means the same delivery (and different means different). */
    readonly stableDeliveryId: boolean
    readonly answerWithinMs: number
    readonly bodyBytesMax: number
  } | null
  readonly orders: {
    readonly pageMax: number
    readonly getMax: number
    readonly pollEveryS: number
    readonly overlapS: number
    /** How long a change may be missing from `list` after it happened. Until a later poll than that, a sale may hide. */
    readonly indexLagS?: number
  } | null
  readonly inventory: {
    readonly batchMax: number
    /** Compare-and-set: the write names the number it replaces, so an unseen sale is never put back on sale. */
    readonly compareAndSet: boolean
    readonly quantityMax: number
  } | null
  readonly shipment: { readonly granularity: 'order' | 'line-quantity' } | null
  /** Partner only. `batchMax`: requests per file or call. `ackWithinS`: then a person is told. */
  readonly requests: { readonly batchMax: number; readonly ackWithinS: number } | null
  readonly files: { readonly pollEveryS: number; readonly stableForS: number; readonly fileBytesMax: number } | null
  readonly budgets: readonly Budget[]
}
