import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Channel } from '../api/channel-types.ts'
import { modeText, tookText, webhookText } from '../parts/channel-state.tsx'
import { Action } from '../parts/remedies.tsx'
import { ageText, Time } from '../parts/time.tsx'
import { counted } from '../parts/words.ts'
import { loginText } from './channels.tsx'

interface TileProps {
  readonly name: string
  readonly value: ReactNode
  readonly note: ReactNode
}

function Tile({ name, value, note }: TileProps) {
  return (
    <div className="tile">
      <dt>{name}</dt>
      <dd>{value}</dd>
      <dd className="sub">{note}</dd>
    </div>
  )
}

/** One button that mends what the sentence says, where there is one. */
function Remedy({ channel }: { readonly channel: Channel }) {
  const { remedy } = channel.health
  if (remedy === null) return null
  return (
    <section className="problem" data-critical={channel.health.state === 'sign_in_needed'} aria-label="What to do">
      <h2>{channel.health.sentence}</h2>
      <p>{remedy.text}</p>
      <div className="row-actions">
        {remedy.action === 'repair_webhooks' && (
          <Action
            needs="connections:write"
            path={`/connections/${channel.id}/poll`}
            said="Asked. The webhooks are being looked at."
          >
            Repair now
          </Action>
        )}
        {remedy.action === 'go_live' && (
          <Link to="/channels/$id" params={{ id: channel.id }} search={{ tab: 'compare' }} className="linkbutton">
            Compare
          </Link>
        )}
      </div>
    </section>
  )
}

function silenceText({ health: { silent } }: Channel): string {
  if (silent === null) return 'too few to know a rhythm'
  const usual = `usual gap ${tookText(silent.usualGapS * 1_000)}`
  return silent.isSilent ? `silent for ${ageText(silent.since)}, ${usual}` : usual
}

function Tiles({ channel }: { readonly channel: Channel }) {
  const { health, lag, lastOrderSeenAt, lastSuccessAt } = channel
  const { webhooks, budget, drift } = health
  return (
    <dl className="tiles">
      <Tile
        name="Listening"
        value={webhookText(health)}
        note={
          webhooks.checkedAt === null ? (
            'not looked at yet'
          ) : (
            <>
              looked at {ageText(webhooks.checkedAt)} ago
              {webhooks.repairedAt !== null && (
                <>
                  , repaired <Time at={webhooks.repairedAt} />
                </>
              )}
            </>
          )
        }
      />
      <Tile
        name="Polling"
        value={lastSuccessAt === null ? 'no contact yet' : `last contact ${ageText(lastSuccessAt)} ago`}
        note={channel.lastError ?? 'no error'}
      />
      <Tile
        name="Sign-in"
        value={loginText(channel)}
        note={health.missingScopes.length === 0 ? 'no right is missing' : `missing: ${health.missingScopes.join(', ')}`}
      />
      <Tile
        name="Calls"
        value={budget === null ? 'not counted yet' : `${budget.left.toLocaleString('en-GB')} left`}
        note={budget === null ? 'no answer has said how many are left' : `${budget.perSecond} come back each second`}
      />
      <Tile
        name="Orders"
        value={
          lastOrderSeenAt === null ? (
            'none yet'
          ) : (
            <>
              last <Time at={lastOrderSeenAt} />
            </>
          )
        }
        note={silenceText(channel)}
      />
      <Tile
        name="Stock lag"
        value={
          health.lag === null ? 'not measured' : `p50 ${tookText(health.lag.p50Ms)}, p95 ${tookText(health.lag.p95Ms)}`
        }
        note={
          drift.listings === 0
            ? 'no listing is adrift'
            : `${counted(drift.listings, 'listing')} show another number than we set`
        }
      />
      <Tile
        name="Writes"
        value={modeText(channel)}
        note={
          channel.handsOverFrom === null ? (
            'no order goes to a warehouse'
          ) : (
            <>
              orders since <Time at={channel.handsOverFrom} /> go to warehouses
            </>
          )
        }
      />
      <Tile
        name="Waiting work"
        value={counted(lag.pendingMessages, 'message')}
        note={`${counted(lag.listingsBehind, 'stock number')} and ${counted(lag.effectsOpen, 'confirmation')} on the way`}
      />
    </dl>
  )
}

export function Overview({ channel }: { readonly channel: Channel }) {
  return (
    <div className="stack">
      <Remedy channel={channel} />
      <Tiles channel={channel} />
      <p>
        <Link to="/orders" search={{ standing: undefined, connection: channel.id, from: undefined }}>
          Its orders
        </Link>{' '}
        ·{' '}
        <Link to="/listings" search={{ show: 'all', connection: channel.id, sku: undefined }}>
          Its listings
        </Link>
      </p>
    </div>
  )
}
