import { Button, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { change, read } from '../api/client.ts'
import type { Listing, MatrixRow, Page } from '../api/types.ts'
import { Dialog } from '../parts/dialog.tsx'

interface Props {
  readonly listing: Pick<Listing, 'id' | 'externalId' | 'sku' | 'title' | 'components'>
  readonly shop: string
  readonly close: () => void
}

/** Items whose SKU begins as written: what may be meant, with what is there of it. */
function useSuggestions(sku: string) {
  return useQuery({
    queryKey: ['suggest', sku],
    queryFn: ({ signal }) => read<Page<MatrixRow>>('/inventory/matrix', { sku, limit: 6 }, signal),
    enabled: sku !== '',
    staleTime: 10_000,
  })
}

function Suggestions({ sku, pick }: { readonly sku: string; readonly pick: (sku: string) => void }) {
  const { data, isFetching, isError } = useSuggestions(sku)
  const items = data?.items ?? []
  if (sku === '' || items.some((row) => row.sku === sku)) return null
  if (items.length === 0) {
    const word = isError
      ? 'The items could not be looked up.'
      : isFetching
        ? 'Looking…'
        : 'No item’s SKU begins like this.'
    return (
      <p className="dim" role="status">
        {word}
      </p>
    )
  }
  return (
    <ul className="suggestions" aria-label="Items whose SKU begins like this">
      {items.map((row) => (
        <li key={row.item}>
          <button type="button" className="suggestion" onClick={() => pick(row.sku)}>
            <b>{row.sku}</b> <span className="dim">{row.title}</span>
            <span className="dim">{row.available} available</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

function useLink({ id }: Pick<Listing, 'id'>) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (parts: { sku: string; quantity: number }) =>
      change<Listing>('PUT', `/listings/${id}/components`, { components: [parts] }),
    onSuccess: () => queries.invalidateQueries(),
  })
}

function Done({ listing, close }: { readonly listing: Listing; readonly close: () => void }) {
  const parts = listing.components.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ')
  return (
    <div className="form">
      <p role="status">
        Linked: one listing takes {parts}. Orders that waited for it go on by themselves; the channel is being told its
        stock.
      </p>
      <Button onClick={close}>Close</Button>
    </div>
  )
}

/** Which item one unit of the listing takes from stock, and how many of it. */
export function LinkListing({ listing, shop, close }: Props) {
  const [first] = listing.components
  const [sku, setSku] = useState(first?.sku ?? listing.sku ?? '')
  const [quantity, setQuantity] = useState(String(first?.quantity ?? 1))
  const link = useLink(listing)
  const isWhole = /^[1-9]\d{0,2}$/.test(quantity)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isWhole) link.mutate({ sku: sku.trim(), quantity: Number(quantity) })
  }
  return (
    <Dialog title={`Link “${listing.title || listing.externalId}”`} close={close}>
      {link.isSuccess ? (
        <Done listing={link.data} close={close} />
      ) : (
        <form className="form" onSubmit={submit}>
          <p className="dim">Sold on {shop}. Orders already received and linked keep what they took.</p>
          <TextInput
            label="SKU of the item"
            required
            data-autofocus
            autoComplete="off"
            value={sku}
            onChange={({ currentTarget }) => setSku(currentTarget.value)}
          />
          <Suggestions sku={sku.trim()} pick={setSku} />
          <TextInput
            label="Units of it in one listing"
            description="6 for a pack of six"
            inputMode="numeric"
            required
            value={quantity}
            onChange={({ currentTarget }) => setQuantity(currentTarget.value.trim())}
            error={isWhole ? null : 'Write a whole number from 1 to 999.'}
          />
          {link.isError && (
            <p className="said tone-critical" role="alert">
              {link.error.message}
            </p>
          )}
          <div className="row-actions">
            <Button type="submit" loading={link.isPending}>
              Link listing
            </Button>
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  )
}
