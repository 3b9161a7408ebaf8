import { type ReactNode, useEffect } from 'react'
import { useLiveState } from '../api/live.ts'
import { clockText, useZone } from './time.tsx'

interface PageProps {
  readonly title: string
  /** What stands beside the title. */
  readonly note?: ReactNode
  readonly actions?: ReactNode
  /** When what is shown was read; 0: not yet. */
  readonly readAt?: number
  /** Reading it again fails: what is shown is old. */
  readonly stale?: boolean
  readonly children: ReactNode
}

/** Title, how old it is, and the content; the browser's tab says the same word. */
export function PageFrame({ title, note, actions, readAt = 0, stale = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Crossdock`
  }, [title])
  return (
    <>
      <header className="page-head">
        <div className="page-title">
          <h1>{title}</h1>
          {note !== undefined && <span className="page-note">{note}</span>}
        </div>
        <div className="page-side">
          <Age readAt={readAt} stale={stale} />
          {actions}
        </div>
      </header>
      {children}
    </>
  )
}

function Age({ readAt, stale }: { readonly readAt: number; readonly stale: boolean }) {
  const zone = useZone()
  const live = useLiveState()
  if (readAt === 0) return null
  const at = clockText(new Date(readAt), zone)
  const words = {
    connecting: `as of ${at}`,
    live: `live, as of ${at}`,
    'not live': `not live since ${clockText(new Date(live.since), zone)}: as of ${at}, asked every 15 s`,
  }
  const isOld = stale || live.state === 'not live'
  return (
    <span className={isOld ? 'age age-stale' : 'age'}>
      {stale ? `not live: as of ${at}` : words[live.state]} · {zone}
    </span>
  )
}
