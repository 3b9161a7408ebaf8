import type { PartnerFile } from '../api/warehouses.ts'
import type { IconName } from './icons.tsx'
import { Status, type Tone } from './status.tsx'

type Look = readonly [word: string, tone: Tone, icon: IconName]

const looks: Readonly<Record<string, Look>> = {
  stored: ['Checking', 'info', 'clock'],
  applied: ['Applied', 'success', 'check'],
  refused: ['Refused', 'critical', 'warn'],
  duplicate: ['Duplicate, ignored', 'neutral', 'none'],
  frozen: ['Waiting to be sent', 'info', 'clock'],
  delivered: ['Sent', 'success', 'send'],
  unverifiable: ['Cannot be checked', 'warning', 'question'],
}

/** One word for where a file stands; its page says the rest. */
export function FileState({ file: { state, errors = 0 } }: { file: Pick<PartnerFile, 'state'> & { errors?: number } }) {
  const part: Look = ['Applied in part', 'warning', 'warn']
  const [word, tone, icon] =
    state === 'applied' && errors > 0 ? part : (looks[state] ?? ([state, 'neutral', 'none'] as const))
  return (
    <Status tone={tone} icon={icon}>
      {word}
    </Status>
  )
}

export const sizeText = (bytes: number): string =>
  bytes < 1_000
    ? `${bytes} bytes`
    : bytes < 1_000_000
      ? `${Math.round(bytes / 1_000)} kB`
      : `${(bytes / 1e6).toFixed(1)} MB`

/** As it is, but for signs that turn or hide what stands beside them: "exe.vsc" is read as "csv.exe". */
export const fileName = (name: string): string =>
  name.replaceAll(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '\ufffd')
