import { type Account, ChannelError, type Ctx } from '#kit'
import { withSession } from './session.ts'
import type { Credentials } from './settings.ts'
import { toChannelError } from './sftp-errors.ts'

/** Logs in and looks for the four folders. The host key seen is kept: from then on a changed one stops the connection. */
export async function probe(ctx: Ctx<Credentials>): Promise<Account> {
  return withSession(ctx, async ({ sftp, settings, hostKey }) => {
    const missing: string[] = []
    for (const folder of new Set(Object.values(settings.folders))) {
      const kind = await sftp.exists(folder).catch((error: unknown) => {
        throw toChannelError('probe', error)
      })
      if (kind !== 'd' && kind !== 'l') missing.push(`folder ${folder}`)
    }
    if (missing.length === 4)
      throw new ChannelError('not_found', `SFTP: none of the folders exists (${missing.join(', ')}).`)
    const key = `${ctx.secrets.username}@${settings.host}:${settings.port}`
    return {
      key,
      name: key,
      currency: null,
      timeZone: settings.timeZone,
      missing,
      settings: { hostKeyFingerprint: hostKey },
    }
  })
}
