import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Dialog } from './dialog.tsx'
import { FormError } from './form-error.tsx'

interface ConfirmProps {
  readonly title: string
  readonly children: ReactNode
  /** What the button does, in its own words. */
  readonly word: string
  readonly act: () => Promise<unknown>
  readonly close: () => void
}

/** What cannot be taken back is said before it is done. */
export function Confirm({ title, children, word, act, close }: ConfirmProps) {
  const queries = useQueryClient()
  const press = useMutation({
    mutationFn: act,
    onSuccess: async () => {
      await queries.invalidateQueries()
      close()
    },
  })
  return (
    <Dialog title={title} close={close}>
      <div className="form">
        <p>{children}</p>
        <FormError error={press.error} />
        <div className="row-actions">
          <Button loading={press.isPending} onClick={() => press.mutate()}>
            {word}
          </Button>
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
