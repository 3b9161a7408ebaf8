import { createHash } from 'node:crypto'
import { calm, type Faults, type PretendOptions, type PretendWarehouse, seededRng, worldSleep } from '#kit/pretend'
import { calmDials, roughDials, type WarehouseDials } from './dials.ts'
import { children, newTree } from './file-tree.ts'
import { type Floor, type Job, takeIn } from './floor.ts'
import { hostKeyFor } from './host-key.ts'
import { dropOff, type PostRoom, takeAway } from './post-room.ts'
import { type AckRow, acksFile, type ShipmentRow, shipmentsFile, stockFile } from './reply-files.ts'
import { isRequestFile, readRequestFile } from './request-file.ts'
import type { Fate, Moment } from './sftp-answers.ts'
import { startSftp } from './sftp-server.ts'

export type { WarehouseDials } from './dials.ts'

const folders = { requests: '/requests', inbound: '/inbound', archive: '/archive', error: '/error' } as const
const minuteMs = 60_000
// Real time, and less than the `stableForS` that the hub is told: a file half as old as that is never finished.
const growMs = 100

/** Time, chance and the list of what is still to happen. */
function makeWorld(options: PretendOptions) {
  const stop = new AbortController()
  const rng = seededRng(options.seed)
  let last = 0
  let pending = 0
  const now = () => {
    last = Math.max(Date.now(), last + 1)
    return last
  }
  const later = ([least, most]: readonly [number, number], then: () => void) => {
    pending += 1
    const minutes = least + rng() * (most - least)
    worldSleep(minutes * minuteMs, options.timeScale, stop.signal).then(
      () => {
        pending -= 1
        then()
      },
      () => {
        pending -= 1
      },
    )
  }
  const every = (minutes: number, then: () => void) => {
    const timer = setInterval(then, (minutes * minuteMs) / options.timeScale).unref()
    stop.signal.addEventListener('abort', () => clearInterval(timer))
  }
  const record = (what: string, data: Record<string, unknown>) =>
    options.record({ at: now(), who: options.name, what, data })
  return { rng, now, later, every, record, pending: () => pending, stop: () => stop.abort() }
}
type World = ReturnType<typeof makeWorld>

function makeFate(world: World, faults: () => Faults): (moment: Moment) => Fate {
  const chance = (rate: number) => rate > 0 && world.rng() < rate
  return (moment) => {
    const { throttle, failBefore, failAfterEffect, hang } = faults()
    // Refusing the login would mean "ask a person"; a busy server cuts the line before that, as OpenSSH's MaxStartups does.
    if (moment === 'connect') return chance(throttle + failBefore / 2) ? 'drop-before' : 'ok'
    if (moment === 'write') return chance(failBefore / 2) ? 'drop-before' : 'ok'
    if (moment === 'read') return chance(failBefore / 4) ? 'drop-before' : 'ok'
    if (moment === 'rename') return chance(failAfterEffect) ? 'drop-after' : 'ok'
    return chance(hang) ? 'hang' : 'ok'
  }
}

function openOffice(options: PretendOptions, world: World, floor: Floor, room: PostRoom) {
  const acks: AckRow[] = []
  const shipments: ShipmentRow[] = []
  let sequence = 0
  const send = (document: string, rows: number, bytes: Buffer) => {
    sequence += 1
    const stamp = new Date(world.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
    const name = `${document}-${String(sequence).padStart(6, '0')}-${stamp}Z.csv`
    world.record(`${document}.file`, { name, rows })
    dropOff(room, name, bytes)
  }
  const flush = () => {
    if (acks.length > 0) send('acks', acks.length, acksFile(acks.splice(0)))
    if (shipments.length > 0) send('shipments', shipments.length, shipmentsFile(shipments.splice(0)))
  }
  const count = () => {
    flush()
    const asOf = world.now()
    const rows = [...floor.stock].map(([sku, onHand]) => ({ sku, onHand, asOf }))
    if (rows.length > 0) send('stock', rows.length, stockFile(rows))
  }
  const waitingFiles = () =>
    children(room.tree, folders.requests).filter((path) => isRequestFile(path.slice(folders.requests.length + 1)))
  const round = () => {
    for (const path of waitingFiles()) {
      const deleted = world.rng() < floor.dials().deleteTaken
      const bytes = takeAway(room.tree, path, { archive: folders.archive, deleted })
      if (bytes === null) continue
      const file = readRequestFile(bytes)
      world.record(file.ok ? 'requests.file' : 'requests.refused', {
        path,
        ...(file.ok ? { rows: file.rows.length } : { reason: file.reason }),
      })
      if (file.ok) takeIn(floor, file.rows)
    }
    flush()
  }
  world.every(floor.dials().roundMinutes, round)
  world.every(60, count)
  const idle = () => acks.length === 0 && shipments.length === 0 && waitingFiles().length === 0
  return { acks, shipments, count, idle, name: options.name }
}

function shownJob(job: Job) {
  return {
    number: job.number,
    orderNumber: job.orderNumber,
    cancelled: job.state === 'cancelled',
    lines: job.lines.map(({ sku, requested, shipped }) => ({ sku, requested, shipped })),
    shipments: job.shipments,
  }
}

/**
 * A warehouse with an SFTP server of its own. `dials` fixes how it works; rates left out are calm, or rough while any
 * fault is dialled up. The faults `drop` and `dropWrite` are not played: a reply lost for good is no fault that anyone can mend.
 */
export async function startPretend(
  options: PretendOptions,
  dials: Partial<WarehouseDials> = {},
): Promise<PretendWarehouse> {
  const world = makeWorld(options)
  let faults: Faults = { ...calm, ...options.faults }
  const rough = () => Object.values(faults).some((rate) => rate > 0)
  const currentDials = () => ({ ...(rough() ? roughDials : calmDials), ...dials })
  const tree = newTree(Object.values(folders), world.now())
  const room: PostRoom = {
    ...world,
    tree,
    folder: folders.inbound,
    faults: () => faults,
    growMinutes: (growMs * options.timeScale) / minuteMs,
  }
  const floor: Floor = {
    ...world,
    name: options.name,
    jobs: new Map(),
    stock: new Map(),
    dials: currentDials,
    ack: (row) => office.acks.push(row),
    ship: (row) => office.shipments.push(row),
  }
  const office = openOffice(options, world, floor, room)
  const key = hostKeyFor(options.name, options.seed)
  const login = {
    username: 'hub',
    password: createHash('sha256').update(`pretend login ${options.name} ${options.seed}`).digest('hex').slice(0, 24),
  }
  const fate = makeFate(world, () => faults)
  const server = await startSftp({
    port: options.port ?? 0,
    ...login,
    hostKey: key.privateKey,
    tree,
    fate,
    now: world.now,
  })
  const busy = () => [...floor.jobs.values()].some((job) => job.state === 'waiting' || job.state === 'picking')
  return {
    name: options.name,
    kind: 'warehouse-files',
    connect: {
      connector: 'warehouse-files',
      label: options.name,
      credentials: { ...login, hostKeyFingerprint: key.fingerprint },
      settings: {
        host: '127.0.0.1',
        port: server.port,
        folders,
        endRow: 'required',
        timeZone: 'UTC',
        stableForS: 0.2,
        pollEveryS: Math.max(0.2, 60 / options.timeScale),
      },
    },
    hosts: [`127.0.0.1:${server.port}`],
    stock: (levels) => {
      for (const { sku, onHand } of levels) floor.stock.set(sku, onHand)
      office.count()
    },
    onHand: (sku) => floor.stock.get(sku) ?? 0,
    requests: () => [...floor.jobs.values()].map(shownJob),
    setFaults: (change) => {
      faults = { ...faults, ...change }
    },
    quiet: () => world.pending() === 0 && office.idle() && !busy(),
    close: async () => {
      world.stop()
      await server.close()
    },
  }
}
