import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { change } from '../api/client.ts'
import { roles } from '../api/settings.ts'
import { Dialog } from '../parts/dialog.tsx'
import { FormError } from '../parts/form-error.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
import { Time } from '../parts/time.tsx'

const may: Readonly<Record<(typeof roles)[number], string>> = {
  owner: 'Everything, team and keys included',
  manager: 'Orders, stock, channels and settings; not team and keys',
  operator: 'Orders, stock counts, exceptions; not channels and settings',
  viewer: 'Reads, and changes nothing',
}

interface Made {
  readonly token: string
  readonly endsAt: string
}

function useInvite() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (guest: { email: string; role: string; seesPersons: boolean }) =>
      change<Made>('POST', '/invitations', guest),
    onSuccess: () => queries.invalidateQueries(),
  })
}

/** Behind the #, which no server sees: what is in an address ends up in logs. */
const linkOf = ({ token }: Made) => `${location.origin}/join#${token}`

function Link({ made, email, close }: { readonly made: Made; readonly email: string; readonly close: () => void }) {
  return (
    <div className="form">
      <p>
        Hand this link to {email}, by a way that only they read. It counts once, until <Time at={made.endsAt} />.
      </p>
      <ShownOnce label="link" secret={linkOf(made)} warning="The hub sends no mail, and shows the link only now." />
      <Button onClick={close}>Close</Button>
    </div>
  )
}

/** Asks somebody in: who, as what; then the link, once. */
export function InviteColleague({ close }: { readonly close: () => void }) {
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<(typeof roles)[number]>('operator')
  const [seesPersons, setSees] = useState(false)
  const invite = useInvite()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    invite.mutate({ email: email.trim(), role, seesPersons: role === 'viewer' && seesPersons })
  }
  if (invite.isSuccess)
    return (
      <Dialog title="Invitation made" close={close}>
        <Link made={invite.data} email={email.trim()} close={close} />
      </Dialog>
    )
  return (
    <Dialog title="Invite somebody" close={close}>
      <form className="form" onSubmit={submit}>
        <TextInput
          label="E-mail address"
          type="email"
          required
          data-autofocus
          value={email}
          onChange={({ currentTarget }) => setEmail(currentTarget.value)}
        />
        <NativeSelect
          label="Role"
          description={may[role]}
          value={role}
          data={[...roles]}
          onChange={({ currentTarget }) => setRole(roles.find((one) => one === currentTarget.value) ?? 'viewer')}
        />
        {role === 'viewer' && (
          <label className="choice">
            <input type="checkbox" checked={seesPersons} onChange={({ target }) => setSees(target.checked)} />
            May see names and addresses of buyers
          </label>
        )}
        <FormError error={invite.error} />
        <div className="row-actions">
          <Button type="submit" loading={invite.isPending}>
            Make the link
          </Button>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
