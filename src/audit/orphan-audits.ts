import type { Audit, PromiseId } from './audit.ts'

interface Child {
  readonly id: PromiseId
  readonly table: string
  readonly parent: string
  /** Columns of both that name the parent. */
  readonly by: readonly string[]
  /** Its ids tell its age, so new rows are found at the end of the key. */
  readonly young?: true
}

const children: readonly Child[] = [
  { id: 'I2', table: 'order_line', parent: 'orders', by: ['order_id'], young: true },
  { id: 'I2', table: 'order_person', parent: 'orders', by: ['order_id'], young: true },
  { id: 'I2', table: 'order_line_component', parent: 'order_line', by: ['order_id', 'line_id'], young: true },
  { id: 'I2', table: 'timeline_event', parent: 'orders', by: ['order_id'], young: true },
  { id: 'I2', table: 'order_number', parent: 'orders', by: ['order_id'] },
  { id: 'I6', table: 'reservation', parent: 'orders', by: ['order_id'], young: true },
  { id: 'I6', table: 'inventory_level', parent: 'item', by: ['item_id'] },
  { id: 'I7', table: 'listing_component', parent: 'listing', by: ['listing_id'] },
  { id: 'I7', table: 'listing_push', parent: 'listing', by: ['listing_id'] },
  { id: 'I10', table: 'fulfillment_order', parent: 'orders', by: ['order_id'], young: true },
  {
    id: 'I10',
    table: 'fulfillment_order_line',
    parent: 'fulfillment_order',
    by: ['fulfillment_order_id'],
    young: true,
  },
  { id: 'I11', table: 'shipment', parent: 'fulfillment_order', by: ['fulfillment_order_id'], young: true },
  { id: 'I11', table: 'shipment_line', parent: 'shipment', by: ['shipment_id'], young: true },
  { id: 'I11', table: 'effect', parent: 'orders', by: ['order_id'] },
]

function orphansOf({ id, table, parent, by, young }: Child): Audit {
  const columns = by.map((column) => `c.${column}`).join(', ')
  const same = by.map((column) => `p.${column} = c.${column}`).join(' and ')
  const since = young ? `and c.${by[0]} >= $2` : ''
  return {
    id,
    name: `orphan_${table}`,
    means: `A row of ${table} belongs to a row of ${parent} that is not there.`,
    mend: 'Report the ids; nothing else needs the row.',
    over: 'rows',
    ...(young ? {} : { whole: true }),
    sql: `select distinct ${columns} from ${table} c where c.merchant_id = $1 ${since}
      and not exists (select 1 from ${parent} p where p.merchant_id = $1 and ${same})`,
  }
}

/** Rows whose parent is missing: what foreign keys would refuse, asked afterwards instead of at every insert. */
export const orphanAudits: readonly Audit[] = children.map(orphansOf)
