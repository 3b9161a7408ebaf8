import { QueryClient, queryOptions } from '@tanstack/react-query'
import { ApiProblem, change, read } from './client.ts'

export interface Me {
  readonly id: string
  readonly email: string
  readonly secondFactor: boolean
  readonly recoveryCodesLeft: number
  readonly merchant: string | null
  readonly role: string | null
  readonly permissions: readonly string[]
  readonly merchants: readonly { readonly id: string; readonly name: string; readonly role: string }[]
}
interface Step {
  readonly next: 'done' | 'code'
  readonly challenge?: string
}
export interface SignUpState {
  readonly open: boolean
  /** Nobody has an account here yet. */
  readonly first: boolean
  readonly needsInstallToken: boolean
}
export interface NewOwner {
  readonly email: string
  readonly password: string
  readonly merchant: string
  readonly timeZone: string
  readonly installToken?: string
}

/** Who is signed in; a 401 says that nobody is. The session itself is a cookie that no script can read. */
export const meQuery = queryOptions({
  queryKey: ['/me'],
  queryFn: ({ signal }) => read<Me>('/me', {}, signal),
  staleTime: 60_000,
  retry: false,
})
export const signUpQuery = queryOptions({
  queryKey: ['/sign-up'],
  queryFn: ({ signal }) => read<SignUpState>('/sign-up', {}, signal),
  retry: false,
})

export const signIn = (email: string, password: string) => change<Step>('POST', '/sign-in', { email, password })
export const sendCode = (challenge: string, code: string) => change<Step>('POST', '/sign-in/code', { challenge, code })
export const signUp = (owner: NewOwner) => change<{ readonly next: string }>('POST', '/sign-up', owner)
export const showPassword = (password: string) => change('POST', '/me/verify', { password })
export const showCode = (code: string) => change('POST', '/me/verify', { code })
export const signOut = () => change('POST', '/sign-out')
export const lookAtMerchant = (merchant: string) => change('PUT', '/me/merchant', { merchant })

/** Refusals stay refusals; only what may have been a hiccup is asked again. */
const isHiccup = (error: Error) => !(error instanceof ApiProblem) || error.status === 0 || error.status >= 500

export const queries = new QueryClient({
  defaultOptions: { queries: { retry: (failures, error) => failures < 1 && isHiccup(error), staleTime: 5_000 } },
})

export const isSignedOut = (error: Error | null): boolean => error instanceof ApiProblem && error.status === 401
