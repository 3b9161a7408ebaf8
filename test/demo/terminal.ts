import type { Look } from './look.ts'

const stageOrder = [
  'received',
  'on_hold',
  'unmapped',
  'short',
  'ready',
  'in_fulfillment',
  'partially_shipped',
  'shipped',
  'cancelled',
]
const barWidth = 30

function bar(done: number, all: number): string {
  const filled = all === 0 ? 0 : Math.round((barWidth * done) / all)
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`
}

/** One line, for logs and pipes. */
export function lineOf({ progress, stages, lag }: Look): string {
  const waits = lag.reduce((n, one) => n + one.pendingMessages + one.listingsBehind + one.effectsOpen, 0)
  const counts = stageOrder.flatMap((stage) => (stages[stage] ? [`${stage} ${stages[stage]}`] : []))
  return `orders ${progress.placed}/${progress.target} | ${counts.join(', ') || 'none imported'} | waiting work ${waits}`
}

function stockRows({ stock, shops }: Look): string[] {
  const cells = (row: Look['stock'][number]) =>
    shops.map((shop) => {
      const shown = row.shops[shop]
      if (shown === undefined) return '    –  '
      return `${String(shown).padStart(5)}${shown === row.ledger ? '  ' : ' !'}`
    })
  const head = `  ${'hot SKUs'.padEnd(26)}${'ledger'.padStart(7)}${shops.map((shop) => shop.padStart(7)).join('')}   (! = not the ledger's number yet)`
  const rows = stock
    .filter(({ hot }) => hot)
    .map((row) => `  ${row.sku} ${row.title.padEnd(18)}${String(row.ledger).padStart(7)}${cells(row).join('')}`)
  return [head, ...rows]
}

/** The whole picture as plain lines, for a terminal of 80 columns and more. */
export function screenOf(look: Look, notes: readonly string[]): string[] {
  const { progress, stages, lag, exceptions } = look
  const imported = Object.values(stages).reduce((a, b) => a + b, 0)
  return [
    `  Crossdock demo   ${bar(progress.placed, progress.target)} ${progress.placed}/${progress.target} orders, ${imported} in the hub`,
    `  ${progress.cancelled} cancelled, ${progress.edited} edited, ${progress.refunded} refunded by shoppers and shops`,
    '',
    ...stageOrder
      .filter((stage) => stages[stage])
      .map((stage) => `  ${stage.padEnd(18)}${bar(stages[stage] ?? 0, imported)} ${stages[stage]}`),
    '',
    ...stockRows(look),
    '',
    `  ${'waiting work'.padEnd(14)}${'messages'.padStart(10)}${'listings'.padStart(10)}${'effects'.padStart(10)}`,
    ...lag.map((one) => {
      const counts = [one.pendingMessages, one.listingsBehind, one.effectsOpen].map((n) => String(n).padStart(10))
      return `  ${one.name.padEnd(14)}${counts.join('')}`
    }),
    '',
    `  open exceptions: ${exceptions.length === 0 ? 'none' : exceptions.length}`,
    ...exceptions.slice(0, 4).map(({ kind, about }) => `    ${kind}: ${about}`),
    '',
    ...notes.map((note) => `  ${note}`),
  ]
}
