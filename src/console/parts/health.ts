import type { Connection } from '../api/types.ts'
import type { IconName } from './icons.tsx'
import type { Tone } from './status.tsx'
import { plain } from './words.ts'

interface Health {
  readonly word: string
  readonly tone: Tone
  readonly icon: IconName
  readonly why: string
}

/** By what was seen of it, not by what its row says alone. */
export function healthOf(connection: Connection): Health {
  const { status, statusReason, lastError, lastSuccessAt, lag, writeMode } = connection
  const because = statusReason ?? lastError ?? ''
  if (status === 'reauth_required')
    return { word: 'Sign-in needed', tone: 'critical', icon: 'warn', why: because || 'It no longer lets us in.' }
  if (status === 'paused')
    return { word: 'Paused', tone: 'neutral', icon: 'pause', why: because || 'A person paused it.' }
  if (status !== 'active') return { word: plain(status), tone: 'neutral', icon: 'none', why: because }
  if (lastError !== null) return { word: 'Last contact failed', tone: 'warning', icon: 'warn', why: lastError }
  if (lastSuccessAt === null)
    return {
      word: 'Not heard of yet',
      tone: 'attention',
      icon: 'question',
      why: 'Nothing was exchanged with it so far.',
    }
  const waiting = lag.pendingMessages + lag.listingsBehind + lag.effectsOpen
  const why = waiting === 0 ? 'Everything that is known has been exchanged.' : 'Work is under way.'
  if (writeMode !== 'on')
    return { word: 'Watching only', tone: 'info', icon: 'clock', why: 'It is read; nothing is written to it.' }
  return { word: 'Connected', tone: 'success', icon: 'check', why }
}
