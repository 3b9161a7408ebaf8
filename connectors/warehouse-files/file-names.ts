import { createHash } from 'node:crypto'
import { type InboundDocument, inboundContracts, limits } from './contract.ts'

const unfinished = /\.(tmp|part|partial|filepart|incomplete)$/i

/** May be put behind a folder and a slash without leaving the folder, on any server. */
export function isContained(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\p{Cc}]/u.test(name)
}

/** Something that a sender is still writing, or hides. */
export function isUnfinished(name: string): boolean {
  return name.startsWith('.') || unfinished.test(name)
}

/** For people and for our own files: no direction marks, not longer than a file system takes. The start and the ending stay. */
export function displayName(name: string): string {
  const plain = name.replaceAll(/[\p{Cc}\p{Cf}/\\]/gu, '_').toWellFormed()
  if (plain.length <= limits.fileNameMax) return plain
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 12)
  return `${[...plain].slice(0, 150).join('')}~${mark}${/\.csv$/i.test(plain) ? '.csv' : ''}`
}

/** Which document a file claims to be, by its name alone. */
export function documentOf(name: string): InboundDocument | null {
  const match = /^(acks|shipments|stock)-.*\.csv$/iu.exec(name)
  const word = match?.[1]?.toLowerCase()
  return word === 'acks' || word === 'shipments' || word === 'stock' ? word : null
}

export const inboundNames = Object.values(inboundContracts)
  .map((contract) => contract.fileName)
  .join(', ')
