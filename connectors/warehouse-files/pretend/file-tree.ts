import { posix } from 'node:path'

export type TreeEntry =
  | { readonly kind: 'folder'; readonly modified: number }
  | { readonly kind: 'file'; bytes: Buffer; size: number; modified: number }

/** The warehouse's disk: in memory, absolute paths, nothing above `/`. */
export type FileTree = Map<string, TreeEntry>

const fileBytesMax = 60 * 1024 * 1024
const entriesMax = 200_000

export function absolute(path: string): string {
  return posix.resolve('/', path)
}
export function newTree(folders: readonly string[], now: number): FileTree {
  const tree: FileTree = new Map([['/', { kind: 'folder', modified: now }]])
  for (const folder of folders) tree.set(absolute(folder), { kind: 'folder', modified: now })
  return tree
}

export function hasParent(tree: FileTree, path: string): boolean {
  return tree.get(posix.dirname(path))?.kind === 'folder'
}
export function children(tree: FileTree, folder: string): readonly string[] {
  return [...tree.keys()].filter((path) => path !== '/' && posix.dirname(path) === folder).toSorted()
}

export function writeWhole(tree: FileTree, path: string, bytes: Uint8Array, now: number): void {
  if (tree.size >= entriesMax) throw new Error('pretend warehouse: disk full')
  tree.set(absolute(path), { kind: 'file', bytes: Buffer.from(bytes), size: bytes.length, modified: now })
}
export function readWhole(tree: FileTree, path: string): Buffer | null {
  const entry = tree.get(absolute(path))
  return entry?.kind === 'file' ? entry.bytes.subarray(0, entry.size) : null
}

/** False: the file would grow too large. */
export function writeAt(
  entry: Extract<TreeEntry, { kind: 'file' }>,
  offset: number,
  data: Buffer,
  now: number,
): boolean {
  const end = offset + data.length
  if (end > fileBytesMax) return false
  if (end > entry.bytes.length) {
    const larger = Buffer.alloc(Math.max(end, entry.bytes.length * 2))
    entry.bytes.copy(larger, 0, 0, entry.size)
    entry.bytes = larger
  }
  data.copy(entry.bytes, offset)
  entry.size = Math.max(entry.size, end)
  entry.modified = now
  return true
}

/** Plain SFTP rename, as OpenSSH does it: onto an existing name it fails. */
export function rename(tree: FileTree, from: string, to: string): 'done' | 'missing' | 'taken' {
  const entry = tree.get(from)
  if (entry === undefined || !hasParent(tree, to)) return 'missing'
  if (tree.has(to)) return 'taken'
  tree.set(to, entry)
  tree.delete(from)
  return 'done'
}
