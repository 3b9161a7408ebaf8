import type { ReactNode } from 'react'
import { Failed, Loading } from './states.tsx'

interface SectionProps {
  readonly title: string
  readonly note?: ReactNode
  readonly action?: ReactNode
  readonly children: ReactNode
}

/** A part of a page with its own heading, one sentence on what it is, and what can be done there. */
export function Section({ title, note, action, children }: SectionProps) {
  return (
    <section className="card" aria-label={title}>
      <div className="card-head">
        <div>
          <h2>{title}</h2>
          {note !== undefined && <p className="sub">{note}</p>}
        </div>
        {action}
      </div>
      {children}
    </section>
  )
}

interface Asked<T> {
  readonly data: T | undefined
  readonly error: Error | null
  readonly isPending: boolean
  readonly refetch: () => unknown
}

interface ReadProps<T> {
  readonly of: Asked<T>
  /** "The team", as a sentence begins with it. */
  readonly what: string
  readonly children: (data: T) => ReactNode
}

/** What was asked for, once it is there; until then that it is coming, or why it is not. */
export function Read<T>({ of, what, children }: ReadProps<T>) {
  if (of.data !== undefined) return <>{children(of.data)}</>
  if (of.isPending) return <Loading label={what.toLowerCase()} rows={4} />
  return <Failed what={what} error={of.error ?? new Error()} again={() => void of.refetch()} />
}
