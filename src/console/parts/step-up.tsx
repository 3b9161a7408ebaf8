import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useEffect, useState } from 'react'
import { proveWith } from '../api/client.ts'
import { meQuery, showCode, showPassword } from '../api/session.ts'
import { Dialog } from './dialog.tsx'
import { FormError } from './form-error.tsx'

interface AskProps {
  readonly end: (shown: boolean) => void
}

function Ask({ end }: AskProps) {
  const hasCode = useQuery(meQuery).data?.secondFactor ?? false
  const [given, setGiven] = useState('')
  const show = useMutation({
    mutationFn: () => (hasCode ? showCode(given.trim()) : showPassword(given)),
    onSuccess: () => end(true),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    show.mutate()
  }
  const field = {
    required: true,
    'data-autofocus': true,
    value: given,
    onChange: ({ currentTarget }: { currentTarget: HTMLInputElement }) => setGiven(currentTarget.value),
  }
  return (
    <Dialog title="Show that it is you" close={() => end(false)}>
      <form className="form" onSubmit={submit}>
        <p className="dim">
          This opens or closes doors, so the hub asks once more. Then it does what you pressed; for ten minutes it will
          not ask again.
        </p>
        {hasCode ? (
          <TextInput
            label="Code"
            description="Six digits from your app, or a recovery code"
            autoComplete="one-time-code"
            {...field}
          />
        ) : (
          <PasswordInput label="Your password" autoComplete="current-password" {...field} />
        )}
        <FormError error={show.error} />
        <div className="row-actions">
          <Button type="submit" loading={show.isPending}>
            Go on
          </Button>
          <Button variant="default" onClick={() => end(false)}>
            Cancel
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** Asks for password or code whenever the hub wants them for a press, on whatever page that is. */
export function StepUp() {
  const [waiting, setWaiting] = useState<((shown: boolean) => void) | null>(null)
  useEffect(() => proveWith(() => new Promise<boolean>((resolve) => setWaiting(() => resolve))), [])
  if (waiting === null) return null
  const end = (shown: boolean) => {
    setWaiting(null)
    waiting(shown)
  }
  return <Ask end={end} />
}
