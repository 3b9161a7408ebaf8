import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import type { Home } from './cluster.ts'
import {
  becomesReady,
  disownPidFile,
  logMark,
  logSince,
  readPidFile,
  spawnPostmaster,
  stopPostmaster,
} from './postmaster.ts'
import { type Identity, serves } from './processes.ts'
import { type ServerSettings, serverArguments } from './settings.ts'
import { startWatchdog, type Watchdog } from './watchdog.ts'

export interface Installation extends ServerSettings {
  readonly home: Home
  readonly binaries: Binaries
  readonly identity: Identity | undefined
  readonly log: (line: string) => void
}

export interface Server {
  readonly port: number
  pid(): number
  stop(): Promise<void>
}

const attemptsMax = 60
const attemptEveryMs = 200
const restartsMax = 5
const restartsWithinMs = 60_000

/** Stops a server that outlived its hub. True when there was one. The caller holds the owner lock. */
export async function endOrphan({ home, binaries, identity, log }: Installation): Promise<boolean> {
  const left = readPidFile(home)
  if (left && serves(left.pid, home.dataDir)) {
    log(`embedded PostgreSQL: stopping pid ${left.pid}, left behind by a hub that was killed`)
    await stopPostmaster(home, left.pid, binaries)
    return true
  }
  disownPidFile(home, identity)
  return false
}

/** Runs the server, and runs it again on the same port if it is killed under us. */
export async function runServer(installation: Installation, wantedPort: number): Promise<Server> {
  let running = await launch(installation, wantedPort)
  const { port } = running
  let stopping = false
  let restarting: Promise<void> = Promise.resolve()
  const restarts: number[] = []

  const restart = async (): Promise<void> => {
    running.watchdog.dismiss()
    const recent = restarts.filter((at) => performance.now() - at < restartsWithinMs)
    if (stopping || recent.length >= restartsMax) return
    restarts.push(performance.now())
    installation.log('embedded PostgreSQL: the server ended by itself or was killed; starting it again')
    running = await launch(installation, port)
    watch()
  }
  const watch = (): void => {
    running.child.once('exit', () => {
      restarting = restart().catch((cause: unknown) => installation.log(`embedded PostgreSQL: ${String(cause)}`))
    })
  }
  watch()
  return {
    port,
    pid: () => pidOf(running.child),
    async stop() {
      stopping = true
      await restarting
      await stopPostmaster(installation.home, pidOf(running.child), installation.binaries)
      running.watchdog.dismiss()
    },
  }
}

function pidOf(child: ChildProcess): number {
  return child.pid ?? -1
}

const portTaken = /could not bind|could not create any TCP\/IP sockets/
const memoryStillUsed = /pre-existing shared memory block/
const lockTaken = /lock file "postmaster.pid" already exists/

interface Running {
  readonly child: ChildProcess
  readonly watchdog: Watchdog
  readonly port: number
}

/** @throws Error with the server's own words when it does not come up. */
async function launch(installation: Installation, wantedPort: number): Promise<Running> {
  const { home, binaries, identity } = installation
  for (let attempt = 1; ; attempt++) {
    const port = wantedPort === 0 ? await freePort() : wantedPort
    const mark = logMark(home)
    const child = spawnPostmaster(home, binaries.postgres, serverArguments(port, installation), identity)
    const watchdog = startWatchdog(pidOf(child))
    if (await becomesReady(home, child)) return { child, watchdog, port }
    watchdog.dismiss()
    const words = logSince(home, mark)
    if (wantedPort !== 0 && portTaken.test(words)) {
      throw new Error(
        `Port ${wantedPort}, wanted for the embedded PostgreSQL, is taken. Free it, or let a free one be chosen.`,
      )
    }
    // After the death of a postmaster its backends need a moment to notice; until then PostgreSQL rightly refuses.
    const passing = [portTaken, memoryStillUsed, lockTaken].some((reason) => reason.test(words))
    if (!passing || attempt === attemptsMax) throw new Error(`The embedded PostgreSQL did not start: ${words}`)
    if (lockTaken.test(words)) await endOrphan(installation) // it was about to start when its hub was killed
    await sleep(attemptEveryMs)
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('The system gave no free port.')
  return address.port
}
