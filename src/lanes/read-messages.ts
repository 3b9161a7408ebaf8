import { ChannelError, type Connector, cleanText, type Settings, UnreadableError } from '../connector-kit/index.ts'
import type { Message, MessageEnd } from '../inbox/messages.ts'
import type { OrderFact } from '../orders/facts.ts'
import { inSlices } from '../platform/base/in-slices.ts'

/** What a batch of messages says, before anything is done about it. */
export interface Reading {
  readonly facts: readonly OrderFact[]
  /** Orders that must be read from the channel, with the messages that only hinted at them. */
  readonly fetches: ReadonlyMap<string, readonly string[]>
  readonly ends: readonly MessageEnd[]
  readonly listingsChanged: boolean
  readonly revoked: boolean
}

const textOf = (raw: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(raw)

/** A body that is older than the manifest trusts may say what is no longer so: it only hints. */
function isFresh(connector: Connector, message: Message): boolean {
  const { push } = connector.manifest
  const occurred = Date.parse(message.headers['occurred-at'] ?? '')
  if (!push?.carriesOrder || Number.isNaN(occurred)) return false
  return message.receivedAt.getTime() - occurred <= push.freshForS * 1000
}

interface Draft {
  facts: OrderFact[]
  fetches: Map<string, string[]>
  ends: MessageEnd[]
  listingsChanged: boolean
  revoked: boolean
}

function readWebhook(draft: Draft, connector: Connector, message: Message, settings: Settings): void {
  const { messageId, topic, headers, raw } = message
  const events = connector.inbound?.decode({ topic, headers, raw: raw ?? new Uint8Array() }) ?? []
  const ignored: string[] = []
  let waits = false
  for (const event of events) {
    if (event.type === 'order') {
      waits = true
      const fact =
        event.raw !== undefined && isFresh(connector, message)
          ? { messageId, fetchedAt: null, order: translate(connector, event.raw, { source: 'webhook', settings }) }
          : null
      if (fact && fact.order.changedAt !== null) draft.facts.push(fact)
      else draft.fetches.set(event.ref, [...(draft.fetches.get(event.ref) ?? []), messageId])
    } else if (event.type === 'listing') draft.listingsChanged = true
    else if (event.type === 'revoked') draft.revoked = true
    else if (event.type === 'ignored') ignored.push(event.reason)
  }
  if (waits) return
  const reason = events.length === 0 ? 'it names nothing that the hub follows' : ignored[0]
  draft.ends.push(reason === undefined ? { messageId, state: 'applied' } : { messageId, state: 'ignored', reason })
}

function translate(
  connector: Connector,
  raw: string,
  context: { source: 'webhook' | 'poll' | 'fetch'; settings: Settings },
) {
  if (!connector.orders) throw new UnreadableError('this connector has no orders')
  return connector.orders.translate(raw, context)
}

/** The same stored bytes always read the same, which is what makes replay possible. A body that fits nothing ends as dead, alone. */
export async function readMessages(
  { connector, settings }: { readonly connector: Connector; readonly settings: Settings },
  messages: readonly Message[],
): Promise<Reading> {
  const draft: Draft = { facts: [], fetches: new Map(), ends: [], listingsChanged: false, revoked: false }
  await inSlices(messages, (message) => {
    try {
      readMessage(draft, { connector, settings }, message)
    } catch (error) {
      draft.ends.push({ messageId: message.messageId, state: 'dead', reason: reasonOf(error) })
    }
  })
  return draft
}

function readMessage(
  draft: Draft,
  { connector, settings }: { readonly connector: Connector; readonly settings: Settings },
  message: Message,
): void {
  const { messageId, source, raw, headers } = message
  if (raw === null) draft.ends.push({ messageId, state: 'ignored', reason: 'erased' })
  else if (source === 'webhook') readWebhook(draft, connector, message, settings)
  else if (source === 'poll' || source === 'fetch') {
    const order = translate(connector, textOf(raw), { source, settings })
    draft.facts.push({ messageId, order, fetchedAt: headers['fetched-at'] ?? message.receivedAt.toISOString() })
  } else draft.ends.push({ messageId, state: 'dead', reason: 'a file of a connection that exchanges none' })
}

/** Words for a person, storable: they may quote a cell or an amount. Unknown errors keep theirs to themselves. */
export function reasonOf(error: unknown): string {
  if (error instanceof UnreadableError || error instanceof ChannelError || error instanceof RangeError)
    return cleanText(error.message, 500)
  if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
    return 'the body is not UTF-8'
  return `the body could not be read (${error instanceof Error ? error.name : 'unknown error'})`
}
