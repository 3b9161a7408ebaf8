import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent as Key, useEffect, useId, useRef, useState } from 'react'
import { findOrders, itemBySku } from './api/queries.ts'
import { Icon } from './parts/icons.tsx'
import { isWriting } from './parts/keys.ts'
import { platformName } from './parts/words.ts'

interface Hit {
  readonly key: string
  readonly title: string
  readonly note: string
  readonly go: { to: '/orders/$id' | '/inventory/$id'; params: { id: string } }
}
const kinds: Readonly<Record<string, string>> = {
  order: 'order number',
  external: "channel's id",
  request: 'request number',
  tracking: 'tracking number',
  shipment: "warehouse's parcel",
}

/** Orders by any of their numbers, and the item with this very SKU. */
async function find(q: string, signal: AbortSignal): Promise<Hit[]> {
  const hasNumber = /[a-z0-9]/i.test(q)
  const [orders, items] = await Promise.all([hasNumber ? findOrders(q, signal) : { items: [] }, itemBySku(q, signal)])
  return [
    ...items.items.map(({ id, sku, title }) => ({
      key: id,
      title: sku,
      note: title === '' ? 'item' : `item · ${title}`,
      go: { to: '/inventory/$id', params: { id } } as const,
    })),
    ...orders.items.map((order) => ({
      key: `${order.id} ${order.matched}`,
      title: order.number,
      note: `${platformName(order.platform)} order · by ${kinds[order.matchedKind] ?? 'a number'} ${order.matched}`,
      go: { to: '/orders/$id', params: { id: order.id } } as const,
    })),
  ]
}

/** Asks once somebody stops typing. */
function useHits(q: string) {
  const [settled, setSettled] = useState(q)
  useEffect(() => {
    const late = setTimeout(() => setSettled(q), 150)
    return () => clearTimeout(late)
  }, [q])
  return useQuery({
    queryKey: ['search', settled],
    queryFn: ({ signal }) => find(settled, signal),
    enabled: settled !== '',
    staleTime: 10_000,
  })
}

function useShortcut(focus: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const chord = event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey)
      if (!chord && (event.key !== '/' || isWriting(event))) return
      event.preventDefault()
      focus()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [focus])
}

interface ListProps {
  readonly id: string
  readonly hits: readonly Hit[]
  readonly at: number
  readonly note: string
  readonly open: (hit: Hit) => void
}

function HitList({ id, hits, at, note, open }: ListProps) {
  return (
    <div className="hits">
      <div role="listbox" id={id} aria-label="Found">
        {hits.map((hit, place) => (
          // Keys are the field's: the list is walked from there.
          <div
            key={hit.key}
            id={`${id}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === at}
            className="hit"
            onMouseDown={() => open(hit)}
          >
            <b>{hit.title}</b>
            <span className="dim">{hit.note}</span>
          </div>
        ))}
      </div>
      {note !== '' && (
        <p className="hits-note" role="status">
          {note}
        </p>
      )}
    </div>
  )
}

/** One box that finds any number. Enter opens the first hit, so an exact number is one line and Enter. */
export function SearchBox() {
  const field = useRef<HTMLInputElement>(null)
  const id = useId()
  const navigate = useNavigate()
  const [q, setQ] = useState('')
  const [at, setAt] = useState(0)
  const [isOpen, setOpen] = useState(false)
  const asked = q.trim()
  const { data: hits = [], isFetching, isError } = useHits(asked)
  useShortcut(() => field.current?.focus())
  const open = (hit: Hit) => {
    setOpen(false)
    setQ('')
    field.current?.blur()
    void navigate(hit.go)
  }
  const press = (event: Key) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (move !== undefined) {
      event.preventDefault()
      setAt(Math.min(Math.max(0, at + move), Math.max(0, hits.length - 1)))
    }
    const hit = hits[at]
    if (event.key === 'Enter' && hit !== undefined) open(hit)
    if (event.key === 'Escape') field.current?.blur()
  }
  const nothing = isError ? 'The search did not answer. Try again in a moment.' : `Nothing begins with “${asked}”.`
  const note = hits.length > 0 ? '' : isFetching ? 'Looking…' : nothing
  const shown = isOpen && asked !== ''
  return (
    <search className="search">
      <Icon name="search" />
      <input
        ref={field}
        type="text"
        value={q}
        role="combobox"
        aria-label="Search any number or SKU"
        aria-expanded={shown}
        aria-controls={id}
        aria-activedescendant={shown && hits.length > 0 ? `${id}-${at}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder="Search any number or SKU"
        onChange={(event) => {
          setQ(event.target.value)
          setAt(0)
          setOpen(true)
        }}
        onKeyDown={press}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
      />
      <kbd className="wide">/</kbd>
      {shown && <HitList id={id} hits={hits} at={at} note={note} open={open} />}
    </search>
  )
}
