import type { Faults, Rng } from '#kit/pretend'
import { type FileTree, readWhole, type TreeEntry, writeWhole } from './file-tree.ts'

/** Puts reply files into the folder that the hub reads, late, twice or bit by bit where the faults say so. */
export interface PostRoom {
  readonly tree: FileTree
  readonly folder: string
  readonly rng: Rng
  readonly faults: () => Faults
  readonly now: () => number
  readonly later: (minutes: readonly [number, number], then: () => void) => void
  /** How long a file may stand there half-written. */
  readonly growMinutes: number
  readonly record: (what: string, data: Record<string, unknown>) => void
}

function growTo(room: PostRoom, path: string, bytes: Buffer): void {
  writeWhole(room.tree, path, bytes.subarray(0, bytes.length >> 1), room.now())
  const entry: TreeEntry | undefined = room.tree.get(path)
  // The writer holds the file open: what it writes goes along even when somebody moved the file meanwhile.
  room.later([room.growMinutes, room.growMinutes], () => {
    if (entry?.kind !== 'file') return
    entry.bytes = bytes
    entry.size = bytes.length
    entry.modified = room.now()
  })
}

function place(room: PostRoom, name: string, bytes: Buffer): void {
  const path = `${room.folder}/${name}`
  if (room.rng() < room.faults().delay / 2) growTo(room, path, bytes)
  else writeWhole(room.tree, path, bytes, room.now())
}

/** One finished document for the hub. Under faults it may come late, behind later ones, or a second time under another name. */
export function dropOff(room: PostRoom, name: string, bytes: Buffer): void {
  const late = room.rng() < room.faults().delay || room.rng() < room.faults().reorder
  if (late) room.later([1, 10], () => place(room, name, bytes))
  else place(room, name, bytes)
  if (room.rng() < room.faults().duplicate) {
    const again = name.replace(/\.csv$/, '-again.csv')
    room.record('file.repeated', { name: again })
    room.later([0, 5], () => place(room, again, bytes))
  }
}

/** Takes a request file away: to the archive, or for good. */
export function takeAway(
  tree: FileTree,
  path: string,
  keep: { readonly archive: string; readonly deleted: boolean },
): Buffer | null {
  const bytes = readWhole(tree, path)
  const entry = tree.get(path)
  if (bytes === null || entry === undefined) return null
  tree.delete(path)
  if (!keep.deleted) tree.set(`${keep.archive}/${path.slice(path.lastIndexOf('/') + 1)}`, entry)
  return bytes
}
