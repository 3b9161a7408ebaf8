import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { type Channel, channelTabs } from '../api/channel-types.ts'
import { askConsent, channelQuery, connectorsQuery } from '../api/channels.ts'
import { ApiProblem, change } from '../api/client.ts'
import { ActButton } from '../parts/act-button.tsx'
import { ChannelState } from '../parts/channel-state.tsx'
import { Icon } from '../parts/icons.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { clockText, useZone } from '../parts/time.tsx'
import { platformName } from '../parts/words.ts'
import { Compare } from './channel-compare.tsx'
import { Pushes, Webhooks } from './channel-feeds.tsx'
import { Mapping } from './channel-mapping.tsx'
import { Overview } from './channel-overview.tsx'
import { ChannelSettings, Technical } from './channel-settings.tsx'

const route = getRouteApi('/shell/channels/$id')

const tabWords = {
  overview: 'Overview',
  compare: 'Go live',
  pushes: 'Stock pushes',
  webhooks: 'Webhooks',
  mapping: 'Mapping',
  settings: 'Settings',
  technical: 'Technical',
} as const
const contents = {
  overview: Overview,
  compare: Compare,
  pushes: Pushes,
  webhooks: Webhooks,
  mapping: Mapping,
  settings: ChannelSettings,
  technical: Technical,
} as const

/** To the shop's consent page once more; it continues this very connection. */
function SignIn({ channel }: { readonly channel: Channel }) {
  const connector = useQuery(connectorsQuery).data?.connectors.find(({ kind }) => kind === channel.connector)
  const ask = useMutation({
    mutationFn: () => {
      const names = connector?.asks.map(({ setting }) => setting) ?? []
      const known = Object.entries(channel.settings).filter(([name]) => names.includes(name))
      return askConsent({ connector: channel.connector, settings: Object.fromEntries(known) })
    },
    onSuccess: ({ url }) => window.location.assign(url),
  })
  if (connector?.consent !== true) return null
  const isUrgent = channel.health.state === 'sign_in_needed' || channel.health.state === 'disconnected'
  return (
    <>
      <ActButton
        needs="connections:write"
        size="xs"
        variant={isUrgent ? 'filled' : 'default'}
        loading={ask.isPending || ask.isSuccess}
        act={() => ask.mutate()}
      >
        {channel.status === 'disconnected' ? 'Connect again' : 'Sign in again'}
      </ActButton>
      {ask.isError && <span role="alert">{ask.error.message}</span>}
    </>
  )
}

function PauseButton({ channel }: { readonly channel: Channel }) {
  const queries = useQueryClient()
  const isPaused = channel.status === 'paused'
  const press = useMutation({
    mutationFn: () => change('PATCH', `/connections/${channel.id}`, { status: isPaused ? 'active' : 'paused' }),
    onSuccess: () => queries.invalidateQueries(),
  })
  if (channel.status !== 'active' && !isPaused) return null
  return (
    <>
      <ActButton
        needs="connections:write"
        size="xs"
        variant={isPaused ? 'filled' : 'default'}
        loading={press.isPending}
        act={() => press.mutate()}
      >
        {isPaused ? 'Go on' : 'Pause'}
      </ActButton>
      {press.isError && <span role="alert">Not done: {press.error.message}</span>}
    </>
  )
}

function Head({ channel, readAt, stale }: { channel: Channel; readAt: number; stale: boolean }) {
  const zone = useZone()
  const at = clockText(new Date(readAt), zone)
  return (
    <>
      <header className="order-head">
        <h1>
          {platformName(channel.connector)} · {channel.label}
        </h1>
        <ChannelState channel={channel} />
        <span className="row-actions">
          <PauseButton channel={channel} />
          <SignIn channel={channel} />
        </span>
        <span className={stale ? 'age age-stale' : 'age'}>
          {stale ? `not live: as of ${at}` : `as of ${at}`} · {zone}
        </span>
      </header>
      <p className="order-sentence">{channel.health.sentence}</p>
    </>
  )
}

/** Who has not switched it on yet comes for that. */
const isBeginner = ({ writeMode, status }: Channel) => status === 'active' && writeMode !== 'on'

function Whole({ channel, readAt, stale }: { channel: Channel; readAt: number; stale: boolean }) {
  const { tab } = route.useSearch()
  const here = tab ?? (isBeginner(channel) ? 'compare' : 'overview')
  const Content = contents[here]
  useEffect(() => {
    document.title = `${channel.label} · Crossdock`
  }, [channel.label])
  return (
    <>
      <Head channel={channel} readAt={readAt} stale={stale} />
      <nav className="tabs" aria-label="About this channel">
        {channelTabs.map((one) => (
          <Link
            key={one}
            to="/channels/$id"
            params={{ id: channel.id }}
            search={{ tab: one }}
            className={one === here ? 'tab active' : 'tab'}
            aria-current={one === here ? 'page' : undefined}
          >
            {tabWords[one]}
          </Link>
        ))}
      </nav>
      <Content channel={channel} />
    </>
  )
}

/** One shop: how it is, what would be written, what was, and what can be changed. */
export function ChannelPage() {
  const { id } = route.useParams()
  const one = useQuery(channelQuery(id))
  const isGone = one.error instanceof ApiProblem && [400, 404].includes(one.error.status)
  return (
    <>
      <Link to="/channels" className="crumb">
        <Icon name="back" size={14} /> Channels
      </Link>
      {one.isPending && <Loading label="the channel" />}
      {one.data !== undefined && <Whole channel={one.data} readAt={one.dataUpdatedAt} stale={one.isError} />}
      {one.data === undefined && isGone && <Empty>There is no channel with this id here.</Empty>}
      {one.data === undefined && one.error !== null && !isGone && (
        <Failed what="This channel" error={one.error} again={() => void one.refetch()} />
      )}
    </>
  )
}
