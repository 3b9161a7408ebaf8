import { Button, PasswordInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { change } from '../api/client.ts'
import { meQuery } from '../api/session.ts'
import { type OwnSession, sessionsQuery } from '../api/settings.ts'
import { Confirm } from '../parts/confirm.tsx'
import { FormError } from '../parts/form-error.tsx'
import { Read, Section } from '../parts/section.tsx'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { counted } from '../parts/words.ts'
import { SecondFactor } from './second-factor.tsx'

const empty = { current: '', password: '' }

function Password() {
  const queries = useQueryClient()
  const [draft, setDraft] = useState(empty)
  const save = useMutation({
    mutationFn: () => change('PUT', '/me/password', draft),
    onSuccess: () => {
      setDraft(empty)
      return queries.invalidateQueries()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form className="form card-body narrow" onSubmit={submit}>
      <PasswordInput
        label="Password now"
        required
        autoComplete="current-password"
        value={draft.current}
        onChange={({ currentTarget }) => setDraft({ ...draft, current: currentTarget.value })}
      />
      <PasswordInput
        label="New password"
        description="Four or more words that do not belong together are easy to keep and hard to guess"
        required
        autoComplete="new-password"
        value={draft.password}
        onChange={({ currentTarget }) => setDraft({ ...draft, password: currentTarget.value })}
      />
      <FormError error={save.error} />
      <div className="row-actions">
        <Button type="submit" loading={save.isPending}>
          Change password
        </Button>
        <span role="status">{save.isSuccess ? 'Changed. Your other browsers must sign in again.' : ''}</span>
      </div>
    </form>
  )
}

type Dialogs = 'set-up' | 'renew' | 'remove' | null

function TwoSteps() {
  const me = useQuery(meQuery).data
  const [open, setOpen] = useState<Dialogs>(null)
  const close = () => setOpen(null)
  if (me === undefined) return null
  return (
    <div className="form card-body">
      {me.secondFactor ? (
        <>
          <p>
            <Status tone="success" icon="check">
              On
            </Status>{' '}
            {counted(me.recoveryCodesLeft, 'recovery code')} left for the day when the app is lost.
          </p>
          <div className="row-actions">
            <Button variant="default" onClick={() => setOpen('renew')}>
              New recovery codes
            </Button>
            <Button variant="default" onClick={() => setOpen('remove')}>
              Switch off
            </Button>
          </div>
        </>
      ) : (
        <>
          <p>
            <Status tone="attention" icon="warn">
              Off
            </Status>{' '}
            Whoever learns your password is in.
          </p>
          <div className="row-actions">
            <Button onClick={() => setOpen('set-up')}>Set it up</Button>
          </div>
        </>
      )}
      {(open === 'set-up' || open === 'renew') && <SecondFactor how={open} close={close} />}
      {open === 'remove' && (
        <Confirm
          title="Switch two-step sign-in off?"
          word="Switch it off"
          act={() => change('DELETE', '/me/totp')}
          close={close}
        >
          From then on your password alone lets somebody in. Your recovery codes end, and your other browsers must sign
          in again.
        </Confirm>
      )}
    </div>
  )
}

function Session({ session }: { readonly session: OwnSession }) {
  const queries = useQueryClient()
  const end = useMutation({
    mutationFn: () => change('DELETE', `/me/sessions/${session.id}`),
    onSuccess: () => queries.invalidateQueries(),
  })
  return (
    <li className="exception">
      <div>
        <p>
          <b>{session.client}</b> {session.current && <span className="dim">this browser</span>}
        </p>
        <p className="sub">
          Signed in <Time at={session.createdAt} />, last used <Time at={session.usedAt} />
        </p>
        <FormError error={end.error} />
      </div>
      {!session.current && (
        <Button
          size="sm"
          variant="default"
          loading={end.isPending}
          onClick={() => end.mutate()}
          aria-label={`Sign out ${session.client}`}
        >
          Sign out
        </Button>
      )}
    </li>
  )
}

function Sessions() {
  const list = useQuery(sessionsQuery)
  const [ending, setEnding] = useState(false)
  return (
    <Section
      title="Where you are signed in"
      note="A session ends after 30 minutes without use, and after 12 hours."
      action={
        <Button variant="default" size="sm" onClick={() => setEnding(true)}>
          Sign out everywhere else
        </Button>
      }
    >
      <Read of={list} what="Your sessions">
        {({ items }) => (
          <ul className="parcels">
            {items.map((session) => (
              <Session key={session.id} session={session} />
            ))}
          </ul>
        )}
      </Read>
      {ending && (
        <Confirm
          title="Sign out everywhere else?"
          word="Sign out everywhere else"
          act={() => change('DELETE', '/me/sessions')}
          close={() => setEnding(false)}
        >
          Every other browser in which you are signed in must sign in again. This one stays.
        </Confirm>
      )}
    </Section>
  )
}

/** What lets oneself in, and where one is in. */
export function SecuritySettings() {
  const me = useQuery(meQuery).data
  return (
    <>
      <Section title="Password" note={`You sign in as ${me?.email ?? '…'}.`}>
        <Password />
      </Section>
      <Section title="Two-step sign-in" note="A code of an app on your phone, beside the password.">
        <TwoSteps />
      </Section>
      <Sessions />
    </>
  )
}
