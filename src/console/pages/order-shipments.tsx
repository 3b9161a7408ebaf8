import { useQuery } from '@tanstack/react-query'
import { connectionsQuery, locationsQuery } from '../api/queries.ts'
import type { FulfillmentOrder, Shipment, WholeOrder } from '../api/types.ts'
import type { IconName } from '../parts/icons.tsx'
import { Status, type Tone } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { plain } from '../parts/words.ts'

/** What the channel knows of a parcel: our words for pushes, the same on every page. */
const toldLooks: Readonly<Record<string, readonly [word: string, tone: Tone, icon: IconName]>> = {
  pending: ['Queued for the channel', 'info', 'clock'],
  sending: ['Sent to the channel', 'info', 'telling'],
  unknown: ['Sent, looking for the answer', 'attention', 'question'],
  accepted: ['Accepted by the channel', 'info', 'telling'],
  confirmed: ['Confirmed by the channel', 'success', 'check'],
  unverifiable: ['Cannot be checked', 'attention', 'question'],
  refused: ['Refused by the channel', 'critical', 'cross'],
  dead: ['Refused by the channel', 'critical', 'cross'],
}

function Told({ state, reason }: { readonly state: string; readonly reason: string | null }) {
  const [word, tone, icon] = toldLooks[state] ?? [plain(state), 'neutral', 'question']
  return (
    <p>
      <Status tone={tone} icon={icon}>
        {word}
      </Status>
      {reason !== null && tone !== 'success' && <span className="sub"> {reason}</span>}
    </p>
  )
}

function Parcel({ shipment }: { readonly shipment: Shipment }) {
  return (
    <li className="parcel">
      <p>
        <b>{shipment.tracking ?? 'No tracking number'}</b> <span className="dim">{shipment.carrier}</span>
      </p>
      <p className="dim">
        {shipment.lines.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ')}, shipped{' '}
        <Time at={shipment.shippedAt} />
      </p>
      {shipment.channel.map((told) => (
        <Told key={`${told.state} ${told.remote}`} state={told.state} reason={told.reason} />
      ))}
    </li>
  )
}

const requestWords: Readonly<Record<string, string>> = {
  open: 'Waits to be sent',
  in_progress: 'The warehouse has it',
  incomplete: 'Ended with units left over',
  closed: 'Done',
  cancelled: 'Cancelled',
}
const answers: Readonly<Record<string, string>> = {
  submitted: 'sent, not yet acknowledged',
  accepted: 'acknowledged',
  rejected: 'refused',
  cancellation_requested: 'asked to stop, not yet answered',
  cancellation_accepted: 'stopped',
  cancellation_rejected: 'did not stop',
}

function Request({ request }: { readonly request: FulfillmentOrder }) {
  const place = useQuery(locationsQuery).data?.items.find(({ id }) => id === request.location)
  const partner = useQuery(connectionsQuery).data?.items.find(({ id }) => id === request.partner)
  const who = partner?.label ?? place?.name ?? 'Warehouse'
  const answer = answers[request.requestStatus]
  return (
    <li className="parcel">
      <p>
        <b>{request.requestNumber}</b> <span className="dim">{who}</span>
      </p>
      <p className="dim">{request.lines.map(({ sku, requested }) => `${requested} × ${sku}`).join(', ')}</p>
      <p>
        {requestWords[request.status] ?? plain(request.status)}
        {answer !== undefined && ` · ${answer}`}
        {request.reason !== null && ` · ${request.reason}`}
      </p>
    </li>
  )
}

/** What the warehouse was asked, and what left it. */
export function OrderShipments({ order }: { readonly order: WholeOrder }) {
  return (
    <section className="card">
      <h2>Shipments</h2>
      {order.shipments.length === 0 ? (
        <p className="card-body dim">None yet.</p>
      ) : (
        <ul className="parcels">
          {order.shipments.map((shipment) => (
            <Parcel key={shipment.id} shipment={shipment} />
          ))}
        </ul>
      )}
      {order.fulfillmentOrders.length > 0 && (
        <>
          <h3 className="inner-head">Asked of the warehouse</h3>
          <ul className="parcels">
            {order.fulfillmentOrders.map((request) => (
              <Request key={request.id} request={request} />
            ))}
          </ul>
        </>
      )}
    </section>
  )
}
