import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { ownAddress } from '../api/own-address.ts'
import { meQuery, queries, sendCode, signIn, signUpQuery } from '../api/session.ts'
import { FormError } from '../parts/form-error.tsx'
import { GuestFrame } from './guest-frame.tsx'

const route = getRouteApi('/sign-in')

/** Once the hub has said yes: to where the person wanted to go. */
function useEnter() {
  const { to } = route.useSearch()
  const router = useRouter()
  return async () => {
    await queries.resetQueries(meQuery)
    router.history.push(ownAddress(to))
  }
}

function PasswordStep({ needCode }: { readonly needCode: (challenge: string) => void }) {
  const enter = useEnter()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const step = useMutation({
    mutationFn: () => signIn(email.trim(), password),
    onSuccess: ({ next, challenge }) => (next === 'code' && challenge !== undefined ? needCode(challenge) : enter()),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    step.mutate()
  }
  return (
    <form className="form" onSubmit={submit}>
      <TextInput
        label="E-mail address"
        type="email"
        required
        autoComplete="username"
        value={email}
        onChange={({ currentTarget }) => setEmail(currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        required
        autoComplete="current-password"
        value={password}
        onChange={({ currentTarget }) => setPassword(currentTarget.value)}
      />
      <FormError error={step.error} />
      <Button type="submit" loading={step.isPending}>
        Sign in
      </Button>
    </form>
  )
}

function CodeStep({ challenge, back }: { readonly challenge: string; readonly back: () => void }) {
  const enter = useEnter()
  const [code, setCode] = useState('')
  const step = useMutation({ mutationFn: () => sendCode(challenge, code.trim()), onSuccess: enter })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    step.mutate()
  }
  return (
    <form className="form" onSubmit={submit}>
      <TextInput
        label="Code"
        description="Six digits from your app, or one of your recovery codes"
        required
        autoFocus
        autoComplete="one-time-code"
        value={code}
        onChange={({ currentTarget }) => setCode(currentTarget.value)}
      />
      <FormError error={step.error} />
      <Button type="submit" loading={step.isPending}>
        Go on
      </Button>
      <Button variant="default" onClick={back}>
        Back to the password
      </Button>
    </form>
  )
}

/** Password, then the code of a second factor where there is one. */
export function SignInPage() {
  const [challenge, setChallenge] = useState<string | null>(null)
  const { data: signUp } = useQuery(signUpQuery)
  if (challenge !== null)
    return (
      <GuestFrame title="One more step" note="Your account has a second factor.">
        <CodeStep challenge={challenge} back={() => setChallenge(null)} />
      </GuestFrame>
    )
  return (
    <GuestFrame title="Sign in to Crossdock" note="With the account of your business.">
      <PasswordStep needCode={setChallenge} />
      {signUp?.open && (
        <p className="guest-end">
          {signUp.first ? 'Nobody has an account here yet. ' : 'No account yet? '}
          <Link to="/sign-up">{signUp.first ? 'Create the first one' : 'Create one'}</Link>
        </p>
      )}
    </GuestFrame>
  )
}
