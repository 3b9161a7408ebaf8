import { ApiProblem } from '../api/client.ts'

/** What went wrong, where the form is: which field, and what mends it, where the hub says so. */
export function FormError({ error }: { readonly error: Error | null }) {
  if (error === null) return null
  const fields = error instanceof ApiProblem ? error.errors : []
  return (
    <p className="said tone-critical" role="alert">
      {error.message}{' '}
      {fields.map(({ field, message, mend }) => (
        <span key={field + message}>
          {field} {message}. {mend}{' '}
        </span>
      ))}
    </p>
  )
}
