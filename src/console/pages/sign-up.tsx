import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { ApiProblem } from '../api/client.ts'
import { meQuery, type NewOwner, queries, type SignUpState, signIn, signUp, signUpQuery } from '../api/session.ts'
import { FormError } from '../parts/form-error.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { GuestFrame } from './guest-frame.tsx'

const empty = { email: '', password: '', merchant: '', installToken: '' }

/** An account, and in with it: nobody writes a password twice. */
async function begin(owner: NewOwner): Promise<'done' | 'code'> {
  await signUp(owner)
  return (await signIn(owner.email, owner.password)).next
}

function useBegin() {
  const router = useRouter()
  return useMutation({
    mutationFn: begin,
    onSuccess: async (next) => {
      await queries.resetQueries(meQuery)
      router.history.push(next === 'done' ? '/' : '/sign-in')
    },
  })
}

/** What the hub says about one field, where that field is. */
const saidOf = (error: Error | null, field: string): string | null => {
  const found = error instanceof ApiProblem ? error.errors.find((one) => one.field === field) : undefined
  return found === undefined ? null : `This ${found.message}. ${found.mend}`
}

function SignUpForm({ needsInstallToken }: Pick<SignUpState, 'needsInstallToken'>) {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const [draft, setDraft] = useState(empty)
  const start = useBegin()
  const field = (name: keyof typeof empty) => ({
    required: true,
    value: draft[name],
    onChange: ({ currentTarget }: { currentTarget: HTMLInputElement }) =>
      setDraft({ ...draft, [name]: currentTarget.value }),
    error: saidOf(start.error, name),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const { installToken, ...owner } = draft
    start.mutate({ ...owner, timeZone, ...(needsInstallToken && { installToken }) })
  }
  return (
    <form className="form" onSubmit={submit}>
      <TextInput label="Name of your business" autoComplete="organization" maxLength={200} {...field('merchant')} />
      <TextInput label="E-mail address" type="email" autoComplete="username" {...field('email')} />
      <PasswordInput
        label="Password"
        description="Four or more words that do not belong together are easy to keep and hard to guess"
        autoComplete="new-password"
        {...field('password')}
      />
      {needsInstallToken && (
        <PasswordInput
          label="Install token"
          description="HUB_INSTALL_TOKEN of this hub: it shows that you run it"
          autoComplete="off"
          {...field('installToken')}
        />
      )}
      <p className="dim">Times will be shown in {timeZone}. You can change that later.</p>
      <FormError error={start.error} />
      <Button type="submit" loading={start.isPending}>
        Create account
      </Button>
    </form>
  )
}

/** The first person of a hub, or anybody where the hub is open. */
export function SignUpPage() {
  const state = useQuery(signUpQuery)
  const note = state.data?.first ? 'You are the first here: this account will own the hub’s first business.' : ''
  return (
    <GuestFrame title="Create your account" note={note}>
      {state.isPending && <Loading label="the form" rows={4} />}
      {state.isError && <Failed what="The form" error={state.error} again={() => void state.refetch()} />}
      {state.data?.open === false && (
        <p className="said tone-info">Nobody can sign up here by themselves. Ask an owner to invite you.</p>
      )}
      {state.data?.open && <SignUpForm needsInstallToken={state.data.needsInstallToken} />}
      <p className="guest-end">
        <Link to="/sign-in">Sign in instead</Link>
      </p>
    </GuestFrame>
  )
}
