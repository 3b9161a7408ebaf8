import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

export interface PackedBody {
  readonly encoding: 'zstd' | 'raw'
  readonly bytes: Uint8Array
  /** Of the bytes as they came. */
  readonly sha256: Buffer
}

const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 4_096 }
// Without the size zstd makes room for half a megabyte at each call, which costs as much as compressing 10 KB.
const sized = (raw: Uint8Array) => ({ ...level, pledgedSrcSize: raw.length })
const compressLater = promisify(zstdCompress)
// Below this, compressing on the spot (some 0.1 ms) costs less than a trip through the thread pool.
const onTheSpotMax = 65_536
const unpackedBytesMax = 64 * 1024 * 1024

/** A body as it is kept: compressed where that makes it smaller. */
export async function packBody(raw: Uint8Array): Promise<PackedBody> {
  const sha256 = createHash('sha256').update(raw).digest()
  const packed = raw.length <= onTheSpotMax ? zstdCompressSync(raw, sized(raw)) : await compressLater(raw, sized(raw))
  return packed.length < raw.length
    ? { encoding: 'zstd', bytes: packed, sha256 }
    : { encoding: 'raw', bytes: raw, sha256 }
}

/** The bytes as they came, from a stored body and the `encoding` in its headers. @throws RangeError for an unknown encoding */
export function unpackBody(encoding: unknown, bytes: Uint8Array): Uint8Array {
  if (encoding === 'raw' || encoding === undefined) return bytes
  if (encoding !== 'zstd') throw new RangeError('a stored body has an encoding that this version does not know')
  return zstdDecompressSync(bytes, { maxOutputLength: unpackedBytesMax })
}
