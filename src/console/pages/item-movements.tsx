import { useInfiniteQuery } from '@tanstack/react-query'
import { movementsQuery } from '../api/queries.ts'
import type { Movement } from '../api/types.ts'
import { actorName } from '../parts/happenings.ts'
import { ListEnd } from '../parts/list-end.tsx'
import { ScrollRegion } from '../parts/scroll-region.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { plain } from '../parts/words.ts'

const kinds: Readonly<Record<string, string>> = {
  adjust: 'Adjusted by hand',
  count: 'Counted',
  found: 'Found: more left than was known',
  receive: 'Received',
  reserve: 'Reserved for an order',
  release: 'Released from an order',
  ship: 'Shipped',
}
const causes: Readonly<Record<string, string>> = {
  order_line: 'because of an order',
  message: 'because of a message from a channel',
  file: 'because of a file from a warehouse',
  effect: 'because of the answer of the other side',
  connection: 'because of a look at a channel',
}

function whyOf({ cause, reason, actor }: Movement): string {
  if (cause.kind !== 'api') return causes[cause.kind] ?? `because of ${plain(cause.kind).toLowerCase()}`
  return `${reason === null ? 'by' : `“${reason}”, by`} ${actor === null ? 'somebody' : actorName(actor)}`
}

const signed = (n: number): string => (n > 0 ? `+${n}` : String(n))

function Row({ move, balance }: { readonly move: Movement; readonly balance: number }) {
  return (
    <tr>
      <td>
        <b>{kinds[move.kind] ?? plain(move.kind)}</b>
        <p className="sub">{whyOf(move)}</p>
      </td>
      <td className="nowrap" data-of="Where">
        {move.locationCode}
      </td>
      <td className="number" data-of="On hand" data-zero={move.onHand === 0}>
        {move.onHand === 0 ? <span className="dim">–</span> : signed(move.onHand)}
      </td>
      <td className="number" data-of="Reserved" data-zero={move.reserved === 0}>
        {move.reserved === 0 ? <span className="dim">–</span> : signed(move.reserved)}
      </td>
      <td className="number" data-of="After">
        {balance}
      </td>
      <td className="number" data-of="When">
        <Time at={move.at} />
      </td>
    </tr>
  )
}

/** Each movement with what was on hand after it, counted back from now. */
function balances(moves: readonly Movement[], onHand: number): number[] {
  let balance = onHand
  return moves.map((move) => {
    const after = balance
    balance -= move.onHand
    return after
  })
}

/** The ledger of the item, newest first. */
export function Movements({ item, onHand }: { readonly item: string; readonly onHand: number }) {
  const list = useInfiniteQuery(movementsQuery(item))
  const moves = list.data?.pages.flatMap((page) => page.items) ?? []
  const after = balances(moves, onHand)
  return (
    <section className="card">
      <h2>Movements</h2>
      {list.isPending && <Loading label="movements" rows={6} />}
      {list.data === undefined && list.error !== null && (
        <Failed what="The movements" error={list.error} again={() => void list.refetch()} />
      )}
      {list.data !== undefined && moves.length === 0 && (
        <p className="card-body dim">No movements yet. First stock comes by receipt, count or import.</p>
      )}
      {moves.length > 0 && (
        <>
          <ScrollRegion label="Movements as a table">
            <table className="table lines">
              <caption>Movements, newest first, with the units on hand after each</caption>
              <thead>
                <tr>
                  <th scope="col">What</th>
                  <th scope="col">Where</th>
                  {['On hand', 'Reserved', 'After', 'When'].map((name) => (
                    <th key={name} scope="col" className="number">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {moves.map((move, at) => (
                  <Row key={move.version} move={move} balance={after[at] ?? 0} />
                ))}
              </tbody>
            </table>
          </ScrollRegion>
          <ListEnd
            shown={moves.length}
            one="movement"
            hasMore={list.hasNextPage}
            loading={list.isFetchingNextPage}
            more={() => void list.fetchNextPage()}
          />
        </>
      )}
    </section>
  )
}
