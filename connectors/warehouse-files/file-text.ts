/** What makes the whole file unusable: nothing of it is applied. */
export interface Refusal {
  readonly kind: 'refused'
  readonly code: string
  readonly message: string
  readonly row?: number
}
export interface FileText {
  readonly kind: 'text'
  /** Lines end in \n only; no byte order mark, no control characters but tab and line break. */
  readonly text: string
  readonly warnings: readonly string[]
}

export function refused(code: string, message: string, row?: number): Refusal {
  return row === undefined ? { kind: 'refused', code, message } : { kind: 'refused', code, message, row }
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, at) => bytes[at] === byte)
}

function strict(encoding: string, bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

// UTF-16 without its mark is valid UTF-8 full of NULs; stripping those would guess at the text.
function looksLikeUtf16(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, 1_000)
  return sample.filter((byte) => byte === 0).length > sample.length / 4
}

function decodeBytes(bytes: Uint8Array): { text: string; warning?: string } | Refusal {
  if (startsWith(bytes, [0x50, 0x4b, 0x03, 0x04]) || startsWith(bytes, [0x1f, 0x8b]))
    return refused('NOT_TEXT', 'This is a compressed file or a spreadsheet. Send plain CSV, not packed.')
  const wide = startsWith(bytes, [0xff, 0xfe]) ? 'utf-16le' : startsWith(bytes, [0xfe, 0xff]) ? 'utf-16be' : null
  if (wide !== null) {
    const text = strict(wide, bytes)
    return text === null
      ? refused('ENCODING', `The file begins as ${wide} but breaks off. Save it as UTF-8.`)
      : { text }
  }
  if (looksLikeUtf16(bytes))
    return refused('ENCODING', 'Most bytes are zero: UTF-16 without its mark? Save it as UTF-8.')
  const text = strict('utf-8', bytes)
  if (text !== null) return { text }
  const warning = 'The file is not UTF-8; it was read as Windows-1252. Save it as UTF-8 to be sure of every letter.'
  return { text: new TextDecoder('windows-1252').decode(bytes), warning }
}

/** Bytes of unknown encoding to clean text. UTF-8 first, because Windows-1252 accepts everything and proves nothing. */
export function readText(bytes: Uint8Array): FileText | Refusal {
  if (bytes.length === 0)
    return refused('EMPTY_FILE', 'The file has no bytes. Send it again with at least a header row.')
  const decoded = decodeBytes(bytes)
  if ('kind' in decoded) return decoded
  const warnings = decoded.warning === undefined ? [] : [decoded.warning]
  const plain = decoded.text.replaceAll(/\r\n?/g, '\n')
  const text = plain.replaceAll(/[^\P{Cc}\t\n]|\uFEFF/gu, '').toWellFormed()
  if (/[^\P{Cc}\t\n]/u.test(plain)) warnings.push('Control characters (such as NUL) were removed.')
  if (text.includes('\uFFFD')) warnings.push('Some letters were already lost before the file reached us (U+FFFD).')
  if (text.trim() === '')
    return refused('EMPTY_FILE', 'The file holds only blanks. Send it again with at least a header row.')
  return { kind: 'text', text, warnings }
}
