import { useQuery } from '@tanstack/react-query'
import { meQuery } from '../api/session.ts'

const acts: Readonly<Record<string, string>> = {
  'inventory:write': 'change stock',
  'listings:write': 'link listings',
  'exceptions:write': 'settle exceptions',
  'orders:write': 'hold or cancel orders',
  'inbox:write': 'replay messages',
  'fulfillment:write': 'ask the warehouse',
  'connections:write': 'connect or change channels',
  'team:write': 'change the team',
  'api-keys:write': 'change API keys',
  'merchant:write': 'change the business',
  'locations:write': 'change locations',
  'privacy:write': 'answer for people’s data',
}

/** Whether the person may, where a page differs by that. */
export function useMay(permission: string): boolean {
  return useQuery(meQuery).data?.permissions.includes(permission) ?? false
}

/** Null: the person may. Else the reason why not, in words. */
export function useRefusal(permission: string): string | null {
  const me = useQuery(meQuery).data
  if (me === undefined || me.permissions.includes(permission)) return null
  return `Your role (${me.role ?? 'none'}) may not ${acts[permission] ?? 'do this'}.`
}
