import { Writable } from 'node:stream'
import { ChannelError, type Ctx, type RemoteFile } from '#kit'
import { limits } from './contract.ts'
import { displayName, isContained, isUnfinished } from './file-names.ts'
import { sizeOf } from './put-file.ts'
import { type Session, withSession } from './session.ts'
import type { Credentials } from './settings.ts'
import { isAnswered, toChannelError } from './sftp-errors.ts'

// More wait for the next poll; oldest first, so none waits for ever.
const listedMax = 1_000

/** Finished files in the inbound folder, oldest first. Names are data: one that could leave the folder is never addressed. */
export async function listFiles(ctx: Ctx<Credentials>): Promise<readonly RemoteFile[]> {
  return withSession(ctx, async ({ sftp, settings }) => {
    const folder = settings.folders.inbound
    const entries = await sftp.list(folder).catch((error: unknown) => {
      throw toChannelError('list', error)
    })
    return entries
      .filter((entry) => entry.type === '-' && isContained(entry.name) && !isUnfinished(entry.name))
      .toSorted((a, b) => a.modifyTime - b.modifyTime || (a.name < b.name ? -1 : 1))
      .slice(0, listedMax)
      .map((entry) => ({
        path: `${folder}/${entry.name}`,
        name: displayName(entry.name),
        size: entry.size,
        modified: new Date(entry.modifyTime).toISOString(),
      }))
  })
}

function assertInside(session: Session, path: string): void {
  const prefix = `${session.settings.folders.inbound}/`
  if (!path.startsWith(prefix) || !isContained(path.slice(prefix.length)))
    throw new ChannelError('invalid', 'SFTP: the path is not one of the inbound folder.')
}

/** A sink that keeps what fits and fails beyond it, so that a growing or lying file costs bounded memory. */
function bounded(bytesMax: number): { readonly sink: Writable; bytes(): Buffer } {
  const chunks: Buffer[] = []
  let size = 0
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length
      if (size <= bytesMax) chunks.push(chunk)
      done(size <= bytesMax ? null : new Error('larger than listed'))
    },
  })
  return { sink, bytes: () => Buffer.concat(chunks) }
}

function stillGrowing(name: string): ChannelError {
  return new ChannelError('not_ready', `${name} changed while it was read; it is taken when it stays as it is.`)
}

/** The bytes of a listed file; never more than listed, never fewer. */
export async function getFile(ctx: Ctx<Credentials>, file: RemoteFile): Promise<Uint8Array> {
  if (file.size > limits.fileBytesMax)
    throw new ChannelError(
      'invalid',
      `${file.name} has ${file.size} bytes; at most ${limits.fileBytesMax} are read. Split it.`,
    )
  return withSession(ctx, async (session) => {
    assertInside(session, file.path)
    const size = await sizeOf(session, file.path)
    if (size === null) throw new ChannelError('not_found', `${file.name} is no longer there.`)
    if (size !== file.size) throw stillGrowing(file.name)
    if (size === 0) return new Uint8Array()
    const { sink, bytes } = bounded(file.size)
    await session.sftp.get(file.path, sink).catch((error: unknown) => {
      throw error instanceof Error && error.message.includes('larger than listed')
        ? stillGrowing(file.name)
        : toChannelError('download', error)
    })
    // A server that may not read can answer with nothing and call it success (MetPX/sarracenia#1689).
    if (bytes().length !== file.size) throw stillGrowing(file.name)
    return bytes()
  })
}

async function move(session: Session, from: string, to: string): Promise<'moved' | 'refused'> {
  try {
    await session.sftp.rename(from, to)
    return 'moved'
  } catch (error) {
    if (isAnswered(error)) return 'refused'
    throw toChannelError('archive', error)
  }
}

/** Moves a taken file away and never deletes one. A file that is gone has been moved before: success. */
export async function archiveFile(ctx: Ctx<Credentials>, file: RemoteFile, outcome: 'done' | 'error'): Promise<void> {
  await withSession(ctx, async (session) => {
    assertInside(session, file.path)
    const { archive, error } = session.settings.folders
    const target = `${outcome === 'done' ? archive : error}/${displayName(file.name)}`
    if ((await sizeOf(session, file.path)) === null) return
    // Looked at first, because some servers overwrite.
    const free = (await sizeOf(session, target)) === null
    if (free && (await move(session, file.path, target)) === 'moved') return
    if ((await move(session, file.path, `${target}.${ctx.newId()}`)) === 'moved') return
    throw new ChannelError(
      'forbidden',
      `SFTP archive: ${file.name} cannot be moved to ${outcome === 'done' ? archive : error}.`,
    )
  })
}
