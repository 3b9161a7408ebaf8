import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { change } from '../api/client.ts'
import { ActButton } from './act-button.tsx'

interface ActionProps {
  readonly path: string
  readonly needs: string
  readonly children: string
  /** What is true once the hub has answered; never more than that. */
  readonly said: string
  readonly quiet?: boolean
}

/** One press, one change. It waits for the hub's answer and says no more than what that answer means. */
export function Action({ path, needs, children, said, quiet = false }: ActionProps): ReactNode {
  const queries = useQueryClient()
  const press = useMutation({
    mutationFn: () => change('POST', path),
    onSuccess: () => queries.invalidateQueries(),
  })
  return (
    <>
      <ActButton
        needs={needs}
        size="xs"
        variant={quiet ? 'default' : 'filled'}
        loading={press.isPending}
        disabled={press.isSuccess}
        act={() => press.mutate()}
      >
        {children}
      </ActButton>
      <span role="status">
        {press.isSuccess ? said : ''}
        {press.isError ? `Not done: ${press.error.message}` : ''}
      </span>
    </>
  )
}

export const SettleAction = ({ exception }: { readonly exception: string }) => (
  <Action
    needs="exceptions:write"
    path={`/exceptions/${exception}/resolve`}
    said="Settled. It comes back if its cause is still there."
    quiet
  >
    Mark as settled
  </Action>
)
