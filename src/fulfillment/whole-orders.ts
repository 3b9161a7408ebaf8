import type { Tx } from '../platform/db/tx.ts'

/** An order's lines as the hub knows them, and whether all that is wanted of them has left. */
export interface WholeOrder {
  readonly orderId: string
  readonly final: boolean
  readonly lines: readonly { readonly line: string; readonly quantity: number }[]
}

/** Read when the channel is about to be told, not when the parcel left: an edit may have come in between. */
export async function wholeOrders(tx: Tx, orderIds: readonly string[]): Promise<ReadonlyMap<string, WholeOrder>> {
  if (orderIds.length === 0) return new Map()
  const rows = await tx.rows<WholeOrder & object>(
    `select d.id as "orderId",
       json_agg(json_build_object('line', l.external_line_id, 'quantity', l.qty_ordered)) as lines,
       bool_and(not l.physical or l.qty_ordered = l.qty_cancelled or coalesce(c.left_all, false)) as final
     from unnest($2::uuid[]) as d(id)
     cross join lateral (select * from order_line l where l.merchant_id = $1 and l.order_id = d.id offset 0) l
     left join lateral (
       select bool_and(c.need <= coalesce(r.consumed, 0)) as left_all from order_line_component c
       left join lateral (select sum(r.consumed)::int as consumed from reservation r
         where r.merchant_id = $1 and r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id) r on true
       where c.merchant_id = $1 and c.order_id = l.order_id and c.line_id = l.line_id) c on true
     group by d.id`,
    [tx.merchantId, [...new Set(orderIds)]],
  )
  return new Map(rows.map((row) => [row.orderId, row]))
}
