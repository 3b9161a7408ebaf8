import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { connectionsQuery } from '../api/queries.ts'

const route = getRouteApi('/shell/orders')
const ranges: Readonly<Record<string, number>> = { '1d': 1, '7d': 7, '30d': 30 }
const dayMs = 86_400_000
const hourMs = 3_600_000

/** Where a range begins. To the hour: an address that changed every moment could not be kept by a cache. */
export function placedFrom(range: string | undefined): string | undefined {
  const days = ranges[range ?? '']
  if (days === undefined) return undefined
  return new Date(Math.floor(Date.now() / hourMs) * hourMs - days * dayMs).toISOString()
}

/** Filters live in the address: a link shows a colleague the same list. */
export function OrderFilters() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const connections = useQuery(connectionsQuery).data?.items ?? []
  const known = connections.some(({ id }) => id === search.connection) ? (search.connection ?? '') : ''
  return (
    <div className="filters">
      <NativeSelect
        label="Channel"
        value={known}
        onChange={({ currentTarget: { value } }) =>
          void navigate({ search: { ...search, connection: value || undefined } })
        }
        data={[{ value: '', label: 'All channels' }, ...connections.filter(isShop).map(option)]}
      />
      <NativeSelect
        label="Placed"
        value={ranges[search.from ?? ''] === undefined ? '' : search.from}
        onChange={({ currentTarget: { value } }) => void navigate({ search: { ...search, from: value || undefined } })}
        data={[
          { value: '', label: 'Any time' },
          { value: '1d', label: 'Last 24 hours' },
          { value: '7d', label: 'Last 7 days' },
          { value: '30d', label: 'Last 30 days' },
        ]}
      />
    </div>
  )
}

const isShop = ({ connector }: { readonly connector: string }) => connector !== 'warehouse-files'
const option = ({ id, label }: { readonly id: string; readonly label: string }) => ({ value: id, label })
