import { useMutation, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { change } from '../api/client.ts'
import type { WholeOrder } from '../api/types.ts'
import { ActButton } from '../parts/act-button.tsx'

/** Loaded when the first of them is opened. */
const dialogs = () => import('./order-dialogs.tsx')
const HoldDialog = lazy(() => dialogs().then(({ HoldDialog: it }) => ({ default: it })))
const CancelDialog = lazy(() => dialogs().then(({ CancelDialog: it }) => ({ default: it })))

/** What can be done to this order now; what cannot be done says why. */
export function OrderActions({ order }: { readonly order: WholeOrder }) {
  const [open, setOpen] = useState<'hold' | 'cancel' | null>(null)
  const close = () => setOpen(null)
  const queries = useQueryClient()
  const release = useMutation({
    mutationFn: () => change('POST', `/orders/${order.id}/release`),
    onSuccess: () => queries.invalidateQueries(),
  })
  const looks = { size: 'xs', variant: 'default', needs: 'orders:write' } as const
  return (
    <>
      <div className="row-actions">
        {order.held === null ? (
          <ActButton {...looks} why={order.may.hold} act={() => setOpen('hold')}>
            Hold
          </ActButton>
        ) : (
          <ActButton {...looks} why={order.may.release} loading={release.isPending} act={() => release.mutate()}>
            Release
          </ActButton>
        )}
        <ActButton {...looks} why={order.may.cancel} act={() => setOpen('cancel')}>
          Cancel…
        </ActButton>
      </div>
      {release.isError && (
        <p className="said tone-critical" role="alert">
          Not released. {release.error.message}
        </p>
      )}
      <Suspense fallback={null}>
        {open === 'hold' && <HoldDialog order={order} close={close} />}
        {open === 'cancel' && <CancelDialog order={order} close={close} />}
      </Suspense>
    </>
  )
}
