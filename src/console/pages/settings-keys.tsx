import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { change } from '../api/client.ts'
import { type ApiKey, keysQuery } from '../api/settings.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Confirm } from '../parts/confirm.tsx'
import type { IconName } from '../parts/icons.tsx'
import { ListEnd } from '../parts/list-end.tsx'
import { Read, Section } from '../parts/section.tsx'
import { Empty } from '../parts/states.tsx'
import { Status, type Tone } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { counted } from '../parts/words.ts'
import { NewKey } from './new-key.tsx'

/** A key that is over does not end a door that somebody still needs; so nearly over is said in time. */
const soonMs = 14 * 86_400_000

function lookOf({ revokedAt, expiresAt }: ApiKey): readonly [string, Tone, IconName] {
  if (revokedAt !== null) return ['Revoked', 'neutral', 'cross']
  const leftMs = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - Date.now()
  if (leftMs <= 0) return ['Expired', 'neutral', 'clock']
  return leftMs < soonMs ? ['Ends soon', 'attention', 'warn'] : ['Good', 'success', 'check']
}

const isOpen = (key: ApiKey) =>
  key.revokedAt === null && (key.expiresAt === null || Date.parse(key.expiresAt) > Date.now())

function Times({ apiKey: { createdAt, expiresAt, lastUsedAt, revokedAt } }: { readonly apiKey: ApiKey }) {
  return (
    <p className="sub">
      Made <Time at={createdAt} />,{' '}
      {lastUsedAt === null ? (
        'never used'
      ) : (
        <>
          last used <Time at={lastUsedAt} />
        </>
      )}
      {expiresAt !== null && (
        <>
          , ends <Time at={expiresAt} />
        </>
      )}
      {revokedAt !== null && (
        <>
          , revoked <Time at={revokedAt} />
        </>
      )}
    </p>
  )
}

function Row({ apiKey }: { readonly apiKey: ApiKey }) {
  const [revoking, setRevoking] = useState(false)
  const [word, tone, icon] = lookOf(apiKey)
  const all = apiKey.scopes.includes('*')
  return (
    <li className="exception">
      <div>
        <p>
          <b>{apiKey.label}</b> <code>hub_live_{apiKey.id}_…</code>
        </p>
        <Times apiKey={apiKey} />
        <details>
          <summary className="sub">
            {all ? 'May do everything a key can' : `May: ${counted(apiKey.scopes.length, 'thing')}`}
          </summary>
          <p className="sub">{all ? 'Every scope, those to come as well.' : apiKey.scopes.join(', ')}</p>
        </details>
      </div>
      <div className="row-actions">
        <Status tone={tone} icon={icon}>
          {word}
        </Status>
        {isOpen(apiKey) && (
          <ActButton needs="api-keys:write" size="sm" variant="default" act={() => setRevoking(true)}>
            {`Revoke ${apiKey.label}`}
          </ActButton>
        )}
      </div>
      {revoking && (
        <Confirm
          title={`Revoke ${apiKey.label}?`}
          word="Revoke the key"
          act={() => change('DELETE', `/api-keys/${apiKey.id}`)}
          close={() => setRevoking(false)}
        >
          Whatever uses it is refused from the next request on. This cannot be taken back.
        </Confirm>
      )}
    </li>
  )
}

/** Keys of programs: what each may, when it was last used, and its end. */
export function KeySettings() {
  const list = useInfiniteQuery(keysQuery)
  const [making, setMaking] = useState(false)
  return (
    <Section
      title="API keys"
      note="For programs. A key acts without a person, so give it only what it needs."
      action={
        <ActButton needs="api-keys:write" act={() => setMaking(true)}>
          New key
        </ActButton>
      }
    >
      <Read of={list} what="API keys">
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items)
          if (rows.length === 0) return <Empty>No key yet. Programs and the command line need one.</Empty>
          return (
            <>
              <ul className="parcels">
                {[...rows.filter(isOpen), ...rows.filter((key) => !isOpen(key))].map((key) => (
                  <Row key={key.id} apiKey={key} />
                ))}
              </ul>
              <ListEnd
                shown={rows.length}
                one="key"
                hasMore={list.hasNextPage}
                loading={list.isFetchingNextPage}
                more={() => void list.fetchNextPage()}
              />
            </>
          )
        }}
      </Read>
      {making && <NewKey close={() => setMaking(false)} />}
    </Section>
  )
}
