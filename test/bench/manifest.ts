import type { BenchDatabase } from './cluster.ts'

/** What was answered 200, to be found on disk: event id to the hash of the body as it was sent. */
export type Manifest = ReadonlyMap<string, string>

/** Every event of the manifest is on disk, once, with its bytes, and nothing else is. @throws Error that names the first that is not */
export async function verifyManifest(database: BenchDatabase, connectionId: string, manifest: Manifest): Promise<void> {
  const rows = await database.query<{ key: string; sha256: string }>(
    `select m.dedupe_key as key, encode(b.sha256, 'hex') as sha256 from inbox_message m
     join inbox_body b using (merchant_id, message_id) where m.connection_id = $1`,
    [connectionId],
  )
  const stored = new Map(rows.map((row) => [row.key.slice(row.key.lastIndexOf(':') + 1), row.sha256]))
  if (stored.size !== rows.length) throw new Error(`${rows.length - stored.size} events are on disk twice`)
  if (rows.length !== manifest.size)
    throw new Error(`${manifest.size} events were answered 200, ${rows.length} are on disk`)
  for (const [event, sha256] of manifest) {
    const there = stored.get(event)
    if (there === undefined) throw new Error(`${event} was answered 200 and is not on disk`)
    if (there !== sha256) throw new Error(`${event} is on disk with other bytes`)
  }
}
