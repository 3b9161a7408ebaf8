import { ChannelError, type Ctx, type FrozenFile } from '#kit'
import { isContained } from './file-names.ts'
import { type Session, withSession } from './session.ts'
import type { Credentials } from './settings.ts'
import { isAnswered, toChannelError } from './sftp-errors.ts'

/** Null: not there. */
export async function sizeOf(session: Session, path: string): Promise<number | null> {
  try {
    return (await session.sftp.stat(path)).size
  } catch (error) {
    const failure = toChannelError('stat', error)
    if (failure.kind === 'not_found') return null
    throw failure
  }
}

function unknown(name: string, cause: unknown): ChannelError {
  const message = `SFTP rename: no answer, so ${name} may or may not be there. Look before sending again.`
  return new ChannelError('outcome_unknown', message, {}, { cause })
}

// Servers disagree on renaming onto an existing name: OpenSSH 9.2 refuses with code 4, SFTPGo overwrites
// (drakkan/sftpgo#2068), and an answer can get lost after the effect (lavv17/lftp#122). So the target is looked at.
async function renameIntoPlace(session: Session, from: string, to: string, file: FrozenFile): Promise<void> {
  try {
    await session.sftp.rename(from, to)
  } catch (error) {
    if (!isAnswered(error)) throw unknown(file.name, error)
    const size = await sizeOf(session, to).catch((cause: unknown) => {
      throw unknown(file.name, cause)
    })
    if (size === file.bytes.length) return
    if (size !== null) throw occupied(file, size)
    throw toChannelError('rename', error)
  }
}

function occupied(file: FrozenFile, size: number): ChannelError {
  const message = `${file.name} already exists with ${size} instead of ${file.bytes.length} bytes. Move it away; names are never reused.`
  return new ChannelError('invalid', message, { remoteCode: 'NAME_TAKEN' })
}

async function upload(session: Session, temporary: string, file: FrozenFile): Promise<void> {
  try {
    await session.sftp.put(Buffer.from(file.bytes), temporary)
  } catch (error) {
    // Nothing stands under the final name yet: a resend overwrites the temporary one.
    throw toChannelError('upload', error)
  }
  const size = await sizeOf(session, temporary)
  if (size !== file.bytes.length)
    throw new ChannelError('transient', `SFTP upload: ${size ?? 'no'} of ${file.bytes.length} bytes arrived.`)
}

/** Temporary name, size check, rename. Sending the same file again is harmless while the partner has not taken it. */
export async function putFile(ctx: Ctx<Credentials>, file: FrozenFile): Promise<void> {
  if (!isContained(file.name)) throw new ChannelError('invalid', 'SFTP upload: the file name leaves its folder.')
  await withSession(ctx, async (session) => {
    const folder = session.settings.folders.requests
    const target = `${folder}/${file.name}`
    const size = await sizeOf(session, target)
    if (size === file.bytes.length) return
    if (size !== null) throw occupied(file, size)
    const temporary = `${folder}/.${file.name}.tmp`
    await upload(session, temporary, file)
    await renameIntoPlace(session, temporary, target, file)
  })
}

/** Looks where we put files and where the partner may move what it took. */
export async function findFile(
  ctx: Ctx<Credentials>,
  file: { readonly name: string; readonly size: number },
): Promise<'present' | 'absent'> {
  if (!isContained(file.name)) return 'absent'
  return withSession(ctx, async (session) => {
    const { requests, archive } = session.settings.folders
    for (const folder of [requests, archive]) {
      if ((await sizeOf(session, `${folder}/${file.name}`)) === file.size) return 'present'
    }
    return 'absent'
  })
}
