import type { Person, WholeOrder } from '../api/types.ts'
import { Time } from '../parts/time.tsx'
import { moneyText, plain } from '../parts/words.ts'

const addressFields = ['name', 'company', 'address1', 'address2', 'postcode', 'city', 'province', 'region', 'country']

function addressOf({ data, erasedAt }: Person): string {
  if (erasedAt !== null) return 'erased'
  const parts = addressFields.flatMap((name) => {
    const value = data?.[name]
    return typeof value === 'string' && value !== '' ? [value] : []
  })
  return parts.length === 0 ? 'not given' : parts.join(', ')
}

function ShipsTo({ persons }: { readonly persons: readonly Person[] | null }) {
  if (persons === null) return <span className="dim">You may not see names and addresses.</span>
  const to = persons.find(({ role }) => role === 'ship_to')
  return to === undefined ? <span className="dim">not given</span> : addressOf(to)
}

/** What else is known, ours and the channel's. */
export function OrderFacts({ order }: { readonly order: WholeOrder }) {
  const adds = Number(order.moneyDelta.amount) === 0 ? 'adds up' : `off by ${moneyText(order.moneyDelta)}`
  return (
    <section className="card">
      <h2>Details</h2>
      <dl className="facts card-body">
        <dt>Ships to</dt>
        <dd>
          <ShipsTo persons={order.persons} />
        </dd>
        <dt>Service</dt>
        <dd>{order.shippingService ?? <span className="dim">not given</span>}</dd>
        <dt>Total</dt>
        <dd>
          {moneyText(order.total)} <span className="dim">({adds})</span>
        </dd>
        <dt>Channel says</dt>
        <dd>{plain(order.remoteStatus)}</dd>
        {order.hold !== null && (
          <>
            <dt>Held by the channel</dt>
            <dd>{plain(order.hold)}</dd>
          </>
        )}
        <dt>Received</dt>
        <dd>
          <Time at={order.importedAt} />
        </dd>
      </dl>
    </section>
  )
}
