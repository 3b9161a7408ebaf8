import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What a small set of words can label; ids never do, each would be a series of its own. */
export interface Metrics {
  readonly inboxAcked: Counter<'source'>
  readonly inboxRefused: Counter<'reason'>
  /** Work that no wake-up announced. Above zero in calm weather means that a wake-up is missing somewhere. */
  readonly foundBySweeper: Counter<'kind'>
  readonly laneRuns: Counter<'kind' | 'outcome'>
  readonly pushCalls: Counter<'connector' | 'outcome'>
  readonly ackSeconds: Histogram
  readonly fanoutSeconds: Histogram
  readonly inboxWaiting: Gauge
  /** What the last audits of this process found, up to a hundred each; any number but 0 is a defect of ours. */
  readonly auditViolations: Gauge<'audit'>
  readonly auditRuns: Counter<'outcome'>
  readonly auditLastRun: Gauge
  /** Rows that were let go of because their time was over. */
  readonly purgedRows: Counter<'table'>
  readonly contentType: string
  /** The page that Prometheus reads. */
  text(): Promise<string>
}

// Around the promises: an ack in milliseconds, a fan-out within 150 ms.
const ackBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const fanoutBuckets = [0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** A registry of its own for each hub, so that two of them in one process (a test) do not add up. */
export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const register = new Registry()
  const registers = [register]
  if (options.processMetrics) collectDefaultMetrics({ register, prefix: 'hub_' })
  const counter = <const L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers })
  return {
    inboxAcked: counter('hub_inbox_acked_total', 'Deliveries answered after they were on disk', ['source']),
    inboxRefused: counter('hub_inbox_refused_total', 'Deliveries refused before they were stored', ['reason']),
    foundBySweeper: counter('hub_found_by_sweeper_total', 'Due work that no wake-up announced', ['kind']),
    laneRuns: counter('hub_lane_runs_total', 'Runs of a lane by how they ended', ['kind', 'outcome']),
    pushCalls: counter('hub_push_calls_total', 'Calls that write to a channel or a partner', ['connector', 'outcome']),
    ackSeconds: new Histogram({
      name: 'hub_ack_seconds',
      help: 'From a delivery read to its answer',
      buckets: ackBuckets,
      registers,
    }),
    fanoutSeconds: new Histogram({
      name: 'hub_fanout_seconds',
      help: 'From a stock change committed to the call that carries it leaving',
      buckets: fanoutBuckets,
      registers,
    }),
    inboxWaiting: new Gauge({ name: 'hub_inbox_waiting', help: 'Deliveries stored and not yet settled', registers }),
    auditViolations: new Gauge({
      name: 'hub_audit_violations',
      help: 'Rows that break a promise, as last found by this process',
      labelNames: ['audit'],
      registers,
    }),
    auditRuns: counter('hub_audit_runs_total', 'Audits of a merchant by how they ended', ['outcome']),
    auditLastRun: new Gauge({
      name: 'hub_audit_last_run_seconds',
      help: 'When this process last audited a merchant, in Unix time',
      registers,
    }),
    purgedRows: counter('hub_purged_rows_total', 'Rows deleted or erased because their time was over', ['table']),
    contentType: register.contentType,
    text: () => register.metrics(),
  }
}
