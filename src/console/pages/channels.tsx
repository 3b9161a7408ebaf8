import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Channel } from '../api/channel-types.ts'
import { channelsQuery } from '../api/channels.ts'
import { ChannelState, modeText, needsPerson, tookText, webhookText } from '../parts/channel-state.tsx'
import { useRowKeys } from '../parts/keys.ts'
import { useRefusal } from '../parts/may.ts'
import { PageFrame } from '../parts/page.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { ageText, Time } from '../parts/time.tsx'
import { counted, platformName } from '../parts/words.ts'

/** What may be done, or why it may not. */
export function ConnectLink() {
  const refusal = useRefusal('connections:write')
  if (refusal !== null) return <span className="dim">{refusal}</span>
  return (
    <Link to="/channels/connect" search={{ consent: undefined }} className="linkbutton">
      Connect channel
    </Link>
  )
}

/** How long the sign-in still holds, and whether anybody must see to it. */
export function loginText({ health: { login } }: Channel): string {
  if (login.expiresAt === null) return 'no end known'
  const left = Date.parse(login.expiresAt) - Date.now()
  if (left < 0) return `ended ${ageText(login.expiresAt)} ago${login.renews ? '; it is being renewed' : ''}`
  const words = tookText(left)
  return login.renews ? `renews itself within ${words}` : `${words} left`
}

function Evidence({ channel }: { readonly channel: Channel }) {
  const { health, lag, lastOrderSeenAt } = channel
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    ['Last order', lastOrderSeenAt === null ? 'none yet' : <Time key="t" at={lastOrderSeenAt} />],
    ['Webhooks', webhookText(health)],
    ['Polling', channel.lastSuccessAt === null ? 'not yet' : `last contact ${ageText(channel.lastSuccessAt)} ago`],
    ['Sign-in', loginText(channel)],
    [
      'Calls',
      health.budget === null ? 'not counted yet' : `${health.budget.left} left, ${health.budget.perSecond} a second`,
    ],
    ['Stock lag', health.lag === null ? 'not measured' : `p95 ${tookText(health.lag.p95Ms)}`],
    ['Writes', modeText(channel)],
    ['Waiting', counted(lag.pendingMessages + lag.listingsBehind + lag.effectsOpen, 'piece of work', 'pieces of work')],
  ]
  return (
    <dl className="evidence">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Row({ channel }: { readonly channel: Channel }) {
  const { id, label, connector, health } = channel
  return (
    <li className="channel" data-loud={needsPerson(channel)}>
      <div className="channel-head">
        <div>
          <p>
            <Link to="/channels/$id" params={{ id }} search={{ tab: undefined }} className="main-link" data-row>
              {label}
            </Link>{' '}
            <span className="dim">{platformName(connector)}</span>
          </p>
          <p className={needsPerson(channel) ? 'sub sub-problem' : 'sub'}>{health.sentence}</p>
        </div>
        <ChannelState channel={channel} />
      </div>
      <Evidence channel={channel} />
    </li>
  )
}

function List() {
  const list = useQuery(channelsQuery)
  useRowKeys()
  if (list.isPending) return <Loading label="the channels" />
  if (list.data === undefined)
    return <Failed what="The channels" error={list.error ?? new Error()} again={() => void list.refetch()} />
  if (list.data.items.length === 0)
    return (
      <Empty action={<ConnectLink />}>Connect your first channel. Nothing is written to it until you say so.</Empty>
    )
  return (
    <ul className="parcels">
      {list.data.items.map((channel) => (
        <Row key={channel.id} channel={channel} />
      ))}
    </ul>
  )
}

/** Every shop with its health, by evidence. */
export function ChannelsPage() {
  const list = useQuery(channelsQuery)
  const ill = list.data?.items.filter(needsPerson).length ?? 0
  return (
    <PageFrame
      title="Channels"
      note={ill > 0 ? `${counted(ill, 'channel needs', 'channels need')} you` : undefined}
      actions={<ConnectLink />}
      readAt={list.dataUpdatedAt}
      stale={list.isError && list.data !== undefined}
    >
      <section className="card" aria-label="List of channels">
        <List />
      </section>
    </PageFrame>
  )
}
