import { findBinaries, stageFor } from './binaries.ts'
import { ensureCluster, passwordIn, prepareHome, superuser } from './cluster.ts'
import { takeOwnerLock } from './owner-lock.ts'
import { identityForRoot } from './processes.ts'
import { ensureHubDatabase } from './roles.ts'
import { endOrphan, runServer, type Server } from './server.ts'
import type { ServerSettings } from './settings.ts'

export interface EmbeddedOptions extends ServerSettings {
  /** Holds the data, the passwords, the lock and the server's log. One hub at a time. */
  readonly dir: string
  /** 0 or absent: any free port. */
  readonly port?: number
  readonly log?: (line: string) => void
}

export interface Embedded {
  /** The hub's own login, owner of the database `hub`. */
  readonly url: string
  /** The superuser's login, to the database `postgres`. For tests and repair, never for the hub. */
  readonly adminUrl: string
  readonly port: number
  /** The server's process; another one after the server was killed and started again. */
  readonly pid: number
  /** True when a server that outlived a killed hub was found on the directory, stopped and started anew. */
  readonly adopted: boolean
  stop(): Promise<void>
}

const hub = { role: 'hub', database: 'hub' }

/**
 * Starts a private PostgreSQL 18 whose programs came with `npm ci`: the default when DATABASE_URL is unset.
 * @throws Error, in words for the person at the terminal, when it cannot.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const log = options.log ?? (() => undefined)
  const identity = identityForRoot()
  const binaries = stageFor(identity, await findBinaries())
  const home = prepareHome(options.dir, identity)
  const installation = { ...options, home, binaries, identity, log }
  log(`embedded PostgreSQL: data in ${home.dataDir}`)
  const lock = await takeOwnerLock(home.dir)
  let server: Server | undefined
  try {
    const adopted = await endOrphan(installation)
    await ensureCluster(home, binaries, { identity, unsafeFast: options.unsafeFast === true })
    server = await runServer(installation, options.port ?? 0)
    const login = (role: string, database: string) =>
      `postgres://${role}:${passwordIn(home, role)}@127.0.0.1:${server?.port}/${database}`
    const adminUrl = login(superuser, 'postgres')
    await ensureHubDatabase(adminUrl, { ...hub, password: passwordIn(home, hub.role) })
    return embedded(server, { url: login(hub.role, hub.database), adminUrl, adopted, release: lock.release })
  } catch (cause) {
    await server?.stop()
    lock.release()
    throw cause
  }
}

function embedded(
  server: Server,
  facts: { readonly url: string; readonly adminUrl: string; readonly adopted: boolean; release(): void },
): Embedded {
  let stopped: Promise<void> | undefined
  return {
    url: facts.url,
    adminUrl: facts.adminUrl,
    port: server.port,
    get pid() {
      return server.pid()
    },
    adopted: facts.adopted,
    stop() {
      stopped ??= server.stop().finally(facts.release)
      return stopped
    },
  }
}
