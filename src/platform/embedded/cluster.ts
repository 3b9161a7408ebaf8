import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Binaries, othersCanReach, sharedRoot } from './binaries.ts'
import { type Identity, runToEnd } from './processes.ts'

/** The paths of one embedded installation. */
export interface Home {
  readonly dir: string
  readonly dataDir: string
  readonly serverLog: string
}

export const superuser = 'postgres_admin'
const majorVersion = '18'

/** Makes the directory, or chooses another one where the wanted one cannot be reached by PostgreSQL's user. */
export function prepareHome(wanted: string, identity: Identity | undefined, root: string = sharedRoot): Home {
  const asked = path.resolve(wanted)
  mkdirSync(asked, { recursive: true, mode: 0o755 })
  const reachable = !identity || othersCanReach(asked)
  const dir = reachable ? asked : path.join(root, 'data', createHash('sha256').update(asked).digest('hex').slice(0, 32))
  mkdirSync(dir, { recursive: true, mode: 0o755 })
  // Passable, not readable: PostgreSQL's user goes through it to its data, which is 0700 and its own.
  chmodSync(dir, identity ? 0o711 : 0o700)
  return { dir, dataDir: path.join(dir, 'data'), serverLog: path.join(dir, 'server.log') }
}

/** A random password in a 0600 file: made once, then read. */
export function passwordIn(home: Home, name: string): string {
  const file = path.join(home.dir, `${name}.password`)
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flush: true })
  return readFileSync(file, 'utf8').trim()
}

/** Makes the cluster if there is none. @throws Error for data of another major version. */
export async function ensureCluster(
  home: Home,
  binaries: Binaries,
  options: { readonly identity: Identity | undefined; readonly unsafeFast: boolean },
): Promise<void> {
  if (!existsSync(path.join(home.dataDir, 'PG_VERSION'))) await initialise(home, binaries, options)
  const made = readFileSync(path.join(home.dataDir, 'PG_VERSION'), 'utf8').trim()
  if (made === majorVersion) return
  throw new Error(
    `${home.dataDir} was made by PostgreSQL ${made}, and the embedded one is ${majorVersion}. ` +
      'Dump it with its own version and load it anew, or move the directory away to start empty.',
  )
}

async function initialise(
  home: Home,
  binaries: Binaries,
  { identity, unsafeFast }: { readonly identity: Identity | undefined; readonly unsafeFast: boolean },
): Promise<void> {
  const fresh = path.join(home.dir, 'data.new')
  const passwordFile = path.join(home.dir, 'initdb.password')
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { mode: 0o700 })
  writeFileSync(passwordFile, `${passwordIn(home, superuser)}\n`, { mode: 0o600 })
  if (identity) for (const file of [fresh, passwordFile]) chownSync(file, identity.uid, identity.gid)
  try {
    await runToEnd(
      binaries.initdb,
      [
        `--pgdata=${fresh}`,
        `--username=${superuser}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // The built-in provider: the same order of text on every system, whatever locales it has.
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
        ...(unsafeFast ? ['--no-sync'] : []),
      ],
      { identity, cwd: fresh },
    )
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(fresh, home.dataDir) // only a complete cluster ever gets the real name
}
