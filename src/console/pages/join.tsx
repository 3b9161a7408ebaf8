import { Button, PasswordInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { ApiProblem, change } from '../api/client.ts'
import { lookAtMerchant, meQuery, queries, signIn } from '../api/session.ts'
import { FormError } from '../parts/form-error.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { GuestFrame } from './guest-frame.tsx'

interface Asked {
  readonly merchant: string
  readonly email: string
  readonly role: string
}

let held = ''
/** Out of the address at once, so that it is in no history; kept while somebody signs in on the way. */
function takeToken(): string {
  const given = location.hash.slice(1)
  if (given !== '') {
    held = given
    history.replaceState(history.state, '', location.pathname)
  }
  return held
}

function useEnter() {
  const router = useRouter()
  return async (to: string) => {
    held = ''
    await queries.resetQueries(meQuery)
    router.history.push(to)
  }
}

/** For who has an account already and is in with it. */
function JoinAsMe({ token, asked }: { readonly token: string; readonly asked: Asked }) {
  const enter = useEnter()
  const join = useMutation({
    mutationFn: async () => {
      const { merchant } = await change<{ readonly merchant: string }>('POST', '/me/invitations', { token })
      await lookAtMerchant(merchant)
    },
    onSuccess: () => enter('/'),
  })
  return (
    <div className="form">
      <FormError error={join.error} />
      <Button loading={join.isPending} onClick={() => join.mutate()}>
        Join {asked.merchant}
      </Button>
    </div>
  )
}

function NewAccount({ token, asked }: { readonly token: string; readonly asked: Asked }) {
  const enter = useEnter()
  const [password, setPassword] = useState('')
  const join = useMutation({
    mutationFn: async () => {
      await change('POST', '/invitations/accept', { token, password })
      await signIn(asked.email, password)
    },
    onSuccess: () => enter('/'),
  })
  const hasAccount = join.error instanceof ApiProblem && join.error.code === 'HUB_SIGN_IN_FIRST'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    join.mutate()
  }
  return (
    <form className="form" onSubmit={submit}>
      <input type="hidden" autoComplete="username" value={asked.email} readOnly />
      <PasswordInput
        label="Choose a password"
        description="Four or more words that do not belong together are easy to keep and hard to guess"
        required
        autoComplete="new-password"
        value={password}
        onChange={({ currentTarget }) => setPassword(currentTarget.value)}
      />
      <FormError error={join.error} />
      <Button type="submit" loading={join.isPending}>
        Join {asked.merchant}
      </Button>
      <p>
        {hasAccount ? <b>This address has an account. </b> : 'You have an account here? '}
        <Link to="/sign-in" search={{ to: '/join' }}>
          Sign in, then join
        </Link>
      </p>
    </form>
  )
}

function Invitation({ token }: { readonly token: string }) {
  const me = useQuery(meQuery).data
  const look = useQuery({
    queryKey: ['/invitations/look'],
    queryFn: () => change<Asked>('POST', '/invitations/look', { token }),
    retry: false,
  })
  if (look.isPending) return <Loading label="the invitation" rows={3} />
  if (look.error instanceof ApiProblem && [400, 404].includes(look.error.status)) return <Over />
  if (look.data === undefined)
    return <Failed what="The invitation" error={look.error ?? new Error()} again={() => void look.refetch()} />
  const asked = look.data
  return (
    <>
      <p>
        You are asked to join <b>{asked.merchant}</b> as {asked.role}, as <b>{asked.email}</b>.
      </p>
      {me?.email === asked.email ? (
        <JoinAsMe token={token} asked={asked} />
      ) : (
        <NewAccount token={token} asked={asked} />
      )}
    </>
  )
}

const Over = () => (
  <p className="said tone-attention" role="alert">
    This invitation counts no more: it was used or withdrawn, or its seven days are over. Ask whoever sent it for a new
    one.
  </p>
)

/** Where the link of an invitation leads. */
export function JoinPage() {
  const [token] = useState(takeToken)
  return (
    <GuestFrame title="Join a business" note="">
      {token === '' ? <Over /> : <Invitation token={token} />}
    </GuestFrame>
  )
}
