/** The promises of the hub that are judged by rows. Their wording and order are those of the list in `audits.ts`. */
export type PromiseId =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I4'
  | 'I5'
  | 'I6'
  | 'I7'
  | 'I8'
  | 'I9'
  | 'I10'
  | 'I11'
  | 'I12'
  | 'I13'
  | 'I14'
  | 'I15'
  | 'I16'
  | 'I21'

/**
 * One question to the tables whose every answer is a broken promise. It is one statement and so sees one moment; it
 * returns ids only, never what a person wrote. `$1` is the merchant.
 */
export interface Audit {
  readonly id: PromiseId
  /** A word for metrics, exceptions and people. */
  readonly name: string
  /** What a row that it finds says. */
  readonly means: string
  /** What a person does about it. */
  readonly mend: string
  /**
   * `orders`, `items`, `listings`: asked page by page, `$2` being the ids of one (uuid[]). `rows`: asked once, of rows
   * whose id is at least `$2` (uuid) or whose time is at least `$3` where the question heeds them.
   */
  readonly over: 'orders' | 'items' | 'listings' | 'rows'
  /** It reads so much that it is asked only when everything is. */
  readonly whole?: true
  readonly sql: string
}

/** Looks up a table by its key for each row before it: never a join, which may walk the merchant while statistics are young. */
export const each = (table: string, alias: string, where: string): string =>
  `cross join lateral (select * from ${table} where merchant_id = $1 and ${where} offset 0) ${alias}`

/** Orders of the page. */
export const page = 'from unnest($2::uuid[]) as d(order_id)'
export const theOrder = each('orders', 'o', 'order_id = d.order_id')
export const theLines = each('order_line', 'l', 'order_id = d.order_id')
export const theComponents = each('order_line_component', 'c', 'order_id = d.order_id')
export const theRequests = each('fulfillment_order', 'f', 'order_id = d.order_id')

/** An exception of this kind was raised for the subject, whatever became of it. */
export const wasRaised = (kind: string, subject: string): string =>
  `exists (select 1 from exception e where e.merchant_id = $1 and e.subject_id = ${subject} and e.kind = '${kind}')`

/** A person can see it, or has said that it is settled. */
export const isTold = (kind: string, order: string): string =>
  `exists (select 1 from exception e where e.merchant_id = $1 and e.subject_id = ${order} and e.kind = '${kind}' and (e.resolved_at is null
     or exists (select 1 from timeline_event t where t.merchant_id = $1 and t.order_id = ${order} and t.kind = 'exception.resolved'
       and t.data ->> 'kind' = '${kind}' and t.at >= e.raised_at)))`
