import type { Channel, Health } from '../api/channel-types.ts'
import type { IconName } from './icons.tsx'
import { Status, type Tone } from './status.tsx'
import { counted } from './words.ts'

const looks: Readonly<Record<Health['state'], readonly [word: string, tone: Tone, icon: IconName]>> = {
  connected: ['Connected', 'success', 'check'],
  watching: ['Watching only', 'info', 'clock'],
  canary: ['Live for some SKUs', 'success', 'half'],
  slow: ['Slow', 'attention', 'wait'],
  unreachable: ['Does not answer', 'warning', 'warn'],
  sign_in_needed: ['Sign-in needed', 'critical', 'warn'],
  paused: ['Paused', 'neutral', 'pause'],
  disconnected: ['Disconnected', 'neutral', 'none'],
}

/** How a channel is, by what was seen of it: one word, wherever it is shown. */
export function ChannelState({ channel }: { readonly channel: Channel }) {
  const [word, tone, icon] = looks[channel.health.state]
  const live = channel.health.state === 'canary' ? `Live for ${counted(channel.canarySkus.length, 'SKU')}` : word
  return (
    <Status tone={tone} icon={icon}>
      {live}
    </Status>
  )
}

export const needsPerson = ({ health: { state } }: Channel): boolean =>
  state === 'sign_in_needed' || state === 'unreachable'

const modes = {
  off: 'nothing is written',
  shadow: 'nothing is written; it is compared',
  on: 'all linked listings',
} as const
/** What the hub writes there, in words. */
export const modeText = ({ writeMode, canarySkus }: Channel): string =>
  writeMode === 'canary' ? counted(canarySkus.length, 'SKU') : modes[writeMode]

const webhookWords = {
  ok: 'on, as they should be',
  missing: 'some are missing',
  disabled: 'switched off there',
  wrong_address: 'they go to another address',
  unchecked: 'not looked at lately',
  none: 'this channel has none; it is polled',
} as const
export const webhookText = ({ webhooks: { state, checkedAt } }: Health): string =>
  state === 'unchecked' && checkedAt === null ? 'not looked at yet' : webhookWords[state]

/** "840 ms", "2 s", "31 min": how long something took. */
export function tookText(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`
  return `${Math.round(ms / 60_000)} min`
}
