import { createHash } from 'node:crypto'
import { readCursor, saveCursor } from '../connections/cursor.ts'
import { ChannelError, type ErrorKind, type RemoteFile } from '../connector-kit/index.ts'
import { recordIncoming } from '../fulfillment/partner-files.ts'
import { storeArrivals } from '../inbox/messages.ts'
import { raiseExceptions } from '../journal/record.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift, waitOf } from './deps.ts'

const done: Turn = { again: false, dueInMs: null }
const stream = 'files'
const filesPerTurn = 50

/** When a file was first seen as it is now: it is taken only when it has stopped growing. */
type Seen = Record<string, { readonly size: number; readonly modified: string; readonly since: number; taken?: true }>
/** These say that one file cannot be read or moved, not that the partner cannot be reached. */
const ofTheFile: ReadonlySet<ErrorKind> = new Set(['invalid', 'not_found', 'forbidden', 'unsupported'])

const keyOf = (file: RemoteFile) => file.path

/**
 * Looks at the partner's folder. A file is taken when two looks found it the same, stored with its hash before it is
 * parsed, and only after that commit moved out of the partner's way. Oldest first, since a count means what it means
 * only after the departures that came before it.
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
    let failure: ChannelError | null = null
    for (const file of ready.slice(0, filesPerTurn)) failure = (await takeOne(shift, file, seen)) ?? failure
    await noteContactOf(shift, failure)
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
async function takeOne(shift: Shift, file: RemoteFile, seen: Seen): Promise<ChannelError | null> {
  const known = seen[keyOf(file)]
  try {
    if (known?.taken !== true) await take(shift, file)
    if (known && known.taken !== true) {
      known.taken = true
      const value = JSON.stringify(seen)
      await shift.tenant((tx) => saveCursor(tx, shift.lease.connectionId, stream, { value, completedFrom: null }))
    }
    await shift.ports.failpoints.hit('files.before_archive')
    await shift.connection.connector.files?.archive(shift.call(), file, 'done')
    return null
  } catch (error) {
    if (!(error instanceof ChannelError && ofTheFile.has(error.kind))) throw error
    shift.log.warn({ kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId }, 'file.stuck')
    if (error.kind === 'not_found') return null
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

/** Stored before parsed, archived after the commit: a crash between the two finds the same bytes again, and knows them. */
async function take(shift: Shift, file: RemoteFile): Promise<void> {
  const { files } = shift.connection.connector
  const bytes = await files?.get(shift.call(), file)
  if (!bytes) return
  const sha256 = createHash('sha256').update(bytes).digest()
  const stored = await shift.tenant(async (tx) => {
    const { fileId, isNew } = await recordIncoming(tx, shift.ports.ids, {
      connectionId: shift.lease.connectionId,
      name: file.name,
      size: bytes.length,
      sha256,
    })
    if (!isNew) return false
    const headers = { 'file-id': fileId, 'file-name': file.name, 'file-modified': file.modified }
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
    return true
  })
  if (stored) shift.wake({ ...shift.lease, kind: 'import' })
}
