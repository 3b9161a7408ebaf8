import { Link } from '@tanstack/react-router'
import type { OrderLine, WholeOrder } from '../api/types.ts'
import { ScrollRegion } from '../parts/scroll-region.tsx'
import { moneyText } from '../parts/words.ts'

const sums = (line: OrderLine) =>
  line.components.reduce(
    (sum, part) => ({
      short: sum.short + part.short,
      // What the warehouse holds is reserved too; here each unit is in one column.
      reserved: sum.reserved + part.reserved - part.handedOff,
      handedOff: sum.handedOff + part.handedOff,
      shipped: sum.shipped + part.shipped,
    }),
    { short: 0, reserved: 0, handedOff: 0, shipped: 0 },
  )

function Takes({ line }: { readonly line: OrderLine }) {
  if (!line.physical) return <p className="sub">Nothing to ship</p>
  if (line.components.length === 0) return <p className="sub sub-problem">Linked to no item</p>
  return (
    <p className="sub">
      takes{' '}
      {line.components.map((part, at) => (
        <span key={part.item}>
          {at > 0 && ', '}
          {part.need} × <ItemLink id={part.item} sku={part.sku} />
        </span>
      ))}
    </p>
  )
}

export const ItemLink = ({ id, sku }: { readonly id: string; readonly sku: string }) => (
  <Link to="/inventory/$id" params={{ id }}>
    {sku}
  </Link>
)

function Line({ line }: { readonly line: OrderLine }) {
  const { short, reserved, handedOff, shipped } = sums(line)
  const cells = [
    ['Ordered', line.ordered],
    ['Short', short],
    ['Reserved', reserved],
    ['At warehouse', handedOff],
    ['Shipped', shipped],
    ['Cancelled', line.cancelled],
  ] as const
  return (
    <tr>
      <td>
        <b>{line.title}</b>
        <p className="sub">
          {line.sku ?? 'no SKU at the channel'} · {moneyText(line.total)}
        </p>
        <Takes line={line} />
      </td>
      {cells.map(([name, n]) => (
        <td key={name} className="number" data-of={name} data-zero={n === 0}>
          {n === 0 ? <span className="dim">–</span> : n}
        </td>
      ))}
    </tr>
  )
}

/** Lines with their units by state. Stock units: a line of a kit counts its parts. */
export function OrderLines({ order }: { readonly order: WholeOrder }) {
  return (
    <section className="card">
      <h2>Lines</h2>
      <ScrollRegion label="Lines of the order">
        <table className="table lines">
          <caption>Lines and what became of their units</caption>
          <thead>
            <tr>
              <th scope="col">Sold as</th>
              {['Ordered', 'Short', 'Reserved', 'At warehouse', 'Shipped', 'Cancelled'].map((name) => (
                <th key={name} scope="col" className="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {order.lines.map((line) => (
              <Line key={line.ref} line={line} />
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </section>
  )
}
