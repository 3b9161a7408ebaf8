import type { PlantedBug } from '../../planted/bugs.ts'
import { bugNamed } from '../../planted/plant.ts'
import { bug } from './bug.ts'

/** Bugs of how work is taken, kept and given back: leases, transactions, the inbox, the poll. */
export const hubBugs: readonly PlantedBug[] = [
  bugNamed('ack-before-commit'),
  bug('ack-after-failed-commit', 'an insert that fails is an insert that was there already', [
    [
      'src/inbox/group-commit.ts',
      "for (const { settle } of batch) settle('failed')",
      "for (const { settle } of batch) settle('stored')",
    ],
  ]),
  bug('dedupe-by-second', 'a delivery id names a delivery, at every shop', [
    [
      'test/simulate/connectors.ts',
      'carriesOrder: false, stableDeliveryId: false',
      'carriesOrder: false, stableDeliveryId: true',
    ],
  ]),
  bug('poll-without-overlap', 'what changed before the newest change we saw has been seen', [
    ['test/simulate/connectors.ts', 'Number(since) - overlapS * 1_000', 'Number(since)'],
  ]),
  bug('cursor-before-commit', 'the cursor may move first, the page follows at once', [
    [
      'src/lanes/poll-lane.ts',
      'const stored = await shift.tenant(async (tx) => {',
      `const newest = String(page.items.reduce((at, item) => Math.max(at, Date.parse(item.changedAt ?? '')), Number(page.watermark)) + 60_000)
  await shift.tenant((tx) => saveCursor(tx, connectionId, stream, { value: newest, completedFrom: run.startedAt }))
  const stored = await shift.tenant(async (tx) => {`,
    ],
  ]),
  bug('same-second-is-same-version', 'two changes in one second do not happen', [
    [
      'src/orders/import-orders.ts',
      'or (excluded.changed_at = o.changed_at and excluded.content_sha256 <> o.content_sha256',
      'or (false and excluded.content_sha256 <> o.content_sha256',
    ],
  ]),
  bug('read-once-is-final', 'a version that was read once need not be read again', [
    [
      'src/orders/known-versions.ts',
      "and o.fetched_at > o.changed_at + interval '2 seconds'",
      'and o.fetched_at is not null',
    ],
  ]),
  bug('older-overwrites-newer', 'what arrives last is what holds', [
    ['src/orders/import-orders.ts', 'where excluded.changed_at > o.changed_at or (', 'where true or ('],
    ['src/orders/facts.ts', "if (newer > 0) return 'apply'", "if (newer > 0 || newer < 0) return 'apply'"],
  ]),
  bug('no-fence', 'whoever took the lane still has it when it writes', [
    ['src/platform/db/lane.ts', 'if (rows.length === 0) throw new LeaseLost(lease)', ''],
  ]),
  bug('release-without-token', 'only the holder gives a lane back', [
    [
      'src/platform/db/lane.ts',
      `due_at = now() + $5 * interval '1 ms'
       where merchant_id = $1 and connection_id = $2 and kind = $3 and lease_token = $4`,
      `due_at = now() + $5 * interval '1 ms'
       where merchant_id = $1 and connection_id = $2 and kind = $3 and $4::uuid is not null`,
    ],
  ]),
  bug('take-a-held-lane', 'two workers never look at one lane in the same moment', [
    ['src/platform/db/lane.ts', 'and lease_until < now() and ($4 or due_at <= now())', 'and ($4 or due_at <= now())'],
  ]),
  bug('lease-never-ends', 'a holder always gives its lane back', [
    ['src/platform/db/lane.ts', 'and lease_until < now() and ($4 or', 'and lease_token is null and ($4 or'],
  ]),
  bug('extend-without-token', 'whoever beats still holds the lane', [
    [
      'src/platform/db/lane.ts',
      'and lease_token = $4 and lease_until > now() returning 1',
      'and $4::uuid is not null returning 1',
    ],
    ['src/platform/db/lane.ts', 'if (rows.length === 0) throw new LeaseLost(lease)', ''],
  ]),
  bug('no-sweeper', 'every change wakes its lanes', [
    [
      'src/platform/work/runner.ts',
      'for (const slot of state.slots.values()) {',
      'for (const slot of [...state.slots.values()].slice(9)) {',
    ],
  ]),
  bug('dirty-connection', 'an error ends the transaction by itself', [
    [
      'src/platform/db/tx.ts',
      'if (!released) release(!(await rolledBack(client, Math.min(rollbackMsMax, deadlineMs))) || spoiled)',
      'if (!released) release(spoiled && !(await rolledBack(client, Math.min(rollbackMsMax, deadlineMs))))',
    ],
  ]),
  bug('ambiguous-commit-is-done', 'a COMMIT whose answer was lost has failed, so its messages can be dropped', [
    [
      'src/lanes/import-lane.ts',
      'if (!isOfTheOrder(error)) throw error\n    const middle',
      'if (error instanceof LeaseLost) throw error\n    const middle',
    ],
    [
      'src/lanes/import-lane.ts',
      "import { type Tx, withTenantTx } from '../platform/db/tx.ts'",
      "import { LeaseLost } from '../platform/db/lane.ts'\nimport { type Tx, withTenantTx } from '../platform/db/tx.ts'",
    ],
  ]),
]
