import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type Warehouse, warehousesQuery } from '../api/warehouses.ts'
import type { IconName } from '../parts/icons.tsx'
import { useRowKeys } from '../parts/keys.ts'
import { PageFrame } from '../parts/page.tsx'
import { Read } from '../parts/section.tsx'
import { Empty } from '../parts/states.tsx'
import { Status, type Tone } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { counted, plain } from '../parts/words.ts'

/** By what was seen of it; what a person must do comes first. */
export function warehouseLook(one: Warehouse): readonly [word: string, tone: Tone, icon: IconName] {
  if (one.status === 'reauth_required') return ['Sign-in needed', 'critical', 'warn']
  if (one.status !== 'active') return [plain(one.status), 'neutral', 'pause']
  if (one.late > 0) return ['Acknowledgement late', 'critical', 'warn']
  if (one.filesInError > 0) return ['Rows in error', 'warning', 'warn']
  if (one.lastError !== null) return ['Last contact failed', 'warning', 'warn']
  if (one.lastSuccessAt === null) return ['Not heard of yet', 'attention', 'question']
  if (one.writeMode !== 'on') return ['Watching only', 'info', 'clock']
  return ['Connected', 'success', 'check']
}

function Files({ one }: { readonly one: Warehouse }) {
  return (
    <p className="sub">
      {one.lastSent === null ? (
        'Nothing sent yet'
      ) : (
        <>
          Last sent <Time at={one.lastSent.at} />
        </>
      )}
      {', '}
      {one.lastReceived === null ? (
        'nothing received lately'
      ) : (
        <>
          last received <Time at={one.lastReceived.at} />
        </>
      )}
      .
    </p>
  )
}

/** What waits, in a sentence; nothing is said where nothing waits. */
export function waitingWords({ toSend, waiting, late, rowsInError, filesInError }: Warehouse): string {
  const parts = [
    ...(toSend > 0 ? [`${counted(toSend, 'request')} to send`] : []),
    ...(waiting > 0 ? [`${counted(waiting, 'request')} not answered yet`] : []),
    ...(late > 0 ? [`${late} of them late`] : []),
    ...(filesInError > 0
      ? [`${rowsInError > 0 ? counted(rowsInError, 'row') : counted(filesInError, 'file')} not taken`]
      : []),
  ]
  return parts.length === 0 ? 'Nothing waits.' : `${parts.join(', ')}.`
}

function Row({ one }: { readonly one: Warehouse }) {
  const [word, tone, icon] = warehouseLook(one)
  return (
    <li className="exception">
      <div>
        <p>
          <Link to="/warehouses/$id" params={{ id: one.id }} className="main-link" data-row>
            {one.label}
          </Link>{' '}
          {one.location !== null && <span className="dim">ships from {one.location.code}</span>}
        </p>
        <p className="sub">{waitingWords(one)}</p>
        <Files one={one} />
        {one.lastError !== null && <p className="sub sub-problem">{one.lastError}</p>}
      </div>
      <Status tone={tone} icon={icon}>
        {word}
      </Status>
    </li>
  )
}

/** Who ships for the merchant, the one that needs somebody first. */
export function WarehousesPage() {
  const list = useQuery(warehousesQuery)
  useRowKeys()
  const urgency = (one: Warehouse) => ['critical', 'warning', 'attention'].indexOf(warehouseLook(one)[1]) >>> 0
  return (
    <PageFrame title="Warehouses" readAt={list.dataUpdatedAt} stale={list.isError && list.data !== undefined}>
      <section className="card" aria-label="List of warehouses">
        <Read of={list} what="Warehouses">
          {({ items }) =>
            items.length === 0 ? (
              <Empty>No warehouse ships for you yet. What you send yourself needs none.</Empty>
            ) : (
              <ul className="parcels">
                {items
                  .toSorted((a, b) => urgency(a) - urgency(b))
                  .map((one) => (
                    <Row key={one.id} one={one} />
                  ))}
              </ul>
            )
          }
        </Read>
      </section>
    </PageFrame>
  )
}
