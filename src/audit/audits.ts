import type { Audit, PromiseId } from './audit.ts'
import { chainAudits } from './chain-audits.ts'
import { messageAudits } from './message-audits.ts'
import { orderAudits } from './order-audits.ts'
import { orphanAudits } from './orphan-audits.ts'
import { outwardAudits } from './outward-audits.ts'
import { pushAudits } from './push-audits.ts'
import { stockAudits } from './stock-audits.ts'
import { waitingAudits } from './waiting-audits.ts'

/** Every question that the tables can answer. All must find nothing, at any commit. */
export const audits: readonly Audit[] = [
  ...messageAudits,
  ...orderAudits,
  ...stockAudits,
  ...pushAudits,
  ...outwardAudits,
  ...waitingAudits,
  ...orphanAudits,
  ...chainAudits,
]

/** What the tables alone cannot show of a promise, and where it is judged instead. */
export interface Elsewhere {
  readonly id: PromiseId
  readonly why: string
  /** Files of tests, from the root of the repository. */
  readonly by: readonly string[]
}

export const judgedElsewhere: readonly Elsewhere[] = [
  {
    id: 'I1',
    why: 'Only the sender knows what was answered 2xx.',
    by: ['test/inbox/group-commit.test.ts', 'test/demo/order-verdict.ts'],
  },
  {
    id: 'I3',
    why: 'Only the channel knows what it has.',
    by: ['src/connector-kit/conformance/orders.ts', 'test/demo/order-verdict.ts'],
  },
  {
    id: 'I7',
    why: 'What a shop shows now is seen only there.',
    by: ['test/demo/stock-verdict.ts', 'test/e2e/takeover.test.ts'],
  },
  {
    id: 'I10',
    why: 'Only the partner knows what it took.',
    by: ['src/connector-kit/conformance/partner.ts', 'test/demo/order-verdict.ts'],
  },
  {
    id: 'I11',
    why: 'Only the shop knows what it was told.',
    by: ['src/connector-kit/conformance/shipments.ts', 'test/demo/order-verdict.ts'],
  },
  { id: 'I12', why: 'A write that changed no row leaves none behind.', by: ['test/platform/db/lane.test.ts'] },
  {
    id: 'I13',
    why: 'Tokens are sealed, and how often one was fetched is not kept.',
    by: ['test/connections/ctx.test.ts'],
  },
  { id: 'I14', why: 'Who waited for whom is over when the rows are written.', by: ['test/platform/runner.test.ts'] },
  { id: 'I15', why: 'A flushed queue leaves no trace but time.', by: ['test/platform/queue.test.ts'] },
]
