import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bugNamed, plantedCopy } from '../planted/plant.ts'
import { freePort, type HubProcess, spawnHub } from './hub-process.ts'
import type { DemoOptions } from './options.ts'
import { type Merchant, setUpMerchant, untilLinedUp } from './setup.ts'
import { forkWorld, type WorldClient } from './world-client.ts'
import type { Opened } from './world-protocol.ts'

/** Whoever runs the scene: hears what is waited for, and can end it from the first process on. */
export interface Stage {
  say(line: string): void
  opening(close: () => Promise<void>): void
}
/** Hub and world, connected, with every shop showing the warehouse's numbers: before the first shopper. */
export interface Scene {
  readonly world: WorldClient
  readonly opened: Opened
  readonly hub: HubProcess
  readonly merchant: Merchant
  close(): Promise<void>
}

export const home = '.demo'
const timeScale = 60

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** An empty folder of this run's own. @throws Error when another demo lives in it */
function takeFolder(seed: number): string {
  const folder = `${home}/${seed}`
  const owner = `${folder}/owner`
  let pid = 0
  try {
    pid = Number(readFileSync(owner, 'utf8'))
  } catch {
    // Nobody was here before.
  }
  if (pid > 0 && pid !== process.pid && isAlive(pid)) {
    throw new Error(`another demo (process ${pid}) runs in ${folder}; wait for it, end it, or choose another --seed`)
  }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(owner, String(process.pid))
  return folder
}

/** The repository itself, or a copy of it with a bug in it. */
async function hubSource(planted: string | null): Promise<{ readonly dir: string; remove(): Promise<void> }> {
  if (planted !== null) return plantedCopy(bugNamed(planted))
  return { dir: fileURLToPath(new URL('../..', import.meta.url)), remove: async () => {} }
}

/** Starts everything from nothing, in `.demo/<seed>`. `say` tells what is being waited for. */
export async function openScene(options: DemoOptions, seed: number, stage: Stage): Promise<Scene> {
  const { say } = stage
  const folder = takeFolder(seed)
  const log = openSync(`${folder}/hub.log`, 'w')
  const source = await hubSource(options.planted)
  const world = forkWorld(log)
  let hub: HubProcess | null = null
  let closed: Promise<void> | null = null
  const end = async () => {
    await hub?.stop()
    await world.end()
    await source.remove()
    closeSync(log)
    // Its number will be some other process's one day.
    rmSync(`${folder}/owner`, { force: true })
  }
  const close = () => {
    closed ??= end()
    return closed
  }
  stage.opening(close)
  try {
    say('opening two Shopify shops, a WooCommerce and a warehouse, all pretended')
    const newcomers = !options.headless
    const opened = await world.ask({ kind: 'open', options: { seed, timeScale, orders: options.orders, newcomers } })
    say('starting the hub')
    const { pollEveryS, split } = options
    hub = spawnHub({
      dataDir: path.resolve(folder, 'data'),
      port: await freePort(),
      allowHosts: opened.hosts,
      app: opened.app,
      ...{ pollEveryS, split, log, root: source.dir },
    })
    await hub.start()
    say(`the hub listens on ${hub.url}; connecting the shops and the warehouse`)
    const merchant = await setUpMerchant(hub, opened)
    say('waiting until every shop shows the first count')
    await untilLinedUp(world)
    return { world, opened, hub, merchant, close }
  } catch (cause) {
    await close()
    throw cause
  }
}
