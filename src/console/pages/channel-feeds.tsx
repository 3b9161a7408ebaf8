import { useInfiniteQuery } from '@tanstack/react-query'
import type { Channel, Message } from '../api/channel-types.ts'
import { messagesQuery } from '../api/channels.ts'
import { listingsQuery } from '../api/queries.ts'
import type { Listing } from '../api/types.ts'
import { webhookText } from '../parts/channel-state.tsx'
import { Action } from '../parts/remedies.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { Status } from '../parts/status.tsx'
import { ageText, Time } from '../parts/time.tsx'
import { plain } from '../parts/words.ts'

interface Props {
  readonly channel: Channel
}

function PushState({ push }: { readonly push: Listing['push'] }) {
  if (push === null)
    return (
      <Status tone="neutral" icon="none">
        Nothing to write
      </Status>
    )
  if (push.error !== null)
    return (
      <Status tone="critical" icon="warn">
        Refused
      </Status>
    )
  if (push.behind)
    return (
      <Status tone="info" icon="telling">
        On its way
      </Status>
    )
  return (
    <Status tone="success" icon="check">
      Confirmed
    </Status>
  )
}

function PushRow({ listing }: { readonly listing: Listing }) {
  const { push } = listing
  return (
    <li className="exception">
      <div>
        <p>
          <b>{listing.title || listing.externalId}</b> <span className="dim">{listing.sku ?? 'no SKU there'}</span>
        </p>
        <p className="sub">
          {push === null || push.shows === null ? 'not read yet' : `the shop shows ${push.shows}`}
          {push !== null && push.confirmedAt !== null && (
            <>
              , confirmed <Time at={push.confirmedAt} />
            </>
          )}
        </p>
        {push !== null && push.error !== null && <p className="sub sub-problem">{push.error}</p>}
      </div>
      <div>
        <PushState push={push} />
      </div>
    </li>
  )
}

/** What was written to each listing, and what the shop showed when it was read back. */
export function Pushes({ channel }: Props) {
  const list = useInfiniteQuery(listingsQuery({ connection: channel.id }))
  return (
    <Section title="Stock pushes" note="Confirmed means: read back at the shop after it was written.">
      <Rows of={list} what="The stock pushes" one="listing" none="No listing was read yet.">
        {(rows) => (
          <ul className="parcels">
            {rows.map((listing) => (
              <PushRow key={listing.id} listing={listing} />
            ))}
          </ul>
        )}
      </Rows>
    </Section>
  )
}

const messageLooks = {
  pending: ['Waiting', 'info', 'wait'],
  applied: ['Applied', 'success', 'check'],
  superseded: ['Older than what we know', 'neutral', 'none'],
  ignored: ['Not needed', 'neutral', 'none'],
  dead: ['Unread', 'critical', 'warn'],
} as const
const isKnown = (state: string): state is keyof typeof messageLooks => Object.hasOwn(messageLooks, state)

function MessageRow({ message }: { readonly message: Message }) {
  const [word, tone, icon] = isKnown(message.state)
    ? messageLooks[message.state]
    : ([plain(message.state), 'neutral', 'none'] as const)
  return (
    <li className="exception">
      <div>
        <p>
          {message.source === 'webhook' ? 'Webhook' : plain(message.source)} <b>{message.topic}</b>
        </p>
        <p className="sub">
          <Time at={message.receivedAt} />
          {message.reason !== null && ` · ${message.reason}`}
        </p>
      </div>
      <div className="row-actions">
        <Status tone={tone} icon={icon}>
          {word}
        </Status>
        {message.state === 'dead' && (
          <Action
            needs="inbox:write"
            path={`/inbox/messages/${message.id}/replay`}
            said="Queued. It is read once more."
            quiet
          >
            Replay
          </Action>
        )}
      </div>
    </li>
  )
}

export function Webhooks({ channel }: Props) {
  const { webhooks } = channel.health
  const list = useInfiniteQuery(messagesQuery(channel.id))
  const looked = webhooks.checkedAt === null ? 'Nobody looked yet.' : `Looked at ${ageText(webhooks.checkedAt)} ago.`
  return (
    <div className="stack">
      <Section
        title="Webhooks"
        note={`${looked} What is missing or switched off is put right by itself within 15 minutes.`}
        action={
          <span className="row-actions">
            <Action
              needs="connections:write"
              path={`/connections/${channel.id}/poll`}
              said="Asked. They are being looked at."
              quiet
            >
              Look now
            </Action>
          </span>
        }
      >
        <div className="card-body">
          <p>The webhooks at the shop: {webhookText(channel.health)}.</p>
          {webhooks.problems.map((problem) => (
            <p key={problem} className="sub-problem">
              {problem}
            </p>
          ))}
        </div>
      </Section>
      <Section title="What came in" note="Webhooks and what polling found, newest first.">
        <Rows of={list} what="The messages" one="message" none="Nothing has come in yet.">
          {(rows) => (
            <ul className="parcels">
              {rows.map((message) => (
                <MessageRow key={message.id} message={message} />
              ))}
            </ul>
          )}
        </Rows>
      </Section>
    </div>
  )
}
