import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { change } from '../api/client.ts'
import { meQuery } from '../api/session.ts'
import { type Invitation, invitationsQuery, type Member, membersQuery, roles } from '../api/settings.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { FormError } from '../parts/form-error.tsx'
import { ListEnd } from '../parts/list-end.tsx'
import { useRefusal } from '../parts/may.ts'
import { Read, Section } from '../parts/section.tsx'
import { Empty } from '../parts/states.tsx'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { InviteColleague } from './invite-colleague.tsx'

const team = 'team:write'

function RolePicker({ member }: { readonly member: Member }) {
  const queries = useQueryClient()
  const refusal = useRefusal(team)
  const set = useMutation({
    mutationFn: (role: string) => change('PATCH', `/members/${member.id}`, { role }),
    onSettled: () => queries.invalidateQueries(),
  })
  const known = [...new Set<string>([...roles, member.role])]
  return (
    <div>
      <NativeSelect
        aria-label={`Role of ${member.email}`}
        value={set.isPending ? set.variables : member.role}
        data={known}
        disabled={refusal !== null || set.isPending}
        title={refusal ?? undefined}
        onChange={({ currentTarget }) => set.mutate(currentTarget.value)}
      />
      <FormError error={set.error} />
      <span role="status" className="sub">
        {set.isSuccess ? 'Changed. They sign in again.' : ''}
      </span>
    </div>
  )
}

interface LeaveProps {
  readonly member: Member
  readonly how: 'remove' | 'sign-out'
  readonly close: () => void
}

function Leave({ member: { id, email }, how, close }: LeaveProps) {
  if (how === 'remove')
    return (
      <Confirm
        title={`Remove ${email}?`}
        word="Remove from the team"
        act={() => change('DELETE', `/members/${id}`)}
        close={close}
      >
        They are signed out at once and see nothing of this business any more. What they did stays in the audit log.
      </Confirm>
    )
  return (
    <Confirm
      title={`Sign ${email} out everywhere?`}
      word="Sign them out"
      act={() => change('POST', `/members/${id}/sign-out`)}
      close={close}
    >
      Every browser in which they look at this business must sign in again.
    </Confirm>
  )
}

function Row({ member, isMe }: { readonly member: Member; readonly isMe: boolean }) {
  const [leaving, setLeaving] = useState<LeaveProps['how'] | null>(null)
  return (
    <li className="exception">
      <div>
        <p>
          <b>{member.email}</b> {isMe && <span className="dim">you</span>}
        </p>
        <p className="sub">
          {member.seenAt === null ? 'Not seen here yet' : 'Last seen '}
          {member.seenAt !== null && <Time at={member.seenAt} />}, here since <Time at={member.joinedAt} />
          {member.seesPersons && ', sees names and addresses'}
        </p>
        <p>
          {member.secondFactor ? (
            <Status tone="success" icon="check">
              Two-step sign-in
            </Status>
          ) : (
            <Status tone="attention" icon="warn">
              Password only
            </Status>
          )}
        </p>
      </div>
      <div className="row-actions">
        <RolePicker member={member} />
        <ActButton needs={team} size="sm" variant="default" act={() => setLeaving('sign-out')}>
          Sign out
        </ActButton>
        <ActButton needs={team} size="sm" variant="default" act={() => setLeaving('remove')}>
          Remove
        </ActButton>
      </div>
      {leaving !== null && <Leave member={member} how={leaving} close={() => setLeaving(null)} />}
    </li>
  )
}

function Members() {
  const list = useInfiniteQuery(membersQuery)
  const me = useQuery(meQuery).data
  return (
    <Read of={list} what="The team">
      {({ pages }) => {
        const rows = pages.flatMap((page) => page.items)
        return (
          <>
            <ul className="parcels">
              {rows.map((member) => (
                <Row key={member.id} member={member} isMe={member.id === me?.id} />
              ))}
            </ul>
            <ListEnd
              shown={rows.length}
              one="person"
              many="people"
              hasMore={list.hasNextPage}
              loading={list.isFetchingNextPage}
              more={() => void list.fetchNextPage()}
            />
          </>
        )
      }}
    </Read>
  )
}

function OpenInvitation({ invitation: { id, email, role, endsAt } }: { readonly invitation: Invitation }) {
  const [leaving, setLeaving] = useState(false)
  return (
    <li className="exception">
      <div>
        <p>
          <b>{email}</b> as {role}
        </p>
        <p className="sub">
          The link counts until <Time at={endsAt} />
        </p>
      </div>
      <ActButton needs={team} size="sm" variant="default" act={() => setLeaving(true)}>
        Withdraw
      </ActButton>
      {leaving && (
        <Confirm
          title="Withdraw this invitation?"
          word="Withdraw"
          act={() => change('DELETE', `/invitations/${id}`)}
          close={() => setLeaving(false)}
        >
          The link that {email} was given opens nothing any more.
        </Confirm>
      )}
    </li>
  )
}

/** Who belongs to this business and as what, and who was asked in. */
export function TeamSettings() {
  const invitations = useQuery(invitationsQuery)
  const [inviting, setInviting] = useState(false)
  return (
    <>
      <Section
        title="Team"
        note="A changed role counts at once, and ends what was open before."
        action={
          <ActButton needs={team} act={() => setInviting(true)}>
            Invite somebody
          </ActButton>
        }
      >
        <Members />
      </Section>
      <Section title="Open invitations" note="Each is good once, for seven days.">
        <Read of={invitations} what="Invitations">
          {({ items }) =>
            items.length === 0 ? (
              <Empty>No invitation is open.</Empty>
            ) : (
              <ul className="parcels">
                {items.map((one) => (
                  <OpenInvitation key={one.id} invitation={one} />
                ))}
              </ul>
            )
          }
        </Read>
      </Section>
      {inviting && <InviteColleague close={() => setInviting(false)} />}
    </>
  )
}
