import { Link } from '@tanstack/react-router'
import type { Connection, MatrixRow } from '../api/types.ts'
import { ActButton } from '../parts/act-button.tsx'
import { ScrollRegion } from '../parts/scroll-region.tsx'
import { Status } from '../parts/status.tsx'
import { counted } from '../parts/words.ts'
import { StockCell, stateOf } from './stock-cell.tsx'

interface Props {
  readonly rows: readonly MatrixRow[]
  readonly connections: readonly Connection[]
  readonly adjust: (row: MatrixRow) => void
}
interface RowProps extends Omit<Props, 'rows'> {
  readonly row: MatrixRow
}

/** Channels that sell anything of what is shown, in the order of their names. */
function shopsOf(rows: readonly MatrixRow[], connections: readonly Connection[]): readonly Connection[] {
  const selling = new Set(rows.flatMap(({ listings }) => listings.map(({ connection }) => connection)))
  return connections.filter(({ id }) => selling.has(id)).toSorted((a, b) => (a.label < b.label ? -1 : 1))
}

function Numbers({ row }: { readonly row: MatrixRow }) {
  return (
    <>
      <td className="number">{row.onHand}</td>
      <td className="number">{row.reserved === 0 ? <span className="dim">–</span> : row.reserved}</td>
      <td className="number">
        <b>{row.available}</b>
        {row.short > 0 && <p className="sub sub-problem">short {row.short}</p>}
      </td>
    </>
  )
}

function Row({ row, connections, adjust }: RowProps) {
  return (
    <tr>
      <td>
        <Link to="/inventory/$id" params={{ id: row.item }} className="main-link" data-row>
          {row.sku}
        </Link>
        {row.title !== '' && <p className="sub">{row.title}</p>}
      </td>
      <Numbers row={row} />
      {connections.map(({ id }) => {
        const cells = row.listings.filter(({ connection }) => connection === id)
        return (
          <td key={id} className="number">
            {cells.length === 0 ? <span className="dim">–</span> : null}
            {cells.map((cell) => (
              <StockCell key={cell.listing} cell={cell} connection={connections.find((one) => one.id === id)} />
            ))}
          </td>
        )
      })}
      <td className="number">
        <ActButton needs="inventory:write" variant="default" size="compact-sm" act={() => adjust(row)}>
          Adjust<span className="hidden"> {row.sku}</span>
        </ActButton>
      </td>
    </tr>
  )
}

export function InventoryTable({ rows, connections, adjust }: Props) {
  const shops = shopsOf(rows, connections)
  return (
    <ScrollRegion label="Inventory as a table">
      <table className="table">
        <caption>Items by SKU: what is there, and what each channel shows</caption>
        <thead>
          <tr>
            <th scope="col">SKU</th>
            <th scope="col" className="number">
              On hand
            </th>
            <th scope="col" className="number">
              Reserved
            </th>
            <th scope="col" className="number">
              Available
            </th>
            {shops.map(({ id, label }) => (
              <th key={id} scope="col" className="number">
                {label}
              </th>
            ))}
            <th scope="col">
              <span className="hidden">Change</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.item} row={row} connections={shops} adjust={adjust} />
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

function Step({ row }: { readonly row: MatrixRow }) {
  const told = row.listings.filter(({ canTell }) => canTell)
  const inStep = told.filter((cell) => stateOf(cell) === 'confirmed').length
  if (told.length === 0) return <span className="dim">on no channel</span>
  const all = inStep === told.length
  return (
    <Status
      tone={all ? 'success' : 'attention'}
      icon={all ? 'check' : 'up'}
    >{`${inStep} of ${counted(told.length, 'listing')} in step`}</Status>
  )
}

function Card({ row, connections, adjust }: RowProps) {
  return (
    <div className="order-card">
      <p className="spread">
        <Link to="/inventory/$id" params={{ id: row.item }} className="main-link">
          {row.sku}
        </Link>
        <b>{row.available} available</b>
      </p>
      <p className="dim">
        {row.title !== '' && `${row.title} · `}on hand {row.onHand} · reserved {row.reserved}
        {row.short > 0 && <span className="sub-problem"> · short {row.short}</span>}
      </p>
      <div className="spread">
        <Step row={row} />
        <ActButton needs="inventory:write" variant="default" size="xs" mih={44} act={() => adjust(row)}>
          Adjust<span className="hidden"> {row.sku}</span>
        </ActButton>
      </div>
      <ul className="cell-list">
        {row.listings.map((cell) => (
          <li key={cell.listing}>
            <span className="dim">{connections.find(({ id }) => id === cell.connection)?.label ?? 'Channel'}</span>
            <StockCell cell={cell} connection={connections.find(({ id }) => id === cell.connection)} />
          </li>
        ))}
      </ul>
    </div>
  )
}

export function InventoryCards({ rows, connections, adjust }: Props) {
  return (
    <div className="cards">
      {rows.map((row) => (
        <Card key={row.item} row={row} connections={connections} adjust={adjust} />
      ))}
    </div>
  )
}
