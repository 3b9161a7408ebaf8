import type { PartnerFact } from '#kit'
import type { Rng } from '#kit/pretend'
import { type Actor, anActor, type Loom } from './loom.ts'
import type { Call, FarSide, Reply } from './network.ts'

/** Shares of what a warehouse may do other than the usual. */
export interface WarehouseFaults {
  readonly rejects: number
  /** One unit of a parcel is found broken while it is picked. */
  readonly damages: number
  readonly splits: number
  readonly fileLate: number
  readonly fileTwice: number
}
interface JobLine {
  readonly sku: string
  readonly requested: number
  shipped: number
  closed: boolean
}
export interface Job {
  readonly number: string
  readonly orderNumber: string
  readonly lines: readonly JobLine[]
  readonly parcels: {
    readonly tracking: string
    readonly lines: { readonly sku: string; readonly quantity: number }[]
  }[]
  state: 'waiting' | 'picking' | 'done' | 'rejected' | 'cancelled'
}
export interface Warehouse {
  readonly side: FarSide
  readonly jobs: Map<string, Job>
  readonly onHand: Map<string, number>
  /** Units asked for beyond what was there, and units that broke or came up missing before it had said so. */
  readonly oversold: Map<string, number>
  readonly missing: Map<string, number>
  /** Request numbers that came twice with other content. */
  readonly reused: string[]
  /** Requests that it was told to stop before it had heard of them. */
  readonly unknown: string[]
  /** Counts all shelves and says so in a file. */
  count(): void
  /** False: there is none to lose. */
  lose(sku: string): boolean
  receive(sku: string, units: number): void
  /** Units that truly left for an order. */
  leftFor(orderNumber: string, sku: string): number
  busy(): boolean
  /** Files of it that the hub has not taken. */
  untaken(): number
}

export interface WarehouseWorld {
  readonly loom: Loom
  /** For how long things take; that is no decision. */
  readonly rng: Rng
  readonly faults: () => WarehouseFaults
  readonly clockAheadMs: number
  readonly epochMs: number
  /** Its final rows say how many units will not come. */
  readonly saysShort: boolean
  /** A file lies there for the hub. */
  readonly dropped: () => void
}

interface Reported {
  readonly path: string
  readonly name: string
  readonly text: string
  readonly modified: string
}
interface Floor extends WarehouseWorld {
  readonly self: Actor
  readonly jobs: Map<string, Job>
  readonly content: Map<string, string>
  readonly onHand: Map<string, number>
  readonly oversold: Map<string, number>
  readonly missing: Map<string, number>
  /** Of an order's SKU: how many of the units asked for beyond are counted. */
  readonly lacking: Map<string, number>
  readonly reused: string[]
  readonly unknown: string[]
  readonly requests: Map<string, string>
  /** Names that were there once: taken away, they are not found again. */
  readonly inbound: Map<string, Reported>
  readonly rows: { acks: PartnerFact[]; shipped: PartnerFact[] }
  under: number
  stamp: number
  files: number
}

const add = (numbers: Map<string, number>, sku: string, units: number) =>
  numbers.set(sku, (numbers.get(sku) ?? 0) + units)

/** Its own clock, strictly increasing: before and after are never in doubt. */
function clock(floor: Floor): string {
  floor.stamp = Math.max(floor.stamp + 1, floor.epochMs + floor.loom.now() + floor.clockAheadMs)
  return new Date(floor.stamp).toISOString()
}

function later(floor: Floor, msMax: number, label: string, run: () => void): void {
  floor.under++
  const step = () => {
    floor.under--
    run()
  }
  floor.loom.after(floor.self, floor.rng() * msMax, { label, run: step })
}

function sendFile(floor: Floor, document: string, facts: readonly PartnerFact[]): void {
  const text = JSON.stringify(facts)
  // Sent again by hand it is often the same rows and other bytes.
  const drop = (again: string) => {
    const name = `${document}-${++floor.files}${again}.json`
    floor.inbound.set(name, { path: name, name, text: again === '' ? text : `${text}\n`, modified: clock(floor) })
    floor.dropped()
  }
  const { decisions } = floor.loom
  const isLate = decisions.happens('file.late', floor.faults().fileLate)
  if (isLate) later(floor, 20_000, `brings a late ${document} file`, () => drop(''))
  else drop('')
  if (decisions.happens('file.twice', floor.faults().fileTwice))
    later(floor, 15_000, `brings the ${document} file again`, () => drop('-again'))
}

/** What was noted goes out in one file, at the end of a round. */
function note(floor: Floor, document: 'acks' | 'shipped', fact: PartnerFact): void {
  const rows = floor.rows[document]
  rows.push(fact)
  if (rows.length > 1) return
  later(floor, 1_000, `writes its ${document} file`, () => sendFile(floor, document, floor.rows[document].splice(0)))
}

function promised(floor: Floor, sku: string): number {
  let units = 0
  for (const job of floor.jobs.values()) {
    if (job.state !== 'waiting' && job.state !== 'picking') continue
    for (const line of job.lines) if (line.sku === sku && !line.closed) units += line.requested - line.shipped
  }
  return units
}

interface Asked {
  readonly number: string
  readonly orderNumber: string
  readonly kind: 'ship' | 'cancel'
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
}

function takeShip(floor: Floor, asked: Asked): void {
  const { number } = asked
  const content = JSON.stringify(asked)
  const known = floor.jobs.get(number)
  if (known !== undefined) {
    if (floor.content.get(number) !== content) floor.reused.push(number)
    note(floor, 'acks', answerTo(number, known.state === 'rejected'))
    return
  }
  const bySku = new Map<string, number>()
  for (const { sku, quantity } of asked.lines) add(bySku, sku, quantity)
  for (const [sku, units] of bySku) {
    const free = Math.max(0, (floor.onHand.get(sku) ?? 0) - promised(floor, sku))
    // Asked again after a no: the units that are not there are the same ones.
    const counted = floor.lacking.get(`${asked.orderNumber} ${sku}`) ?? 0
    if (units - free <= counted) continue
    add(floor.oversold, sku, units - free - counted)
    floor.lacking.set(`${asked.orderNumber} ${sku}`, units - free)
  }
  const lines = [...bySku].map(([sku, requested]) => ({ sku, requested, shipped: 0, closed: false }))
  const rejected = floor.loom.decisions.happens('warehouse.rejects', floor.faults().rejects)
  const job: Job = {
    number,
    orderNumber: asked.orderNumber,
    lines,
    parcels: [],
    state: rejected ? 'rejected' : 'waiting',
  }
  floor.jobs.set(number, job)
  floor.content.set(number, content)
  note(floor, 'acks', answerTo(number, rejected))
  if (!rejected) later(floor, 6_000, `picks ${number}`, () => pick(floor, job))
}

const answerTo = (request: string, rejected: boolean): PartnerFact =>
  rejected ? { type: 'rejected', request, reason: 'address' } : { type: 'accepted', request }

function takeCancel(floor: Floor, number: string): void {
  const job = floor.jobs.get(number)
  if (job === undefined) floor.unknown.push(number)
  const stops = job?.state === 'waiting' || job?.state === 'cancelled'
  if (stops) job.state = 'cancelled'
  const type = stops ? 'cancel_accepted' : 'cancel_rejected'
  note(floor, 'acks', { type, request: number, reason: stops ? 'stopped' : 'too late' })
}

function pick(floor: Floor, job: Job): void {
  if (job.state !== 'waiting') return
  job.state = 'picking'
  const units = job.lines.reduce((sum, line) => sum + line.requested, 0)
  const splits = units > 1 && floor.loom.decisions.happens('warehouse.splits', floor.faults().splits)
  later(floor, 4_000, `ships ${job.number}`, () => ship(floor, job, splits ? 1 : 0))
}

/** What goes into this parcel: half of the units when another follows, else all; never more than is there. */
function ship(floor: Floor, job: Job, following: number): void {
  const damages = floor.loom.decisions.happens('warehouse.damages', floor.faults().damages)
  const open = job.lines.filter((line) => !line.closed)
  let room = Math.ceil(open.reduce((sum, line) => sum + line.requested - line.shipped, 0) / (following + 1))
  const tracking = `T-${job.number}-${job.parcels.length + 1}`
  const shippedAt = clock(floor)
  const sent: { sku: string; quantity: number }[] = []
  for (const [at, line] of open.entries()) {
    const { sku } = line
    let quantity = Math.max(0, Math.min(line.requested - line.shipped, room, floor.onHand.get(sku) ?? 0))
    room -= quantity
    const breaks = damages && at === 0 && quantity > 0
    if (breaks) {
      quantity--
      lose(floor, sku)
    }
    line.shipped += quantity
    add(floor.onHand, sku, -quantity)
    line.closed = breaks || following === 0 || line.shipped === line.requested
    if (quantity === 0 && !line.closed) continue
    if (quantity > 0) sent.push({ sku, quantity })
    note(floor, 'shipped', {
      type: 'shipped',
      request: job.number,
      shipment: tracking,
      sku,
      quantity,
      carrier: 'post',
      tracking,
      shippedAt,
      final: line.closed,
      ...(line.closed && floor.saysShort ? { short: line.requested - line.shipped } : {}),
    })
  }
  if (sent.length > 0) job.parcels.push({ tracking, lines: sent })
  if (job.lines.every((line) => line.closed)) job.state = 'done'
  else later(floor, 6_000, `ships the rest of ${job.number}`, () => ship(floor, job, 0))
}

function lose(floor: Floor, sku: string): boolean {
  if ((floor.onHand.get(sku) ?? 0) === 0) return false
  add(floor.onHand, sku, -1)
  add(floor.missing, sku, 1)
  return true
}

/** Takes the files that were put there, in their order, in one round. */
function look(floor: Floor): void {
  for (const [name, text] of [...floor.requests]) {
    floor.requests.delete(name)
    for (const asked of JSON.parse(text) as Asked[]) {
      if (asked.kind === 'ship') takeShip(floor, asked)
      else takeCancel(floor, asked.number)
    }
  }
}

function answer(floor: Floor, { path, body }: Call): Reply {
  const asked = (body ?? {}) as { readonly name?: string; readonly text?: string; readonly path?: string }
  const name = asked.name ?? asked.path ?? ''
  if (path === '/files/put') {
    if (floor.requests.size === 0) later(floor, 2_000, 'looks for requests', () => look(floor))
    floor.requests.set(name, asked.text ?? '')
    return { status: 200 }
  }
  if (path === '/files/find') return { status: 200, body: floor.requests.has(name) }
  if (path === '/files/list') {
    const all = [...floor.inbound.values()]
    return { status: 200, body: all.map(({ text, ...file }) => ({ ...file, size: text.length })) }
  }
  const file = floor.inbound.get(name)
  if (path === '/files/archive') floor.inbound.delete(name)
  if (path === '/files/archive') return { status: 200 }
  return file === undefined ? { status: 404 } : { status: 200, body: file.text }
}

export function openWarehouse(world: WarehouseWorld, shelves: ReadonlyMap<string, number>): Warehouse {
  const floor: Floor = {
    ...world,
    self: anActor('warehouse'),
    jobs: new Map(),
    content: new Map(),
    onHand: new Map(shelves),
    oversold: new Map(),
    missing: new Map(),
    lacking: new Map(),
    reused: [],
    unknown: [],
    requests: new Map(),
    inbound: new Map(),
    rows: { acks: [], shipped: [] },
    under: 0,
    stamp: 0,
    files: 0,
  }
  return {
    ...floor,
    side: (call) => answer(floor, call),
    count: () => {
      const asOf = clock(floor)
      const facts = [...floor.onHand].map(([sku, onHand]): PartnerFact => ({ type: 'stock', sku, onHand, asOf }))
      sendFile(floor, 'stock', facts)
    },
    lose: (sku) => lose(floor, sku),
    receive: (sku, units) => void add(floor.onHand, sku, units),
    leftFor: (orderNumber, sku) => {
      const jobs = [...floor.jobs.values()].filter((job) => job.orderNumber === orderNumber)
      const lines = jobs.flatMap((job) => job.lines.filter((line) => line.sku === sku))
      return lines.reduce((sum, line) => sum + line.shipped, 0)
    },
    busy: () => floor.under > 0 || floor.requests.size > 0,
    untaken: () => floor.inbound.size,
  }
}
