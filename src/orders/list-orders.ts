import { conditions, type List, type Page, type PageQuery, readPage } from '../api/page.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type OrderRow, orderColumns, orderJoins } from './read.ts'

export interface OrdersAsked extends PageQuery {
  /** Orders of this connection's account, whichever connection brought them. */
  readonly connection?: string | undefined
  readonly stage?: string | undefined
  readonly standing?: string | undefined
  readonly placedFrom?: string | undefined
  readonly placedBefore?: string | undefined
}

const list: List = {
  name: 'orders',
  from: 'orders',
  keys: [
    ['placed_at', 'timestamptz'],
    ['order_id', 'uuid'],
  ],
  direction: 'desc',
}

/** The newest orders first. A stage is computed, so it is looked for in a bounded number of orders for each page. */
export function listOrders<T>(tx: Tx, asked: OrdersAsked, show: (row: OrderRow) => T): Promise<Page<T>> {
  const where = conditions(tx.merchantId)
  where.narrow('t.placed_at >= ?::timestamptz', asked.placedFrom)
  where.narrow('t.placed_at < ?::timestamptz', asked.placedBefore)
  where.check(
    't.account_id = (select c.account_id from connection c where c.merchant_id = $1 and c.connection_id = ?)',
    asked.connection,
  )
  where.checkDear('s.stage = ?', asked.stage)
  where.checkDear('w.standing = ?', asked.standing)
  return readPage(tx, list, { reading: { ...where, select: orderColumns, joins: orderJoins }, page: asked }, show)
}
