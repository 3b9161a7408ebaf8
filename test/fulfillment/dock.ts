import { ChannelError, type Connector, type FilePort } from '../../src/connector-kit/index.ts'
import { loadConnectors } from '../../src/connectors.ts'
import { runFiles } from '../../src/lanes/files-lane.ts'
import { type Bench, type Connected, openBench } from '../inbox/bench.ts'
import { shopifyGiven, shopifyHeaders, shopifyOrder } from '../inbox/shops.ts'
import { aShift } from '../review/shift.ts'

interface Stored {
  readonly bytes: Buffer
  readonly modified: string
}
/** A partner's folders in memory: the real contract (encode, decode), no network. */
export interface Folder {
  readonly port: (real: FilePort) => FilePort
  /** What the partner wrote for us. */
  readonly inbound: Map<string, Stored>
  /** What we wrote for the partner. */
  readonly requests: Map<string, Buffer>
  /** Where we put what we took: what we could read, and what we could not. */
  readonly moved: Map<string, 'done' | 'error'>
  drop(name: string, content: string | Uint8Array): void
  /** Names of files that change while they are read, however they are listed. */
  readonly slippery: Set<string>
}

function openFolder(): Folder {
  const inbound = new Map<string, Stored>()
  const requests = new Map<string, Buffer>()
  const moved = new Map<string, 'done' | 'error'>()
  const slippery = new Set<string>()
  let drops = 0
  return {
    slippery,
    inbound,
    requests,
    moved,
    drop: (name, content) => {
      drops += 1
      const modified = new Date(Date.parse('2026-11-23T08:00:00Z') + drops * 1_000).toISOString()
      inbound.set(name, { bytes: Buffer.from(content), modified })
    },
    port: (real) => ({
      ...real,
      put: async (_ctx, { name, bytes }) => void requests.set(name, Buffer.from(bytes)),
      find: async (_ctx, { name }) => (requests.has(name) ? 'present' : 'absent'),
      list: async () =>
        [...inbound].map(([name, file]) => ({ path: name, name, size: file.bytes.length, modified: file.modified })),
      get: async (_ctx, { path }) => {
        const file = inbound.get(path)
        if (!file) throw new ChannelError('not_found', 'gone')
        if (slippery.has(path)) throw new ChannelError('not_ready', 'it changed while it was read')
        return file.bytes
      },
      archive: async (_ctx, { path }, outcome) => {
        inbound.delete(path)
        moved.set(path, outcome)
      },
    }),
  }
}

const fileSettings = { host: 'files.example.com', stableForS: 0 }
export interface Dock {
  readonly bench: Bench
  readonly folder: Folder
  readonly shop: Connected
  readonly partner: Connected
  /** An order of these units that a request was sent for; its number. Lines of one SKU stay lines of their own. */
  ask(...lines: readonly (readonly [sku: string, quantity: number])[]): Promise<string>
  /** The shop tells of an order; what it causes is sent. */
  tell(order: object): Promise<void>
  /** The shop says that an order is cancelled. */
  cancel(request: string): Promise<void>
  /** Looks into the folder, reads what was taken, and moves what was read. */
  collect(): Promise<void>
  /** A file of the partner, taken and read. */
  deliver(name: string, content: string | Uint8Array): Promise<void>
  /** What became of a file: its state, and each issue as "row field CODE: message". */
  fate(name: string): Promise<{ readonly state: string; readonly issues: readonly string[] }>
  onHand(sku: string): Promise<number>
  /** Everything that a file can change, to compare. */
  ledger(): Promise<Ledger>
  openExceptions(): Promise<readonly string[]>
  close(): Promise<void>
}

const skus = { 'BOX-1': 100, 'BOX-2': 100, '00123': 100 }

interface DockOptions {
  readonly failpoints?: string
  readonly settings?: object
  /** By which we look into the folder, instead of the database's. */
  readonly clock?: () => Date
}

export async function openDock({ clock, ...more }: DockOptions = {}): Promise<Dock> {
  const folder = openFolder()
  const loaded = await loadConnectors()
  const real = loaded.get('warehouse-files')
  if (!real?.files) throw new Error('the connector by files is gone')
  const faked: Connector = { ...real, files: folder.port(real.files) }
  const bench = await openBench({ connectors: new Map([...loaded, ['warehouse-files', faked]]), ...more })
  const partner = await bench.connect({
    connector: 'warehouse-files',
    account: 'north-dock',
    credentials: { username: 'hub', password: 'password-for-tests' },
    settings: { ...fileSettings, ...more.settings },
    location: { code: 'NORTH', name: 'North dock', rank: 1 },
  })
  const shop = await bench.connect(shopifyGiven)
  await bench.stock(skus)
  const told = new Map<string, object>()
  let orders = 0

  const tell = async (order: object) => {
    const body = JSON.stringify(order)
    await bench.post(shop, shopifyHeaders(body), body)
    await bench.run(shop, 'import')
    await bench.run(partner, 'effect')
  }
  const look = async () => {
    if (!clock) return bench.run(partner, 'files')
    const shop = { connectionId: partner.connectionId }
    const shift = aShift({ db: {} as never, merchantId: bench.merchantId, shop: shop as never }, faked, {
      connectionId: partner.connectionId,
      manifest: faked.manifest,
    })
    const ports = { ...shift.ports, clock: { ...shift.ports.clock, now: clock } }
    const connection = { ...shift.connection, settings: { ...fileSettings, ...more.settings } }
    await runFiles({ ...shift, ports, connection, tenant: bench.tenant })
  }
  const collect = async () => {
    await look()
    await bench.run(partner, 'import')
    await look()
  }
  return {
    bench,
    folder,
    shop,
    partner,
    collect,
    tell,
    ask: async (...lines) => {
      const id = 9_000 + ++orders
      const items = lines.map(([sku, quantity], n) => ({
        ...lineOf(shopifyOrder({ id, sku, quantity })),
        id: id * 10 + n,
        admin_graphql_api_id: `gid://shopify/LineItem/${id}${n}`,
        variant_id: 100 + Object.keys(skus).indexOf(sku),
      }))
      const units = lines.reduce((sum, [, quantity]) => sum + quantity, 0)
      const order = { ...shopifyOrder({ id, quantity: units }), line_items: items }
      await tell(order)
      const [row] = await bench.rows<{ number: string }>(
        `select f.request_number as number from fulfillment_order f join orders o using (merchant_id, order_id)
         where o.external_id = $1 and f.request_status = 'submitted'`,
        [`gid://shopify/Order/${id}`],
      )
      if (!row) throw new Error('nothing was asked for')
      told.set(row.number, order)
      return row.number
    },
    cancel: async (request) => {
      const at = new Date().toISOString()
      await tell({ ...told.get(request), cancelled_at: at, updated_at: at })
    },
    deliver: async (name, content) => {
      folder.drop(name, content)
      await collect()
    },
    fate: async (name) => {
      const [file] = await bench.rows<{ id: string; state: string }>(
        `select file_id as id, state from partner_file where name = $1 and direction = 'in' order by created_at desc limit 1`,
        [name],
      )
      const issues = await bench.rows<{ row: number; field: string; code: string; message: string }>(
        'select row, field, code, message from partner_file_issue where file_id = $1 order by seq',
        [file?.id],
      )
      return {
        state: file?.state ?? 'never taken',
        issues: issues.map(({ row, field, code, message }) => `${row} ${field || '-'} ${code}: ${message}`),
      }
    },
    onHand: async (sku) =>
      (
        await bench.rows<{ n: number }>(
          'select on_hand as n from inventory_level l join item i using (merchant_id, item_id) where i.sku = $1',
          [sku],
        )
      )[0]?.n ?? -1,
    ledger: () => ledgerOf(bench),
    openExceptions: async () =>
      (await bench.rows<{ kind: string }>('select kind from exception where resolved_at is null'))
        .map(({ kind }) => kind)
        .toSorted(),
    close: () => bench.close(),
  }
}

function lineOf(order: { line_items?: readonly object[] }): object {
  return order.line_items?.[0] ?? {}
}

const tables = {
  orders: 'select external_id, changed_at, money_delta_minor, cancelled_at, hold from orders order by external_id',
  lines:
    'select external_line_id, qty_ordered, qty_cancelled, channel_took, channel_shipped from order_line order by 1',
  components: 'select item_id, need, excess, short from order_line_component order by order_id, line_id, item_id',
  levels: 'select item_id, on_hand, reserved, unavailable from inventory_level order by item_id, location_id',
  reservations: 'select item_id, reserved, consumed, handed from reservation order by order_id, line_id, item_id',
  movements: 'select count(*)::int as n from inventory_movement',
  requests: 'select request_number, status, request_status from fulfillment_order order by request_number',
  requestLines:
    'select requested, rejected, cancelled, shipped from fulfillment_order_line order by fulfillment_order_id, line_id, item_id',
  shipments: 'select partner_shipment_ref, carrier, tracking from shipment order by 1',
  shipmentLines: 'select qty, item_id from shipment_line order by shipment_id, line_id, item_id',
  effects: 'select kind, dedupe_key, state from effect order by kind, dedupe_key',
  exceptions: 'select kind, dedupe_key from exception where resolved_at is null order by kind, dedupe_key',
}

type Ledger = Readonly<Record<string, readonly object[]>>

/** All that counts, read in one order: two equal ledgers tell one story. */
async function ledgerOf(bench: Bench): Promise<Ledger> {
  const all = await Promise.all(
    Object.entries(tables).map(async ([name, sql]) => [name, await bench.rows(sql)] as const),
  )
  return Object.fromEntries(all)
}

export const shipHeader = 'shipment_id,request_number,sku,quantity,carrier,tracking,shipped_at,final'
/** A file of the contract with its end row. */
export const csv = (header: string, ...rows: readonly string[]) =>
  [header, ...rows, `#END,${rows.length}`].map((line) => `${line}\r\n`).join('')
/** The same rows in other bytes. */
export const again = (file: string) => file.replaceAll('DHL', 'dhl').replaceAll('OTHER', 'Other')
export const ships = (...rows: readonly string[]) => csv(shipHeader, ...rows)
export const left = (
  shipment: string,
  request: string,
  more: { sku?: string; quantity?: number | string; final?: 'yes' | 'no' } = {},
) =>
  `${shipment},${request},${more.sku ?? 'BOX-1'},${more.quantity ?? 1},DHL,JD01460${shipment.replaceAll(/\W/g, '')},2026-11-22T14:30:00Z,${more.final ?? 'no'}`
export const acks = (...rows: readonly string[]) => csv('request_number,decision,reason', ...rows)
export const stock = (...rows: readonly string[]) => csv('sku,on_hand,as_of', ...rows)
