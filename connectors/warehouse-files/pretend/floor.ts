import { createHash } from 'node:crypto'
import type { Rng } from '#kit/pretend'
import type { WarehouseDials } from './dials.ts'
import type { AckRow, ShipmentRow } from './reply-files.ts'
import type { RequestRow } from './request-file.ts'

interface FloorLine {
  readonly sku: string
  readonly requested: number
  shipped: number
  closed: boolean
}
export interface Job {
  readonly number: string
  readonly orderNumber: string
  /** To tell a repeated request from a number used twice. */
  readonly content: string
  readonly lines: readonly FloorLine[]
  readonly shipments: { tracking: string; lines: { sku: string; quantity: number }[] }[]
  state: 'waiting' | 'picking' | 'done' | 'rejected' | 'cancelled'
  reason: string
  parcels: number
}
export interface Floor {
  readonly name: string
  readonly jobs: Map<string, Job>
  readonly stock: Map<string, number>
  readonly rng: Rng
  readonly dials: () => WarehouseDials
  /** Strictly increasing, so that before and after are never in doubt. */
  readonly now: () => number
  readonly later: (minutes: readonly [number, number], then: () => void) => void
  readonly record: (what: string, data: Record<string, unknown>) => void
  readonly ack: (row: AckRow) => void
  readonly ship: (row: ShipmentRow) => void
}

/** Units that accepted requests still wait for. */
function promised(floor: Floor, sku: string): number {
  let units = 0
  for (const job of floor.jobs.values()) {
    if (job.state !== 'waiting' && job.state !== 'picking') continue
    for (const line of job.lines) if (line.sku === sku && !line.closed) units += line.requested - line.shipped
  }
  return units
}

function linesOf(rows: readonly RequestRow[]): FloorLine[] {
  const bySku = Map.groupBy(rows, (row) => row.sku)
  return [...bySku].map(([sku, same]) => ({
    sku,
    requested: same.reduce((sum, row) => sum + row.quantity, 0),
    shipped: 0,
    closed: false,
  }))
}

function decide(floor: Floor, job: Job): void {
  const foreign = job.lines.find((line) => !floor.stock.has(line.sku))
  const { number } = job
  if (foreign !== undefined || floor.rng() < floor.dials().reject) {
    job.state = 'rejected'
    job.reason = foreign === undefined ? 'INCORRECT_ADDRESS' : `INVALID_SKU ${foreign.sku}`
    floor.record('request.rejected', { number, reason: job.reason })
    floor.ack({ number, decision: 'rejected', reason: job.reason })
    return
  }
  floor.record('request.accepted', { number })
  floor.ack({ number, decision: 'accepted', reason: '' })
  floor.later(floor.dials().waitMinutes, () => pick(floor, job))
}

function countOversold(floor: Floor, job: Job): void {
  for (const { sku, requested } of job.lines) {
    const free = Math.max(0, (floor.stock.get(sku) ?? 0) - promised(floor, sku))
    if (floor.stock.has(sku) && requested > free)
      floor.record('request.oversold', { number: job.number, sku, units: requested - free })
  }
}

function takeShip(floor: Floor, rows: readonly RequestRow[], first: RequestRow): void {
  const { number, orderNumber } = first
  const content = JSON.stringify(rows)
  const known = floor.jobs.get(number)
  if (known !== undefined) {
    // Never sent twice; the decision taken is said again, because the first answer may have got lost.
    floor.record('request.duplicate', { number, identical: known.content === content })
    const said = known.state === 'rejected' ? 'rejected' : 'accepted'
    floor.ack({ number, decision: said, reason: known.reason })
    return
  }
  const lines = linesOf(rows)
  const job: Job = { number, orderNumber, content, lines, shipments: [], state: 'waiting', reason: '', parcels: 0 }
  floor.record('request.received', {
    number,
    orderNumber,
    lines: lines.map(({ sku, requested }) => ({ sku, quantity: requested })),
    receiver: first.receiver.name,
  })
  countOversold(floor, job)
  floor.jobs.set(number, job)
  decide(floor, job)
}

function takeCancel(floor: Floor, number: string): void {
  const job = floor.jobs.get(number)
  const already = job?.state === 'cancelled'
  if (job?.state === 'waiting' || already) {
    job.state = 'cancelled'
    if (!already) floor.record('request.cancelled', { number })
    floor.ack({ number, decision: 'cancel_accepted', reason: '' })
    return
  }
  const reason =
    job === undefined ? 'UNKNOWN_REQUEST' : job.state === 'rejected' ? 'ALREADY_REJECTED' : 'ALREADY_PICKED'
  floor.record('request.cancel_rejected', { number, reason })
  floor.ack({ number, decision: 'cancel_rejected', reason })
}

/** Takes the rows of one request file in, request by request, in the order of the file. */
export function takeIn(floor: Floor, rows: readonly RequestRow[]): void {
  for (const group of Map.groupBy(rows, (row) => `${row.type} ${row.number}`).values()) {
    const [first] = group
    if (first?.type === 'SHIP') takeShip(floor, group, first)
    else if (first !== undefined) takeCancel(floor, first.number)
  }
}

function pick(floor: Floor, job: Job): void {
  if (job.state !== 'waiting') return
  job.state = 'picking'
  floor.record('request.picking', { number: job.number })
  const units = job.lines.reduce((sum, line) => sum + line.requested, 0)
  const parcels = units > 1 && floor.rng() < floor.dials().partial ? 2 : 1
  const damaged = floor.rng() < floor.dials().shortShip
  floor.later(floor.dials().pickMinutes, () => sendParcel(floor, job, { left: parcels - 1, damaged }))
}

function lose(floor: Floor, job: Job, line: FloorLine): void {
  floor.stock.set(line.sku, (floor.stock.get(line.sku) ?? 0) - 1)
  floor.record('stock.damaged', { number: job.number, sku: line.sku, units: 1 })
}

interface Load {
  readonly line: FloorLine
  readonly quantity: number
}

/** What goes into this parcel: half of the units when another follows, else all; never more than is there. */
function load(floor: Floor, job: Job, left: number): Load[] {
  const open = job.lines.filter((line) => !line.closed)
  let room = Math.ceil(open.reduce((sum, line) => sum + line.requested - line.shipped, 0) / (left + 1))
  return open.map((line) => {
    const quantity = Math.max(0, Math.min(line.requested - line.shipped, room, floor.stock.get(line.sku) ?? 0))
    room -= quantity
    return { line, quantity }
  })
}

function sendParcel(floor: Floor, job: Job, plan: { readonly left: number; readonly damaged: boolean }): void {
  const victim = plan.damaged ? job.lines.find((line) => (floor.stock.get(line.sku) ?? 0) > 0) : undefined
  const loads = load(floor, job, plan.left).map((it) =>
    it.line === victim && it.quantity > 0 ? { ...it, quantity: it.quantity - 1, lost: true } : { ...it, lost: false },
  )
  job.parcels += 1
  const mark = createHash('sha256').update(`${floor.name} ${job.number} ${job.parcels}`).digest('hex')
  const filled = loads.some(({ quantity }) => quantity > 0)
  const tracking = filled ? `PW${mark.slice(0, 12).toUpperCase()}` : ''
  const parcel = { shipment: `P-${job.number}-${job.parcels}`, number: job.number, tracking, shippedAt: floor.now() }
  const sent: { sku: string; quantity: number }[] = []
  for (const { line, quantity, lost } of loads) {
    if (lost) lose(floor, job, line)
    line.shipped += quantity
    floor.stock.set(line.sku, (floor.stock.get(line.sku) ?? 0) - quantity)
    line.closed = lost || plan.left === 0 || line.shipped === line.requested
    if (quantity === 0 && !line.closed) continue
    if (quantity > 0) {
      sent.push({ sku: line.sku, quantity })
      floor.record('shipped', { number: job.number, shipment: parcel.shipment, sku: line.sku, quantity, tracking })
    }
    const short = line.requested - line.shipped
    const carrier = filled ? 'Pretend Post' : 'none'
    floor.ship({ ...parcel, sku: line.sku, quantity, carrier, final: line.closed, short })
  }
  if (sent.length > 0) job.shipments.push({ tracking, lines: sent })
  if (job.lines.every((line) => line.closed)) job.state = 'done'
  else floor.later(floor.dials().pickMinutes, () => sendParcel(floor, job, { left: plan.left - 1, damaged: false }))
}
