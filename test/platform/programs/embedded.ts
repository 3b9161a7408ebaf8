import { startEmbedded } from '../../../src/platform/embedded/start.ts'

/**
 * One hub's worth of embedded PostgreSQL: node embedded.ts <dir> [durable]. Says one JSON line when it is up, or when it is refused;
 * stops when its standard input ends.
 */
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
try {
  const [dir = '', mode] = process.argv.slice(2)
  // Nothing here lasts longer than the machine's power, so the disk is spared; what a killed process could lose is not.
  const spared = { unsafeFast: true, settings: { synchronous_commit: 'on', full_page_writes: 'on' } }
  const embedded = await startEmbedded({ dir, ...(mode === 'durable' ? {} : spared) })
  const { url, adminUrl, pid, adopted } = embedded
  say({ up: true, url, adminUrl, pid, adopted })
  process.stdin.on('end', async () => {
    await embedded.stop()
    say({ stopped: true })
  })
  process.stdin.resume()
} catch (cause) {
  say({ up: false, message: cause instanceof Error ? cause.message : String(cause) })
}
