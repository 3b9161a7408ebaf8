import type { ShipmentCommand } from '#kit'

interface OpenLine {
  readonly id: string
  readonly line: string
  readonly remaining: number
}
/** A fulfilment order: what Shopify expects to leave one location together. */
export interface Work {
  readonly id: string
  readonly status: string
  readonly canShip: boolean
  readonly location: string | null
  readonly method: string | null
  readonly lines: readonly OpenLine[]
}
/** What Shopify already counts as shipped under our tracking number (or, without one, under none). */
export interface Told {
  readonly id: string
  readonly lines: readonly { readonly line: string; readonly quantity: number }[]
}

export interface Parcel {
  readonly works: readonly {
    readonly work: string
    readonly lines: readonly { readonly id: string; readonly quantity: number }[]
  }[]
}
export interface Plan {
  /** The fulfilment that already tells of this shipment, in part or whole. */
  readonly told: string | null
  /** Units that are still to be told of. */
  readonly missing: number
  /** Of these: units that can be told now, one call for each location and delivery method. */
  readonly parcels: readonly Parcel[]
  readonly planned: number
  /** Units that wait for a hold or a date. */
  readonly waiting: number
}

const sleeping = new Set(['ON_HOLD', 'SCHEDULED'])

function stillMissing(shipment: ShipmentCommand, told: readonly Told[]): Map<string, number> {
  const missing = new Map<string, number>()
  for (const { line, quantity } of shipment.lines) missing.set(line, (missing.get(line) ?? 0) + quantity)
  for (const { line, quantity } of told.flatMap((one) => one.lines)) {
    const open = missing.get(line)
    if (open !== undefined) missing.set(line, Math.max(open - quantity, 0))
  }
  return missing
}

/** Takes from `missing` what this fulfilment order still waits for. */
function take(work: Work, missing: Map<string, number>): { id: string; quantity: number }[] {
  const taken: { id: string; quantity: number }[] = []
  for (const { id, line, remaining } of work.lines) {
    const quantity = Math.min(missing.get(line) ?? 0, remaining)
    if (quantity <= 0) continue
    missing.set(line, (missing.get(line) ?? 0) - quantity)
    taken.push({ id, quantity })
  }
  return taken
}

const sum = (missing: Map<string, number>) => [...missing.values()].reduce((a, b) => a + b, 0)

/**
 * Spreads a shipment over the open fulfilment orders, those of our own location first. One call may span several of
 * them, but only of one location and one delivery method (schema 2026-10; ChannelApe/shopify-sdk#102).
 */
export function planShipment(
  shipment: ShipmentCommand,
  works: readonly Work[],
  told: readonly Told[],
  ownLocation: string | undefined,
): Plan {
  const missing = stillMissing(shipment, told)
  const missingAtFirst = sum(missing)
  const ready = works.filter((work) => work.canShip)
  const own = ready.filter((work) => work.location === ownLocation)
  const others = ready.filter((work) => work.location !== ownLocation)
  const parcels = new Map<string, Parcel['works'][number][]>()
  for (const work of [...own, ...others]) {
    const lines = take(work, missing)
    if (lines.length === 0) continue
    const key = JSON.stringify([work.location, work.method])
    const parcel = parcels.get(key) ?? []
    parcel.push({ work: work.id, lines })
    parcels.set(key, parcel)
  }
  const planned = missingAtFirst - sum(missing)
  for (const work of works) if (sleeping.has(work.status)) take(work, missing)
  return {
    told: told[0]?.id ?? null,
    missing: missingAtFirst,
    parcels: [...parcels.values()].map((parcel) => ({ works: parcel })),
    planned,
    waiting: missingAtFirst - planned - sum(missing),
  }
}
