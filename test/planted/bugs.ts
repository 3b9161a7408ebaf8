/** One edit of the source. `find` must stand in the file exactly once, or the plant is stale and says so. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}
export interface PlantedBug {
  readonly name: string
  /** What a hurried engineer would have believed. */
  readonly belief: string
  readonly edits: readonly Edit[]
}

/** Bugs that the demo must turn red for. A promise that no planted bug can break is not checked. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'retry-with-new-compare',
    belief: 'a stale compare value is mended by reading the new one and writing the same number again',
    edits: [
      {
        file: 'src/inventory/decide-push.ts',
        find: 'const unseen = gap > 0 && (newlyMissing || !view.pollHasPassed) ? gap : 0',
        replace: 'const unseen = gap > Number.POSITIVE_INFINITY ? gap : 0',
      },
    ],
  },
  {
    name: 'dedupe-by-woo-delivery-id',
    belief: 'a delivery id names a delivery',
    edits: [
      {
        file: 'connectors/woocommerce/manifest.ts',
        find: 'stableDeliveryId: false',
        replace: 'stableDeliveryId: true',
      },
      {
        file: 'connectors/woocommerce/inbound.ts',
        find: 'return { ok: true, topic, occurredAt: null }',
        replace: "return { ok: true, topic, deliveryId: headers['x-wc-webhook-delivery-id'] ?? '', occurredAt: null }",
      },
    ],
  },
  {
    name: 'ack-before-commit',
    belief: 'the insert will not fail, so the sender need not wait for it',
    edits: [
      {
        file: 'src/inbox/receive.ts',
        find: 'const outcome = await deps.store(deliveryOf(arrival, endpoint, { verdict, stable: push.stableDeliveryId, id }))',
        replace: `const outcome: StoreOutcome = 'stored'
    setTimeout(() => void deps.store(deliveryOf(arrival, endpoint, { verdict, stable: push.stableDeliveryId, id })), 500)`,
      },
    ],
  },
  {
    name: 'no-stock-clock',
    belief: 'reading the last version is enough, two batches at once are rare',
    edits: [
      {
        file: 'src/inventory/clock.ts',
        find: `insert into stock_clock (merchant_id, version) values ($1, 1)
     on conflict (merchant_id) do update set version = stock_clock.version + 1 returning version`,
        replace: 'select coalesce((select version from stock_clock where merchant_id = $1), 0) + 1 as version',
      },
      {
        file: 'src/inventory/clock.ts',
        find: 'insert into stock_change (merchant_id, version, item_ids)',
        replace: `with tick as (insert into stock_clock (merchant_id, version) values ($1, $2)
       on conflict (merchant_id) do update set version = greatest(stock_clock.version, excluded.version))
     insert into stock_change (merchant_id, version, item_ids)`,
      },
    ],
  },
  {
    name: 'release-at-cancel',
    belief: 'a cancelled order gives its stock back at once, whoever was told to ship it',
    edits: [
      {
        file: 'src/lanes/request-lane.ts',
        find: `  await markHanded(
    tx,
    ships.flatMap((s) => s.units),
    1,
  )
`,
        replace: '',
      },
    ],
  },
]
