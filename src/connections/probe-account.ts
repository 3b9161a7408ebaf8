import type { ApiDeps } from '../api/deps.ts'
import { type Account, ChannelError, cleanText, type ErrorKind } from '../connector-kit/index.ts'
import { EgressError } from '../platform/egress/error.ts'
import { Problem } from '../platform/http/problem.ts'
import type { CheckedRequest } from './check-request.ts'

const mends: Partial<Record<ErrorKind, readonly [field: string, mend: string]>> = {
  auth_expired: ['credentials', 'Make new credentials there and send them.'],
  auth_revoked: ['credentials', 'Make new credentials there and send them.'],
  forbidden: ['credentials', 'Give them the rights that the hub needs, there.'],
  invalid: ['settings', 'Correct it and send it again.'],
  not_found: ['settings', 'Check the address.'],
}

/** The guard said no before anything was looked up or sent: what is wrong is the address, whatever stands there. */
function refusedAddress({ message }: EgressError): Problem {
  return new Problem(400, 'HUB_VALIDATION', 'The hub calls no such address.', [
    {
      field: 'settings',
      message: cleanText(message, 300),
      mend: 'Give the address by which the public internet reaches it: https, or SFTP on port 22 or 2222.',
    },
  ])
}

function refusal(error: ChannelError): Problem {
  if (error.cause instanceof EgressError && error.cause.stage === 'refused') return refusedAddress(error.cause)
  const [field, mend] = mends[error.kind] ?? ['settings', 'Check the address, then try again in a minute.']
  return new Problem(422, 'HUB_PROBE_FAILED', `The other side did not let the hub in (${error.kind}).`, [
    { field: error.info.field ?? field, message: cleanText(error.message, 300), mend },
  ])
}

/** Asks the far side who we are there, outside any transaction. @throws Problem 422 with what to mend, 400 for an address that the hub calls for nobody */
export async function probeAccount(
  deps: Pick<ApiDeps, 'probeCtx'>,
  checked: CheckedRequest,
  ids: { readonly merchantId: string; readonly connectionId: string },
): Promise<Account> {
  const ctx = deps.probeCtx(checked.spoken, { ...ids, secrets: checked.secrets, settings: checked.parsed })
  let account: Account
  try {
    account = await checked.spoken.auth.probe(ctx)
  } catch (error) {
    if (error instanceof ChannelError) throw refusal(error)
    throw error
  }
  if (account.missing.length > 0) {
    const missing = account.missing.slice(0, 20).join(', ')
    throw new Problem(422, 'HUB_RIGHTS_MISSING', `The credentials lack rights that the hub needs: ${missing}.`, [
      { field: 'credentials', message: `lack ${missing}`, mend: 'Grant them there, then send the credentials again.' },
    ])
  }
  return account
}
