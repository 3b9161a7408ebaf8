import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { type Merchant, openStage, type Stage } from '../../e2e/harness.ts'
import { done } from '../../e2e/story.ts'
import { type Cluster, openCluster } from '../cluster.ts'
import { allIsHere, deliverMany, openSenderFor } from '../door.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

/** A disk of so many megabytes, which only root can make. */
function smallDisk(megabytes: number): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tmpfs', dir])
  endings.push(() => {
    execFileSync('umount', ['-l', dir])
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}

/** Takes every free byte of the disk, until the returned function gives them back. */
function fill(disk: string): () => void {
  const file = path.join(disk, 'filler')
  const fd = openSync(file, 'w')
  const block = Buffer.alloc(4_096, 1)
  try {
    for (let n = 0; n < 1_000_000; n++) writeSync(fd, block)
  } catch {
    // full, as it should be
  }
  closeSync(fd)
  return () => rmSync(file, { force: true })
}

/** Moves pg_wal of a stopped cluster to another disk, owner and all. */
function moveWal(cluster: Cluster, to: string): void {
  const data = readdirSync(cluster.dir, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('pg_wal'))
  if (!data) throw new Error('no pg_wal here')
  const wal = path.join(cluster.dir, data)
  execFileSync('cp', ['-a', wal, path.join(to, 'pg_wal')])
  rmSync(wal, { recursive: true })
  symlinkSync(path.join(to, 'pg_wal'), wal)
}

async function openOn(cluster: Cluster): Promise<{ stage: Stage<'lily'>; lily: Merchant }> {
  const stage = await openStage({ worlds: { lily: {} }, database: async () => cluster.database })
  endings.push(stage.close)
  return { stage, lily: stage.merchants.lily }
}

const small = { max_wal_size: '32MB', min_wal_size: '32MB', wal_init_zero: 'on', wal_recycle: 'off' }

describe('a full disk', { timeout: 240_000 }, () => {
  test('fault 18: of the data: 503 and no half rows, reading goes on, and it heals by itself when there is room', async () => {
    const disk = smallDisk(220)
    const elsewhere = mkdtempSync(path.join(os.tmpdir(), 'crossdock-wal-'))
    endings.push(() => rmSync(elsewhere, { recursive: true, force: true }))
    execFileSync('chmod', ['755', elsewhere])
    const dir = path.join(disk, 'hub')
    mkdirSync(dir)
    const cluster = await openCluster({ dir, settings: small })
    await cluster.stop()
    moveWal(cluster, elsewhere)
    await cluster.start()
    const { stage, lily } = await openOn(cluster)
    const sender = await openSenderFor(stage, lily)
    await deliverMany(sender, 20)
    const makeRoom = fill(disk)
    for (let n = 0; n < 400 && sender.manifest().refused === 0; n++) await sender.deliver({ triesMax: 1 })
    expect([...sender.manifest().statuses.keys()].sort()).toEqual([200, 503])
    expect((await lily.api.level('MUG')).onHand).toBe(20)
    makeRoom()
    await deliverMany(sender, 20)
    await allIsHere(stage, sender)
    const bought = lily.buy(lily.woo, { sku: 'MUG', quantity: 1 })
    await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    sender.close()
    expect(await stage.broken()).toEqual({})
  })

  test('fault 19: of the log: PostgreSQL goes down, and after somebody made room and started it every 2xx is there', async () => {
    const disk = smallDisk(96)
    const cluster = await openCluster({ settings: small })
    await cluster.stop()
    moveWal(cluster, disk)
    await cluster.start()
    const { stage, lily } = await openOn(cluster)
    const sender = await openSenderFor(stage, lily)
    await deliverMany(sender, 20)
    const makeRoom = fill(disk)
    // A new piece of log is wanted, and there is no room for it.
    const wantMore = (admin: pg.Client) =>
      admin.query(`select pg_logical_emit_message(true, 'a', 'b'), pg_switch_wal()`)
    for (let n = 0; n < 8; n++) await cluster.database.asAdmin(wantMore).catch(() => undefined)
    await sender.deliver({ triesMax: 1 })
    expect(sender.manifest().refused, 'the log filled up').toBeGreaterThan(0)
    makeRoom()
    await cluster.stop().catch(() => undefined)
    await cluster.start()
    await deliverMany(sender, 20)
    await allIsHere(stage, sender)
    sender.close()
    expect(await stage.broken()).toEqual({})
  })
})
