import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Connector } from '../src/connector-kit/index.ts'
import { loadConnectors } from '../src/connectors.ts'

const page = fileURLToPath(new URL('../connectors/README.md', import.meta.url))

function webhooks({ manifest: { push } }: Connector): string {
  if (push === null) return '–'
  return push.carriesOrder ? `carry the order, trusted for ${push.freshForS / 60} min` : 'a hint: the order is fetched'
}

function stock({ manifest: { inventory } }: Connector): string {
  if (inventory === null) return '–'
  return `batches of ${inventory.batchMax}, ${inventory.compareAndSet ? 'compare-and-set' : 'no compare-and-set'}`
}

function partner({ manifest: { requests, files } }: Connector): string {
  if (requests === null) return '–'
  const how = files === null ? 'by calls' : `by files, looked for every ${files.pollEveryS} s`
  return `${requests.batchMax} requests at once, ${how}; silence is told after ${requests.ackWithinS / 60} min`
}

/** Columns of the table, each read off a manifest or the presence of a port. */
const columns: readonly (readonly [string, (connector: Connector) => string])[] = [
  ['Connector', (c) => `\`${c.manifest.kind}\``],
  ['Role', (c) => c.manifest.role],
  ['Connects by', (c) => c.manifest.auth.flow],
  ['Webhooks', webhooks],
  ['Polled', (c) => (c.manifest.orders === null ? '–' : `every ${c.manifest.orders.pollEveryS} s`)],
  ['Stock is written in', stock],
  ['"Shipped" is told', (c) => (c.manifest.shipment === null ? '–' : `by ${c.manifest.shipment.granularity}`)],
  ['Cancels', (c) => (c.cancellations ? 'yes' : '–')],
  ['As a partner', partner],
]

/** Aligned, as the formatter would leave it. */
function tableOf(connectors: readonly Connector[]): string {
  const rows = [columns.map(([title]) => title), ...connectors.map((one) => columns.map(([, cell]) => cell(one)))]
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

test('the table of connectors/README.md is what the manifests say', async () => {
  const found = await loadConnectors()
  const sorted = [...found.values()].sort((a, b) => a.manifest.kind.localeCompare(b.manifest.kind))
  const block = /(<!-- capabilities[^>]*-->\n)[\s\S]*?(<!-- \/capabilities -->)/
  const wanted = readFileSync(page, 'utf8').replace(block, (_, open: string, close: string) =>
    [open, tableOf(sorted), '\n', close].join(''),
  )
  expect(wanted).toMatch(block)
  await expect(wanted).toMatchFileSnapshot(page)
})
