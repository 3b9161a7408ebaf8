import { createHash } from 'node:crypto'
import { readCursor, saveCursor } from '../connections/cursor.ts'
import { ChannelError, type ErrorKind, type RemoteFile } from '../connector-kit/index.ts'
import { recordIncoming, verdictOf } from '../fulfillment/partner-files.ts'
import { storeArrivals } from '../inbox/messages.ts'
import { raiseExceptions } from '../journal/record.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift, waitOf } from './deps.ts'

const done: Turn = { again: false, dueInMs: null }
const stream = 'files'
const filesPerTurn = 50
/** Whoever reads the files wakes this lane; this is for when that wake is lost. */
const unreadMs = 2_000

/** When a file was first seen as it is now: it is taken only when it has stopped growing. `fileId`: it was taken as this one. */
interface SeenFile {
  readonly size: number
  readonly modified: string
  readonly since: number
  fileId?: string
}
type Seen = Record<string, SeenFile>
type Fate = 'moved' | 'unread' | ChannelError
/** These say that one file cannot be read or moved, not that the partner cannot be reached. */
const ofTheFile: ReadonlySet<ErrorKind> = new Set(['invalid', 'not_found', 'forbidden', 'unsupported'])

const keyOf = (file: RemoteFile) => file.path

/**
 * Looks at the partner's folder. A file is taken when two looks found it the same, stored with its hash before it is
 * parsed, and moved out of the partner's way when it has been read: to where its verdict belongs, so that a partner sees
 * by the folder whether to send it again. Oldest first, since a count means what it means only after the departures that
 * came before it.
 */
export async function runFiles(shift: Shift): Promise<Turn> {
  const { files, manifest } = shift.connection.connector
  if (!files || !manifest.files) return done
  const nowMs = shift.ports.clock.now().getTime()
  const stableMs = Number(shift.connection.settings.stableForS ?? manifest.files.stableForS) * 1_000
  try {
    const listed = await files.list(shift.call())
    const before: Seen = JSON.parse(
      (await shift.tenant((tx) => readCursor(tx, shift.lease.connectionId, stream))) ?? '{}',
    )
    const seen: Seen = Object.fromEntries(
      listed.map((file) => {
        const known = before[keyOf(file)]
        const same = known !== undefined && known.size === file.size && known.modified === file.modified
        return [keyOf(file), same ? known : { size: file.size, modified: file.modified, since: nowMs }]
      }),
    )
    await shift.tenant((tx) =>
      saveCursor(tx, shift.lease.connectionId, stream, { value: JSON.stringify(seen), completedFrom: null }),
    )
    const ordered = [...listed].sort((a, b) =>
      a.modified === b.modified ? (a.name < b.name ? -1 : 1) : a.modified < b.modified ? -1 : 1,
    )
    const ready: RemoteFile[] = []
    for (const file of ordered) {
      // A file that still grows holds back the later ones.
      if (nowMs - (seen[keyOf(file)]?.since ?? nowMs) < stableMs) break
      ready.push(file)
    }
    const fates: Fate[] = []
    for (const file of ready.slice(0, filesPerTurn)) fates.push(await takeOne(shift, file, seen))
    await noteContactOf(shift, fates.findLast((fate) => fate instanceof ChannelError) ?? null)
    if (fates.includes('unread')) return { again: false, dueInMs: unreadMs }
    const waiting = ordered.length > ready.length
    return { again: ready.length > filesPerTurn, dueInMs: waiting ? Math.max(250, stableMs) : null }
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    await noteContactOf(shift, error)
    shift.log.warn(
      { kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId },
      'files.look-failed',
    )
    return error.kind === 'auth_revoked' ? done : waitOf(error, 1_000)
  }
}

/** One file that cannot be read or moved is shown and holds back no other. What was taken is not read again while it lies there. */
async function takeOne(shift: Shift, file: RemoteFile, seen: Seen): Promise<Fate> {
  const known = seen[keyOf(file)]
  try {
    const fileId = known?.fileId ?? (await take(shift, file))
    if (known && known.fileId === undefined) {
      known.fileId = fileId
      const value = JSON.stringify(seen)
      await shift.tenant((tx) => saveCursor(tx, shift.lease.connectionId, stream, { value, completedFrom: null }))
    }
    const verdict = await shift.tenant((tx) => verdictOf(tx, fileId))
    if (verdict === null) return 'unread'
    await shift.ports.failpoints.hit('files.before_archive')
    await shift.connection.connector.files?.archive(shift.call(), file, verdict === 'refused' ? 'error' : 'done')
    return 'moved'
  } catch (error) {
    if (!(error instanceof ChannelError && ofTheFile.has(error.kind))) throw error
    shift.log.warn({ kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId }, 'file.stuck')
    if (error.kind === 'not_found') return 'moved'
    await shift.tenant((tx) =>
      raiseExceptions(tx, [
        {
          kind: 'file_refused',
          dedupeKey: `stuck.${shift.lease.connectionId}.${file.name}`,
          subjectKind: 'connection',
          subjectId: shift.lease.connectionId,
          detail: { name: file.name, code: error.kind, message: error.message },
        },
      ]),
    )
    return error
  }
}

/** Stored before parsed: a crash before this is written down finds the same bytes again, and knows them. */
async function take(shift: Shift, file: RemoteFile): Promise<string> {
  const { files } = shift.connection.connector
  const bytes = await files?.get(shift.call(), file)
  if (!bytes) throw new ChannelError('unsupported', 'this connection exchanges no files')
  const sha256 = createHash('sha256').update(bytes).digest()
  const { fileId, isNew } = await shift.tenant(async (tx) => {
    const taken = await recordIncoming(tx, shift.ports.ids, {
      connectionId: shift.lease.connectionId,
      name: file.name,
      size: bytes.length,
      sha256,
    })
    if (!taken.isNew) return taken
    const headers = { 'file-id': taken.fileId, 'file-name': file.name, 'file-modified': file.modified }
    await storeArrivals(tx, shift.ports.ids, shift.lease.connectionId, [
      {
        source: 'file',
        topic: 'partner-file',
        subjectRef: null,
        dedupeKey: `file.${sha256.toString('hex')}`,
        headers,
        raw: bytes,
      },
    ])
    return taken
  })
  if (isNew) shift.wake({ ...shift.lease, kind: 'import' })
  return fileId
}
