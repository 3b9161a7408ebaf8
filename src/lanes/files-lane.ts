import { createHash } from 'node:crypto'
import { readCursor, saveCursor } from '../connections/cursor.ts'
import { ChannelError, type ErrorKind, type RemoteFile } from '../connector-kit/index.ts'
import { recordIncoming, verdictOf } from '../fulfillment/partner-files.ts'
import { storeArrivals } from '../inbox/messages.ts'
import { type Raise, raiseExceptions, resolveExceptions } from '../journal/record.ts'
import { cleanText } from '../model/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift, waitOf } from './deps.ts'

const done: Turn = { again: false, dueInMs: null }
const stream = 'files'
const filesPerTurn = 50
/** Whoever reads the files wakes this lane; this is for when that wake is lost. */
const unreadMs = 2_000

/** A file that still changes after so long is shown to a person, and holds back no other any more. */
const restlessMs = 30 * 60_000

/** When a file was first seen, and since when it is as it is now: it is taken only when it has stopped growing. */
interface SeenFile {
  readonly size: number
  readonly modified: string
  since: number
  readonly arrived?: number
  /** It was taken as this one. */
  fileId?: string
  /** A person was told of it under this name. */
  alarmed?: string
}
type Seen = Record<string, SeenFile>
type Fate = 'moved' | 'unread' | 'growing' | ChannelError
/** These say that one file cannot be read or moved, not that the partner cannot be reached. */
const ofTheFile: ReadonlySet<ErrorKind> = new Set(['invalid', 'not_found', 'forbidden', 'unsupported'])

const keyOf = (file: RemoteFile) => file.path
const stuckKey = (shift: Shift, name: string) => `stuck.${shift.lease.connectionId}.${name}`
const isRestless = (file: SeenFile) =>
  file.fileId === undefined && file.since - (file.arrived ?? file.since) >= restlessMs

function seenNow(file: RemoteFile, known: SeenFile | undefined, nowMs: number): SeenFile {
  const { size, modified } = file
  if (known?.size === size && known.modified === modified) return known
  // What was taken and is another now, is another file under an old name.
  if (!known || known.fileId !== undefined) return { size, modified, since: nowMs, arrived: nowMs }
  const { arrived = known.since, alarmed } = known
  return { size, modified, since: nowMs, arrived, ...(alarmed !== undefined && { alarmed }) }
}

/** Writes down what was seen; tells a person of files that do not come to rest, once, and no more of those that are gone. */
async function noteSeen(shift: Shift, listed: readonly RemoteFile[], before: Seen, seen: Seen): Promise<void> {
  const restless = listed.flatMap((file) => {
    const known = seen[keyOf(file)]
    if (!known || known.alarmed !== undefined || !isRestless(known)) return []
    known.alarmed = cleanText(file.name, 200)
    return [{ name: known.alarmed, size: file.size }]
  })
  const gone = Object.entries(before).flatMap(([key, { alarmed }]) =>
    alarmed === undefined || seen[key]?.alarmed === alarmed ? [] : [stuckKey(shift, alarmed)],
  )
  await shift.tenant(async (tx) => {
    await saveSeen(tx, shift, seen)
    await resolveExceptions(tx, gone)
    await raiseExceptions(
      tx,
      restless.map(({ name, size }) => {
        const message = `it has not come to rest for ${restlessMs / 60_000} minutes; ask the partner whether it is still written`
        return stuck(shift, name, { code: 'UNSTABLE', message, size })
      }),
    )
  })
}

const saveSeen = (tx: Tx, shift: Shift, seen: Seen) =>
  saveCursor(tx, shift.lease.connectionId, stream, { value: JSON.stringify(seen), completedFrom: null })

function stuck(shift: Shift, name: string, detail: Raise['detail']): Raise {
  const { connectionId } = shift.lease
  return {
    kind: 'file_refused',
    dedupeKey: stuckKey(shift, name),
    subjectKind: 'connection',
    subjectId: connectionId,
    detail: { name, ...detail },
  }
}

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
      listed.map((file) => [keyOf(file), seenNow(file, before[keyOf(file)], nowMs)]),
    )
    await noteSeen(shift, listed, before, seen)
    const ordered = [...listed].sort((a, b) =>
      a.modified === b.modified ? (a.name < b.name ? -1 : 1) : a.modified < b.modified ? -1 : 1,
    )
    const { ready, fates } = await takeReady(shift, ordered, seen, { nowMs, stableMs })
    await noteContactOf(shift, fates.findLast((fate) => fate instanceof ChannelError) ?? null)
    if (fates.includes('unread')) return { again: false, dueInMs: unreadMs }
    const waiting = ordered.length > ready || fates.includes('growing')
    return {
      again: ready > filesPerTurn && !fates.includes('growing'),
      dueInMs: waiting ? Math.max(250, stableMs) : null,
    }
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

/** A file that still grows holds back the later ones, for it may say what they build upon, but not for ever. */
async function takeReady(
  shift: Shift,
  ordered: readonly RemoteFile[],
  seen: Seen,
  { nowMs, stableMs }: { readonly nowMs: number; readonly stableMs: number },
): Promise<{ readonly ready: number; readonly fates: readonly Fate[] }> {
  const ready: [RemoteFile, SeenFile][] = []
  for (const file of ordered) {
    const known = seen[keyOf(file)] ?? seenNow(file, undefined, nowMs)
    if (nowMs - known.since >= stableMs) ready.push([file, known])
    else if (!isRestless(known)) break
  }
  const fates: Fate[] = []
  for (const [file, known] of ready.slice(0, filesPerTurn)) {
    const fate = await takeOne(shift, file, seen)
    fates.push(fate)
    if (fate !== 'growing') continue
    known.since = nowMs
    await shift.tenant((tx) => saveSeen(tx, shift, seen))
    if (!isRestless(known)) break
  }
  return { ready: ready.length, fates }
}

/** One file that cannot be read or moved is shown and holds back no other. What was taken is not read again while it lies there. */
async function takeOne(shift: Shift, file: RemoteFile, seen: Seen): Promise<Fate> {
  const known = seen[keyOf(file)]
  try {
    const fileId = known?.fileId ?? (await take(shift, file))
    if (known && known.fileId === undefined) {
      known.fileId = fileId
      await shift.tenant((tx) => saveSeen(tx, shift, seen))
    }
    const verdict = await shift.tenant((tx) => verdictOf(tx, fileId))
    if (verdict === null) return 'unread'
    await shift.ports.failpoints.hit('files.before_archive')
    await shift.connection.connector.files?.archive(shift.call(), file, verdict === 'refused' ? 'error' : 'done')
    return 'moved'
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    if (error.kind === 'not_ready') return 'growing'
    if (!ofTheFile.has(error.kind)) throw error
    shift.log.warn({ kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId }, 'file.stuck')
    if (error.kind === 'not_found') return 'moved'
    const raise = stuck(shift, cleanText(file.name, 200), { code: error.kind, message: error.message })
    await shift.tenant((tx) => raiseExceptions(tx, [raise]))
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
