import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { ApiProblem } from '../api/client.ts'

/** Nothing there, and we know it. Never shown for what could not be read. */
export function Empty({ children, action }: { readonly children: ReactNode; readonly action?: ReactNode }) {
  return (
    <div className="blank">
      <p>{children}</p>
      {action}
    </div>
  )
}

/** As many rows as a screen has room for. */
const places = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']

/** In the shape of what is coming, so that nothing jumps. */
export function Loading({ rows = 8, label }: { readonly rows?: number; readonly label: string }) {
  return (
    <div className="loading" role="status" aria-label={`Loading ${label}`}>
      {places.slice(0, rows).map((place) => (
        <span key={place} className="loading-row" />
      ))}
    </div>
  )
}

interface FailedProps {
  readonly what: string
  readonly error: Error
  readonly again: () => void
}

/** What did not load, why, and the way on. */
export function Failed({ what, error, again }: FailedProps) {
  const reference = error instanceof ApiProblem ? error.reference : null
  return (
    <div className="failed" role="alert">
      <p>
        <strong>{what} did not load.</strong> {error.message}
      </p>
      {reference !== null && <p className="dim">Reference {reference}</p>}
      <Button variant="default" size="xs" onClick={again}>
        Try again
      </Button>
    </div>
  )
}
