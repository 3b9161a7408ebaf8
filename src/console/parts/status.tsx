import type { Standing } from '../api/types.ts'
import { Icon, type IconName } from './icons.tsx'

export type Tone = 'neutral' | 'info' | 'success' | 'attention' | 'warning' | 'critical'

/** A state in words, with a sign and a colour that only repeat them. */
export function Status({ tone, icon, children }: { tone: Tone; icon: IconName; children: string }) {
  return (
    <span className={`status tone-${tone}`}>
      <Icon name={icon} size={14} />
      {children}
    </span>
  )
}

interface Look {
  readonly word: string
  readonly tone: Tone
  readonly icon: IconName
  readonly means: string
}

export const standingLooks: Readonly<Record<Standing, Look>> = {
  needs_you: { word: 'Needs you', tone: 'critical', icon: 'warn', means: 'A person must decide. Open it to see what.' },
  waiting: {
    word: 'Waiting',
    tone: 'neutral',
    icon: 'wait',
    means: 'Nothing to do now: it waits for payment, stock, an answer or the end of a hold.',
  },
  to_send: { word: 'To send', tone: 'info', icon: 'send', means: 'Stock is reserved. It goes to the warehouse next.' },
  at_warehouse: { word: 'At warehouse', tone: 'info', icon: 'box', means: 'The warehouse has it.' },
  part_shipped: { word: 'Part shipped', tone: 'attention', icon: 'half', means: 'Some units have left, not all.' },
  confirming: {
    word: 'Telling channel',
    tone: 'info',
    icon: 'telling',
    means: 'Shipped. Waiting for the channel to show the tracking number.',
  },
  done: { word: 'Done', tone: 'success', icon: 'check', means: 'Shipped, and nothing is left to tell the channel.' },
  cancelled: { word: 'Cancelled', tone: 'neutral', icon: 'cross', means: 'Cancelled at the channel.' },
}

export function StandingStatus({ standing }: { readonly standing: Standing }) {
  const { word, tone, icon } = standingLooks[standing]
  return (
    <Status tone={tone} icon={icon}>
      {word}
    </Status>
  )
}
