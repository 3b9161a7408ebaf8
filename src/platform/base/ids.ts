import { randomBytes } from 'node:crypto'

/** Makes the ids of rows: uuid v7, so that new rows land at the right edge of every index. */
export interface Ids {
  uuid(): string
}

/**
 * RFC 9562 §5.7: 48 bits of Unix milliseconds, then version, 12 bits, variant, 62 bits, all random.
 * Own code because 22.20, the oldest Node the hub runs on, has no `crypto.randomUUIDv7` (24.21 has).
 */
export function uuidV7(ms: number, random: Uint8Array): string {
  const bytes = Buffer.from(random.subarray(0, 16))
  bytes.writeUIntBE(ms, 0, 6)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const idBytes = 16
const idsPerDraw = 256
const drawn = { bytes: Buffer.alloc(0), at: 0 }

/** Randomness for many ids at once: asking the system costs more than the rest of an id. */
function draw(): Uint8Array {
  if (drawn.at === drawn.bytes.length) {
    drawn.bytes = randomBytes(idBytes * idsPerDraw)
    drawn.at = 0
  }
  drawn.at += idBytes
  return drawn.bytes.subarray(drawn.at - idBytes, drawn.at)
}

export const systemIds: Ids = { uuid: () => uuidV7(Date.now(), draw()) }
