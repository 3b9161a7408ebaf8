import { Button, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { change } from '../api/client.ts'
import { CopyId } from '../parts/copy.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { FormError } from '../parts/form-error.tsx'
import { QrCode } from '../parts/qr-code.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'

interface Offer {
  readonly key: string
  readonly uri: string
}
interface Codes {
  readonly recoveryCodes: readonly string[]
}

const spaced = (key: string): string => key.match(/.{1,4}/g)?.join(' ') ?? key

function RecoveryCodes({ codes, close }: { readonly codes: Codes; readonly close: () => void }) {
  return (
    <div className="form">
      <p>Each of these signs you in once when the app is lost. Keep them where your phone is not.</p>
      <ShownOnce
        label="recovery codes"
        secret={codes.recoveryCodes.join('\n')}
        warning="They are shown only now. Older ones no longer count."
      />
      <Button onClick={close}>I have kept them</Button>
    </div>
  )
}

function Scan({ offer, done }: { readonly offer: Offer; readonly done: (codes: Codes) => void }) {
  const [code, setCode] = useState('')
  const confirm = useMutation({
    mutationFn: () => change<Codes>('POST', '/me/totp/confirm', { code: code.trim() }),
    onSuccess: done,
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    confirm.mutate()
  }
  return (
    <form className="form" onSubmit={submit}>
      <p>Scan this with an authenticator app, or open it on this phone, or type the key. Then write the app’s code.</p>
      <div className="qr">
        <QrCode text={offer.uri} label="The key for your app, as a QR code" />
      </div>
      <p>
        <a href={offer.uri}>Open in an app on this device</a>
      </p>
      <p>
        Key: <code>{spaced(offer.key)}</code> <CopyId id={offer.key} label="the key" />
      </p>
      <TextInput
        label="Code"
        description="Six digits from your app"
        required
        data-autofocus
        inputMode="numeric"
        autoComplete="one-time-code"
        value={code}
        onChange={({ currentTarget }) => setCode(currentTarget.value)}
      />
      <FormError error={confirm.error} />
      <Button type="submit" loading={confirm.isPending}>
        Switch it on
      </Button>
    </form>
  )
}

/** One press, so that the key is made once and not with every look at the page. */
function Begin({ how, offered, made }: { how: Props['how']; offered: (o: Offer) => void; made: (c: Codes) => void }) {
  const ask = useMutation({
    mutationFn: async () => {
      if (how === 'renew') return made(await change<Codes>('POST', '/me/recovery-codes'))
      offered(await change<Offer>('POST', '/me/totp'))
    },
  })
  return (
    <div className="form">
      <p>
        {how === 'renew'
          ? 'You get ten new codes, and the old ones end.'
          : 'You need an authenticator app: the one of your phone, of your password manager, or any other.'}
      </p>
      <FormError error={ask.error} />
      <Button loading={ask.isPending} onClick={() => ask.mutate()} data-autofocus>
        {how === 'renew' ? 'Make new codes' : 'Show the key'}
      </Button>
    </div>
  )
}

interface Props {
  readonly how: 'set-up' | 'renew'
  readonly close: () => void
}

/** Adds a second factor and hands out its recovery codes, or hands out new ones. */
export function SecondFactor({ how, close }: Props) {
  const queries = useQueryClient()
  const [offer, setOffer] = useState<Offer | null>(null)
  const [codes, setCodes] = useState<Codes | null>(null)
  const end = () => {
    close()
    void queries.invalidateQueries()
  }
  const title = how === 'renew' ? 'New recovery codes' : 'Two-step sign-in'
  return (
    <Dialog title={title} close={end}>
      {codes !== null && <RecoveryCodes codes={codes} close={end} />}
      {codes === null && offer !== null && <Scan offer={offer} done={setCodes} />}
      {codes === null && offer === null && <Begin how={how} offered={setOffer} made={setCodes} />}
    </Dialog>
  )
}
