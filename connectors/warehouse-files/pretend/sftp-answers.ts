import { posix } from 'node:path'
import type { Attributes, SFTPWrapper } from 'ssh2'
import { absolute, children, type FileTree, hasParent, rename, type TreeEntry, writeAt } from './file-tree.ts'

/** When a fault may strike, and which: nothing, the line drops before or after the effect, or no answer comes. */
export type Moment = 'connect' | 'list' | 'read' | 'write' | 'rename'
export type Fate = 'ok' | 'drop-before' | 'drop-after' | 'hang'

export interface SftpScene {
  readonly tree: FileTree
  readonly fate: (moment: Moment) => Fate
  readonly now: () => number
  readonly hangUp: () => void
}
type FileEntry = Extract<TreeEntry, { kind: 'file' }>
type Handle = { readonly kind: 'file'; readonly entry: FileEntry } | { readonly kind: 'list'; names: string[] }

// SSH_FX_* of draft-ietf-secsh-filexfer-02 §7.
const status = { ok: 0, eof: 1, noSuchFile: 2, failure: 4 } as const
const open = { write: 0x2, create: 0x8, truncate: 0x10, exclusive: 0x20 } as const
const namesPerAnswer = 50
const handlesMax = 1_000
const hangMs = 3_000

function attributes(entry: TreeEntry): Attributes {
  const seconds = Math.floor(entry.modified / 1_000)
  const mode = entry.kind === 'folder' ? 0o040755 : 0o100644
  return { mode, uid: 1000, gid: 1000, size: entry.kind === 'file' ? entry.size : 0, atime: seconds, mtime: seconds }
}
function longname(name: string, entry: TreeEntry): string {
  const size = entry.kind === 'file' ? entry.size : 0
  return `${entry.kind === 'folder' ? 'drwxr-xr-x' : '-rw-r--r--'} 1 hub hub ${size} Jan 1 00:00 ${name}`
}

interface Talk {
  readonly sftp: SFTPWrapper
  readonly scene: SftpScene
  readonly handles: Map<number, Handle>
  nextHandle: number
}

/** Runs an effect and its answer, unless fate has it otherwise. */
function play(talk: Talk, moment: Moment, effect: () => () => void): void {
  const fate = talk.scene.fate(moment)
  if (fate === 'drop-before') {
    talk.scene.hangUp()
    return
  }
  if (fate === 'hang') {
    setTimeout(talk.scene.hangUp, hangMs).unref()
    return
  }
  const answer = effect()
  if (fate === 'drop-after') talk.scene.hangUp()
  else answer()
}

function give(talk: Talk, reqId: number, handle: Handle): void {
  if (talk.handles.size >= handlesMax) {
    talk.sftp.status(reqId, status.failure)
    return
  }
  const id = talk.nextHandle++
  talk.handles.set(id, handle)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(id)
  talk.sftp.handle(reqId, bytes)
}
function taken(talk: Talk, bytes: Buffer): Handle | undefined {
  return bytes.length === 4 ? talk.handles.get(bytes.readUInt32BE()) : undefined
}

function openFile(talk: Talk, reqId: number, name: string, flags: number): void {
  const { tree, now } = talk.scene
  const path = absolute(name)
  const found = tree.get(path)
  if (found?.kind === 'folder' || (found !== undefined && (flags & open.exclusive) !== 0)) {
    talk.sftp.status(reqId, status.failure)
    return
  }
  if (found === undefined && ((flags & open.create) === 0 || !hasParent(tree, path))) {
    talk.sftp.status(reqId, status.noSuchFile)
    return
  }
  const fresh = found === undefined || ((flags & open.write) !== 0 && (flags & open.truncate) !== 0)
  const entry: FileEntry = fresh ? { kind: 'file', bytes: Buffer.alloc(0), size: 0, modified: now() } : found
  tree.set(path, entry)
  give(talk, reqId, { kind: 'file', entry })
}

function write(talk: Talk, reqId: number, handle: Handle | undefined, at: { offset: number; data: Buffer }): void {
  if (handle?.kind !== 'file') {
    talk.sftp.status(reqId, status.failure)
    return
  }
  const fate = talk.scene.fate('write')
  if (fate === 'ok') {
    const fits = writeAt(handle.entry, at.offset, at.data, talk.scene.now())
    talk.sftp.status(reqId, fits ? status.ok : status.failure)
    return
  }
  // The line drops in the middle of the upload: half of it stays behind.
  writeAt(handle.entry, at.offset, at.data.subarray(0, at.data.length >> 1), talk.scene.now())
  talk.scene.hangUp()
}

function read(talk: Talk, reqId: number, handle: Handle | undefined, at: { offset: number; length: number }): void {
  if (handle?.kind !== 'file') {
    talk.sftp.status(reqId, status.failure)
    return
  }
  const { bytes, size } = handle.entry
  play(talk, 'read', () => () => {
    if (at.offset >= size) talk.sftp.status(reqId, status.eof)
    else talk.sftp.data(reqId, bytes.subarray(at.offset, Math.min(size, at.offset + at.length)))
  })
}

function readFolder(talk: Talk, reqId: number, handle: Handle | undefined): void {
  if (handle?.kind !== 'list') {
    talk.sftp.status(reqId, status.failure)
    return
  }
  const paths = handle.names.splice(0, namesPerAnswer)
  const names = paths.flatMap((path) => {
    const entry = talk.scene.tree.get(path)
    const filename = posix.basename(path)
    return entry === undefined ? [] : [{ filename, longname: longname(filename, entry), attrs: attributes(entry) }]
  })
  if (names.length === 0) talk.sftp.status(reqId, status.eof)
  else talk.sftp.name(reqId, names)
}

function answerFiles(talk: Talk): void {
  const { sftp, scene, handles } = talk
  sftp.on('OPEN', (reqId, name, flags) => openFile(talk, reqId, name, flags))
  sftp.on('READ', (reqId, handle, offset, length) => read(talk, reqId, taken(talk, handle), { offset, length }))
  sftp.on('WRITE', (reqId, handle, offset, data) => write(talk, reqId, taken(talk, handle), { offset, data }))
  sftp.on('CLOSE', (reqId, handle) => {
    const known = taken(talk, handle) !== undefined && handles.delete(handle.readUInt32BE())
    sftp.status(reqId, known ? status.ok : status.failure)
  })
  sftp.on('FSTAT', (reqId, handle) => {
    const found = taken(talk, handle)
    if (found?.kind === 'file') sftp.attrs(reqId, attributes(found.entry))
    else sftp.status(reqId, status.failure)
  })
  sftp.on('FSETSTAT', (reqId) => sftp.status(reqId, status.ok))
  sftp.on('OPENDIR', (reqId, path) => {
    const folder = absolute(path)
    if (scene.tree.get(folder)?.kind !== 'folder') {
      sftp.status(reqId, status.noSuchFile)
      return
    }
    play(talk, 'list', () => () => give(talk, reqId, { kind: 'list', names: [...children(scene.tree, folder)] }))
  })
  sftp.on('READDIR', (reqId, handle) => readFolder(talk, reqId, taken(talk, handle)))
}

function answerPaths(talk: Talk): void {
  const { sftp, scene } = talk
  const stat = (reqId: number, path: string) => {
    const entry = scene.tree.get(absolute(path))
    if (entry === undefined) sftp.status(reqId, status.noSuchFile)
    else sftp.attrs(reqId, attributes(entry))
  }
  sftp.on('STAT', stat)
  sftp.on('LSTAT', stat)
  sftp.on('SETSTAT', (reqId) => sftp.status(reqId, status.ok))
  sftp.on('REALPATH', (reqId, path) => {
    const full = absolute(path)
    sftp.name(reqId, [{ filename: full, longname: full, attrs: attributes({ kind: 'folder', modified: 0 }) }])
  })
  sftp.on('RENAME', (reqId, from, to) =>
    play(talk, 'rename', () => {
      const result = rename(scene.tree, absolute(from), absolute(to))
      const code = result === 'done' ? status.ok : result === 'missing' ? status.noSuchFile : status.failure
      return () => sftp.status(reqId, code)
    }),
  )
  sftp.on('REMOVE', (reqId, path) => {
    const full = absolute(path)
    const there = scene.tree.get(full)?.kind === 'file' && scene.tree.delete(full)
    sftp.status(reqId, there ? status.ok : status.noSuchFile)
  })
  sftp.on('MKDIR', (reqId, path) => {
    const full = absolute(path)
    if (scene.tree.has(full) || !hasParent(scene.tree, full)) {
      sftp.status(reqId, status.failure)
      return
    }
    scene.tree.set(full, { kind: 'folder', modified: scene.now() })
    sftp.status(reqId, status.ok)
  })
}

/** Answers one SFTP session from the tree. */
export function answerSftp(sftp: SFTPWrapper, scene: SftpScene): void {
  const talk: Talk = { sftp, scene, handles: new Map(), nextHandle: 1 }
  answerFiles(talk)
  answerPaths(talk)
}
