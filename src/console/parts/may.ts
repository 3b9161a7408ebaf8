import { useQuery } from '@tanstack/react-query'
import { meQuery } from '../api/session.ts'

const acts: Readonly<Record<string, string>> = {
  'inventory:write': 'change stock',
  'listings:write': 'link listings',
  'exceptions:write': 'settle exceptions',
  'orders:write': 'hold or cancel orders',
  'inbox:write': 'replay messages',
  'fulfillment:write': 'ask the warehouse',
}

/** Null: the person may. Else the reason why not, in words. */
export function useRefusal(permission: string): string | null {
  const me = useQuery(meQuery).data
  if (me === undefined || me.permissions.includes(permission)) return null
  return `Your role (${me.role ?? 'none'}) may not ${acts[permission] ?? 'do this'}.`
}
