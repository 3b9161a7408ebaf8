import { Button } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { meQuery } from '../api/session.ts'
import { type AuditEntry, auditLogQuery, checkChain, membersQuery } from '../api/settings.ts'
import { actName } from '../parts/acts.ts'
import { FormError } from '../parts/form-error.tsx'
import { ListEnd } from '../parts/list-end.tsx'
import { useMay } from '../parts/may.ts'
import { Read, Section } from '../parts/section.tsx'
import { Time } from '../parts/time.tsx'
import { plain } from '../parts/words.ts'

/** To the end, however many pages of links that takes. */
async function checkAll(): Promise<{ readonly looked: number; readonly broken: string | null }> {
  let looked = 0
  for (let after: string | null = '0'; after !== null; ) {
    const page = await checkChain(after)
    looked += page.looked
    if (page.broken !== null) return { looked, broken: page.broken }
    after = page.next
  }
  return { looked, broken: null }
}

function Check() {
  const check = useMutation({ mutationFn: checkAll })
  return (
    <>
      <Button variant="default" size="sm" loading={check.isPending} onClick={() => check.mutate()}>
        Check the chain
      </Button>
      <span role="status">
        {check.data?.broken === null && (
          <span className="said tone-success">
            {check.data.looked.toLocaleString('en-GB')} entries looked at: each is as it was written and follows the one
            before it.
          </span>
        )}
        {typeof check.data?.broken === 'string' && (
          <span className="said tone-critical">
            Entry {check.data.broken} is not as it was written, or the one before it is gone. Compare the log from there
            on with a backup.
          </span>
        )}
      </span>
      <FormError error={check.error} />
    </>
  )
}

/** Names of colleagues, where one may see them; else the id. */
function useWho(): (actor: string) => string {
  const may = useMay('team:read')
  const members = useInfiniteQuery({ ...membersQuery, enabled: may }).data?.pages.flatMap((page) => page.items) ?? []
  const me = useQuery(meQuery).data
  const known = new Map([...members, ...(me === undefined ? [] : [me])].map(({ id, email }) => [id, email]))
  return (actor) => {
    if (actor === 'install') return 'whoever runs the hub'
    if (actor.startsWith('key:')) return `key ${actor.slice(4)}`
    return known.get(actor) ?? actor
  }
}

const word = (value: AuditEntry['changes'][number]['before']): string => {
  if (value === undefined || value === null) return 'nothing'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'object' ? value.join(', ') : String(value)
}

function Changes({ entry: { changes } }: { readonly entry: AuditEntry }) {
  return (
    <ul className="changes">
      {changes.map(({ field, before, after }) => (
        <li key={field}>
          {plain(field.replace(/([A-Z])/g, ' $1').toLowerCase())}:{' '}
          {before === undefined && after === undefined ? (
            <span className="dim">changed; its text is not kept here</span>
          ) : (
            <>
              {before !== undefined && (
                <>
                  <del>{word(before)}</del> →{' '}
                </>
              )}
              <ins>{word(after)}</ins>
            </>
          )}
        </li>
      ))}
    </ul>
  )
}

function Row({ entry, who }: { readonly entry: AuditEntry; readonly who: (actor: string) => string }) {
  return (
    <li className="exception">
      <div>
        <p>
          <b>{actName(entry.act)}</b> <span className="dim">by</span> {who(entry.actor)}
        </p>
        {entry.changes.length > 0 && <Changes entry={entry} />}
        <details>
          <summary className="sub">Technical</summary>
          <p className="sub">
            <code>{entry.act}</code> by a {entry.client}, of {entry.targets.join(', ') || 'nothing by id'}
          </p>
          <p className="sub">
            Hash <code>{entry.hash}</code>
          </p>
        </details>
      </div>
      <p className="sub">
        <Time at={entry.at} /> · no. {entry.seq}
      </p>
    </li>
  )
}

/** Who did what, newest first, and whether it is as it was written. */
export function AuditLogSettings() {
  const list = useInfiniteQuery(auditLogQuery)
  const who = useWho()
  return (
    <Section
      title="Audit log"
      note="Every change by people and keys, each entry sealed to the one before it. Nobody of the hub can change or delete one."
    >
      <div className="card-body check">
        <Check />
      </div>
      <Read of={list} what="The audit log">
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items)
          return (
            <>
              <ul className="parcels">
                {rows.map((entry) => (
                  <Row key={entry.id} entry={entry} who={who} />
                ))}
              </ul>
              <ListEnd
                shown={rows.length}
                one="entry"
                many="entries"
                hasMore={list.hasNextPage}
                loading={list.isFetchingNextPage}
                more={() => void list.fetchNextPage()}
              />
            </>
          )
        }}
      </Read>
    </Section>
  )
}
