import { Button } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Channel, ModeChange, QuantityRow, Shadow } from '../api/channel-types.ts'
import { quantitiesQuery, setMode } from '../api/channels.ts'
import { Dialog } from '../parts/dialog.tsx'
import { FormError } from '../parts/form-error.tsx'
import { Rows } from '../parts/rows.tsx'
import { Time } from '../parts/time.tsx'
import { counted, platformName } from '../parts/words.ts'

interface DialogProps {
  readonly channel: Channel
  readonly close: () => void
}

function useGoLive(channel: Channel, close: () => void) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (to: ModeChange) => setMode(channel, to),
    onSuccess: async () => {
      await queries.invalidateQueries()
      close()
    },
  })
}

const canBeWritten = (row: QuantityRow) => row.sku !== null && row.change !== 'not_written'

interface PickProps {
  readonly row: QuantityRow
  readonly on: boolean
  readonly toggle: () => void
}

function Pick({ row, on, toggle }: PickProps) {
  return (
    <li>
      <label className="pick">
        <input type="checkbox" checked={on} disabled={!canBeWritten(row)} onChange={toggle} />
        <span>
          <b>{row.sku}</b> <span className="dim">{row.title}</span>
        </span>
        <span className="number">
          {canBeWritten(row) ? `${row.before ?? 'not read'} → ${row.after}` : 'linked to no item'}
        </span>
      </label>
    </li>
  )
}

/** A few SKUs first: what goes wrong, goes wrong small. */
export function GoLiveWithSome({ channel, close }: DialogProps) {
  const list = useInfiniteQuery(quantitiesQuery(channel.id))
  const [skus, setSkus] = useState<ReadonlySet<string>>(new Set(channel.canarySkus))
  const go = useGoLive(channel, close)
  const toggle = (sku: string) => {
    const next = new Set(skus)
    if (!next.delete(sku)) next.add(sku)
    setSkus(next)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    go.mutate({ mode: 'canary', skus: [...skus] })
  }
  return (
    <Dialog title={`Go live with some SKUs on ${channel.label}`} close={close}>
      <form className="form" onSubmit={submit}>
        <p className="dim">
          The number that the shop shows → the number that we write. A number only rises after its orders were read once
          more.
        </p>
        <Rows of={list} what="The listings" one="listing" none="No listing was read yet.">
          {(rows) => (
            <ul className="picks">
              {rows.map((row) => (
                <Pick key={row.listing} row={row} on={skus.has(row.sku ?? '')} toggle={() => toggle(row.sku ?? '')} />
              ))}
            </ul>
          )}
        </Rows>
        <FormError error={go.error} />
        <div className="row-actions">
          <Button type="submit" loading={go.isPending} disabled={skus.size === 0}>
            Write {counted(skus.size, 'SKU')}
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function Effect({ channel, shadow }: { readonly channel: Channel; readonly shadow: Shadow | undefined }) {
  const list = useInfiniteQuery(quantitiesQuery(channel.id, 'lower'))
  const some = (list.data?.pages[0]?.items ?? []).slice(0, 3)
  if (shadow === undefined) return null
  const { lower, higher, unread } = shadow.quantities
  return (
    <p>
      {counted(lower + higher, 'number')} on {platformName(channel.connector)} will change: {lower} get lower
      {some.length > 0 &&
        ` (${some.map(({ sku, before, after }) => `${sku} ${before} → ${after}`).join(', ')}${lower > some.length ? ', …' : ''})`}
      , {higher} higher. We read its orders once more before a number rises.
      {unread > 0 && ` ${counted(unread, 'number')} were not read yet.`}
    </p>
  )
}

const handOvers = ['now', 'read', 'none'] as const
type HandOver = (typeof handOvers)[number]

function HandOverChoice({ channel, value, pick }: { channel: Channel; value: HandOver; pick: (to: HandOver) => void }) {
  const words: Readonly<Record<HandOver, React.ReactNode>> = {
    now: 'Those placed from now on. Whoever shipped before ships the earlier ones.',
    read: (
      <>
        Also the open ones that we read, since <Time at={channel.ordersFrom} />
      </>
    ),
    none: 'None. Only stock is written; somebody else ships for this shop.',
  }
  return (
    <fieldset className="choices">
      <legend>Which orders go to your warehouses?</legend>
      {handOvers.map((one) => (
        <label key={one} className="choice">
          <input type="radio" name="hand-over" checked={value === one} onChange={() => pick(one)} />
          <span>{words[one]}</span>
        </label>
      ))}
    </fieldset>
  )
}

/** Every linked listing, and which orders are handed over from then on. */
export function GoLiveWithAll({ channel, shadow, close }: DialogProps & { readonly shadow: Shadow | undefined }) {
  const [handOver, setHandOver] = useState<HandOver>('now')
  const go = useGoLive(channel, close)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const from = { now: new Date().toISOString(), read: channel.ordersFrom, none: null }[handOver]
    go.mutate({ mode: 'on', handOverFrom: from })
  }
  return (
    <Dialog title={`Write stock for every linked listing on ${channel.label}?`} close={close}>
      <form className="form" onSubmit={submit}>
        <Effect channel={channel} shadow={shadow} />
        <HandOverChoice channel={channel} value={handOver} pick={setHandOver} />
        <FormError error={go.error} />
        <div className="row-actions">
          <Button type="submit" loading={go.isPending}>
            Write all
          </Button>
          <Button variant="default" onClick={close} data-autofocus>
            Keep watching
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
