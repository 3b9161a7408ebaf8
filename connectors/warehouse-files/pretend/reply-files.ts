/** What the warehouse writes back. Only texts that need quotes get them, as most systems do. */
export interface AckRow {
  readonly number: string
  readonly decision: 'accepted' | 'rejected' | 'cancel_accepted' | 'cancel_rejected'
  readonly reason: string
}
export interface ShipmentRow {
  readonly shipment: string
  readonly number: string
  readonly sku: string
  readonly quantity: number
  readonly carrier: string
  readonly tracking: string
  readonly shippedAt: number
  readonly final: boolean
  /** Units asked for that will not come; said with `final` only. */
  readonly short: number
}
export interface StockRow {
  readonly sku: string
  readonly onHand: number
  readonly asOf: number
}

function cell(value: string | number): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
function file(header: readonly string[], rows: readonly (readonly (string | number)[])[]): Buffer {
  const all = [header, ...rows, ['#END', rows.length]]
  return Buffer.from(all.map((cells) => `${cells.map(cell).join(',')}\r\n`).join(''))
}
const iso = (at: number) => new Date(at).toISOString()

export function acksFile(rows: readonly AckRow[]): Buffer {
  return file(
    ['request_number', 'decision', 'reason'],
    rows.map((row) => [row.number, row.decision, row.reason]),
  )
}
export function shipmentsFile(rows: readonly ShipmentRow[]): Buffer {
  return file(
    ['shipment_id', 'request_number', 'sku', 'quantity', 'carrier', 'tracking', 'shipped_at', 'final', 'short'],
    rows.map((row) => [
      ...[row.shipment, row.number, row.sku, row.quantity, row.carrier, row.tracking, iso(row.shippedAt)],
      ...(row.final ? ['yes', row.short] : ['no', '']),
    ]),
  )
}
export function stockFile(rows: readonly StockRow[]): Buffer {
  return file(
    ['sku', 'on_hand', 'as_of'],
    rows.map((row) => [row.sku, row.onHand, iso(row.asOf)]),
  )
}
