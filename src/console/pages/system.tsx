import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type PublicStatus, publicStatusQuery } from '../api/status.ts'
import { Loading } from '../parts/states.tsx'
import { Status } from '../parts/status.tsx'
import { ageText, clockText } from '../parts/time.tsx'
import { GuestFrame } from './guest-frame.tsx'

const own = Intl.DateTimeFormat().resolvedOptions().timeZone

function Known({ status: { ok, waitingFor, since, startedAt, version } }: { readonly status: PublicStatus }) {
  return (
    <>
      <p className={`said tone-${ok ? 'success' : 'critical'}`} role="status">
        <b>
          {ok
            ? `The hub works, since ${clockText(new Date(since), own)}.`
            : `The hub waits for its ${waitingFor.join(' and ')} since ${clockText(new Date(since), own)}.`}
        </b>{' '}
        {!ok && 'This page goes on looking. Shops and warehouses send again what they could not deliver meanwhile.'}
      </p>
      <p className="dim">
        Version {version}, up for {ageText(startedAt)}. Times in {own}.
      </p>
      {ok && (
        <p>
          <Link to="/status">Go on to System status</Link>
        </p>
      )}
    </>
  )
}

/** How the hub is, for whoever asks, also while it knows nobody because its database is away. */
export function SystemPage() {
  const { data, error } = useQuery(publicStatusQuery)
  return (
    <GuestFrame title="System status" note="Of the hub itself, looked at every 5 seconds.">
      <div className="form">
        {error !== null && (
          <div className="said tone-critical" role="alert">
            <Status tone="critical" icon="warn">
              No answer
            </Status>{' '}
            {error.message} Nothing can be said about it from here.
          </div>
        )}
        {error === null && data === undefined && <Loading label="the status" rows={2} />}
        {error === null && data !== undefined && <Known status={data} />}
      </div>
    </GuestFrame>
  )
}
