import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Edit, type PlantedBug, plantedBugs } from './bugs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const copied = ['package.json', 'tsconfig.json', 'src', 'connectors', 'migrations', 'test']

/** The text with the edit made. @throws Error when the place is not there exactly once: the plant is stale */
export function edited(text: string, edit: Edit): string {
  const parts = text.split(edit.find)
  if (parts.length !== 2)
    throw new Error(`${edit.file}: the place to plant the bug stands there ${parts.length - 1} times`)
  return parts.join(edit.replace)
}

export function bugNamed(name: string): PlantedBug {
  const bug = plantedBugs.find((one) => one.name === name)
  if (!bug) throw new Error(`no planted bug "${name}"; there are ${plantedBugs.map((one) => one.name).join(', ')}`)
  return bug
}

/** A copy of the repository with the bug in it; the working tree is never touched. */
export async function plantedCopy(bug: PlantedBug): Promise<{ readonly dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(path.join(tmpdir(), `crossdock-${bug.name}-`))
  await mkdir(dir, { recursive: true, mode: 0o755 })
  for (const name of copied) await cp(path.join(root, name), path.join(dir, name), { recursive: true })
  await symlink(path.join(root, 'node_modules'), path.join(dir, 'node_modules'))
  for (const edit of bug.edits) {
    const file = path.join(dir, edit.file)
    await writeFile(file, edited(await readFile(file, 'utf8'), edit))
  }
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}
