import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { Hunted } from './hunt.ts'

const file = new URL('./caught.json', import.meta.url)
const Record = z.strictObject({
  name: z.string(),
  seed: z.int(),
  /** How many were run until it was caught. */
  schedules: z.int(),
  oracles: z.array(z.string()),
  on: z.iso.date(),
})
export type Caught = z.infer<typeof Record>

/** What `--planted --record` found, last time that each was searched for. */
export const readRecord = (): Caught[] => z.array(Record).parse(JSON.parse(readFileSync(file, 'utf8')))

/** As the formatter has it: short lists of words stand on one line. */
const listsOfWords = /\[\n\s+("[^\]]*")\n\s+\]/g
const widthMax = 104
function onOneLine(list: string, words: string): string {
  const line = `[${words.replace(/\n\s+/g, ' ')}]`
  return line.length <= widthMax ? line : list
}

/** What was not found again is no longer said to be found. */
export function writeRecord({ name, caughtAt, schedules, oracles }: Hunted): void {
  const others = readRecord().filter((one) => one.name !== name)
  const on = new Date().toISOString().slice(0, 10)
  const found = caughtAt === null ? [] : [{ name, seed: caughtAt, schedules, oracles: [...oracles], on }]
  const all = [...others, ...found].sort((a, b) => (a.name < b.name ? -1 : 1))
  writeFileSync(file, `${JSON.stringify(all, null, 2).replace(listsOfWords, onOneLine)}\n`)
}
