/** Where a row is proved: on every push, in the nightly run, by the soak, or by hand. */
export type Where = 'ci' | 'nightly' | 'soak' | 'drill'

export interface Row {
  readonly row: number
  readonly fault: string
  readonly expected: string
  readonly where: Where
  /** File, and the beginning of a test's name in it, as vitest is given it. */
  readonly tests: readonly (readonly [file: string, name: string])[]
  /** What the row does not prove, or what proves it where no test can. */
  readonly note?: string
}

const faults = (file: string) => `test/faults/${file}.test.ts`
const nightly = (file: string) => `test/faults/nightly/${file}.test.ts`
const bad = 'test/inbox/bad-webhooks.test.ts'
const files = 'test/fulfillment/repeated-files.test.ts'
const sftp = 'connectors/warehouse-files/sftp.test.ts'
const answers = 'src/connector-kit/conformance/answers.ts'

const process: readonly Row[] = [
  {
    row: 1,
    fault: 'kill -9 of the http role before INSERT',
    expected: 'the sender gets a reset and comes again; nothing half-stored',
    where: 'ci',
    tests: [[faults('ingest'), 'fault $row: killed (-9) at $place']],
  },
  {
    row: 2,
    fault: 'kill -9 of the http role after COMMIT, before 2xx',
    expected: 'the sender comes again; one effect',
    where: 'ci',
    tests: [[faults('ingest'), 'fault $row: killed (-9) at $place']],
  },
  {
    row: 3,
    fault: 'kill -9 of the worker at each step',
    expected: 'the lease ends, another resumes, reading back stops the second effect',
    where: 'ci',
    tests: [
      ['test/e2e/crash.test.ts', 'the hub asks for it once, tells its shop once, loses nothing'],
      [files, 'H2 42: a worker that dies in the middle of applying a file'],
    ],
  },
  {
    row: 4,
    fault: 'kill -9 of the poller between page and cursor',
    expected: 'the page is read again; no skip, no double',
    where: 'ci',
    tests: [[faults('orders'), 'fault 04: a poller that dies at any of its transactions']],
  },
  {
    row: 5,
    fault: 'kill -9 of the whole hub again and again under load',
    expected: 'the manifest shows zero lost, zero doubled; whole again within 60 s',
    where: 'soak',
    tests: [],
    note: '`npm run soak -- --minutes 5`',
  },
  {
    row: 6,
    fault: 'a worker frozen past its lease, then thawed',
    expected: 'fenced: its write changes no row',
    where: 'ci',
    tests: [
      ['test/e2e/takeover.test.ts', 'thawed, it changes no row and sends nothing'],
      ['test/e2e/takeover.test.ts', 'its late call reaches the shop after the newer numbers'],
    ],
  },
  {
    row: 7,
    fault: 'event loop blocked past the lease, and for 40 s (a stalled job)',
    expected: 'another does its work; a stalled job strands no row',
    where: 'ci',
    tests: [
      [faults('worker'), 'fault 07: with its event loop blocked past its lease'],
      [nightly('process'), 'fault 07: blocked for 40 s'],
    ],
  },
  {
    row: 8,
    fault: 'out of memory, or a rejection that nobody handles',
    expected: 'the process ends, is started again, nothing is lost',
    where: 'nightly',
    tests: [[nightly('process'), 'fault 08: $how it ends by itself']],
  },
  {
    row: 9,
    fault: 'SIGTERM under load',
    expected: 'accepts no more, finishes what runs, requeues the rest',
    where: 'ci',
    tests: [[faults('ingest'), 'fault 09: a stop (SIGTERM) under load']],
  },
  {
    row: 10,
    fault: 'old and new version side by side; work of a kind that only the new one knows',
    expected: 'the old one leaves it alone, and does not spin on it',
    where: 'nightly',
    tests: [[nightly('versions'), 'fault 10: its additive migration']],
  },
]

const postgres: readonly Row[] = [
  {
    row: 11,
    fault: 'PostgreSQL stopped at once (immediate, kill -9), and started',
    expected: '503 meanwhile, resumes alone; every 2xx survives',
    where: 'ci',
    tests: [[faults('postgres'), 'fault 11: stopped at once under load, twice']],
  },
  {
    row: 12,
    fault: 'PostgreSQL down for hours',
    expected: '503 + Retry-After; polls catch up after; webhooks are looked at and made again',
    where: 'nightly',
    tests: [[nightly('outage'), 'fault 12: until the shop gave up its webhooks']],
    note: 'hours of the shop, half a minute of ours',
  },
  {
    row: 13,
    fault: 'failover to an asynchronous standby that lags',
    expected: 'the gap is read again by polls; no effect twice although the database moved back',
    where: 'drill',
    tests: [],
    note: 'the same as row 48 for the hub: promote, then run `crossdock audit`',
  },
  {
    row: 14,
    fault: 'COMMIT done, its answer lost',
    expected: 'unknown, so 503 and again; harmless',
    where: 'ci',
    tests: [
      ['test/inbox/group-commit.test.ts', 'a commit whose answer got lost is a 503'],
      ['test/platform/db/leak.test.ts', 'a COMMIT whose answer never comes is reported as lost'],
    ],
  },
  {
    row: 15,
    fault: 'connection dies in a transaction, ROLLBACK fails',
    expected: 'the connection is destroyed, never pooled',
    where: 'ci',
    tests: [
      ['test/platform/db/leak.test.ts', 'when the answer to ROLLBACK never comes'],
      ['test/platform/db/leak.test.ts', 'when the server cuts the connection in the middle of a statement'],
    ],
  },
  {
    row: 16,
    fault: 'every connection for work taken',
    expected: 'bounded waits, 503; ingest answers as ever',
    where: 'ci',
    tests: [
      [faults('busy-database'), 'fault 16: with every connection for work taken'],
      ['test/platform/http.test.ts', 'a database that is away or busy is a 503'],
    ],
  },
  {
    row: 17,
    fault: 'deadlock, serialization failure',
    expected: 'tried again up to 5 times with jitter',
    where: 'ci',
    tests: [
      [faults('busy-database'), 'fault 17: two who lock each other out'],
      ['test/review/concurrent.test.ts', 'orders, counts, mappings, hand-offs and reports at once'],
    ],
  },
  {
    row: 18,
    fault: 'disk of the data full',
    expected: '503, no half rows, reads go on, heals with room',
    where: 'nightly',
    tests: [[nightly('disk'), 'fault 18: of the data']],
    note: 'as root (tmpfs)',
  },
  {
    row: 19,
    fault: 'disk of the log full',
    expected: 'PostgreSQL stays down until there is room and somebody starts it; every 2xx is there then',
    where: 'nightly',
    tests: [[nightly('disk'), 'fault 19: of the log']],
    note: 'as root (tmpfs)',
  },
  {
    row: 20,
    fault: 'a long lock, a migration behind it, an idle transaction',
    expected: 'lock limits everywhere; deliveries are taken in meanwhile',
    where: 'ci',
    tests: [
      [faults('busy-database'), 'fault 20: behind a lock that somebody holds on the stock'],
      [faults('busy-database'), 'fault 20: a migration gives up'],
      [faults('busy-database'), 'fault 20: the server ends whoever of ours'],
    ],
  },
]

const redis: readonly Row[] = [
  {
    row: 21,
    fault: 'Redis FLUSHALL',
    expected: 'the sweeper finds the rows; zero lost',
    where: 'ci',
    tests: [['test/e2e/processes.test.ts', 'with Redis, FLUSHALL in the middle loses time, never work']],
  },
  {
    row: 22,
    fault: 'Redis down',
    expected: 'ingest unaffected; rows are worked on by bell and sweeper',
    where: 'ci',
    tests: [
      [faults('redis'), 'fault 22: away, it delays schedules only'],
      ['test/platform/queue.test.ts', 'while Redis is away a wake is refused within a second'],
    ],
  },
  {
    row: 23,
    fault: 'Redis kill -9 with AOF everysec',
    expected: 'the jobs of its last second are gone; the sweeper finds the rows',
    where: 'ci',
    tests: [[faults('redis'), 'fault 23: killed (-9)']],
  },
  {
    row: 24,
    fault: 'Redis may evict, or is out of memory',
    expected: 'the start refuses the policy; out of memory falls back to rows',
    where: 'ci',
    tests: [
      [faults('redis'), 'fault 24: out of memory'],
      ['test/platform/queue.test.ts', 'a Redis that may evict keys is refused with the mend'],
    ],
  },
  {
    row: 25,
    fault: 'Redis two seconds late, or silent',
    expected: 'no delivery waits for it',
    where: 'ci',
    tests: [[faults('redis'), 'fault 25: two seconds late']],
  },
]

const channel: readonly Row[] = [
  {
    row: 26,
    fault: 'channel silent before the effect',
    expected: 'tried again',
    where: 'ci',
    tests: [[faults('channel'), 'fault $row: a call that nobody answers']],
  },
  {
    row: 27,
    fault: 'channel silent after the effect',
    expected: 'read back; no second effect',
    where: 'ci',
    tests: [
      [faults('channel'), 'fault $row: a call that nobody answers'],
      [faults('channel'), 'fault 27: a write of stock whose answer is lost'],
      ['test/review/resurrection.test.ts', 'a raise whose answer was lost does not put back on sale'],
    ],
  },
  {
    row: 28,
    fault: '429 with Retry-After of 0, absent, a date, huge, negative',
    expected: 'the whole connection waits, at least a second, at most 15 min; others do not',
    where: 'ci',
    tests: [
      [answers, 'a 429 is rate_limited with a wait'],
      ['connectors/woocommerce/client.test.ts', 'Retry-After "%s" is %s ms'],
      ['test/review/runner.test.ts', 'a far side that asked to wait is left alone'],
      ['test/connections/ctx.test.ts', 'connections do not share an allowance'],
    ],
  },
  {
    row: 29,
    fault: 'a channel answers nothing but 5xx',
    expected: 'asked less and less often; other channels are not later for it',
    where: 'ci',
    tests: [
      [faults('channel'), 'fault 29: a shop that answers nothing but 503'],
      ['test/review/lanes.test.ts', 'an outage of hours ends no shipment and no request'],
    ],
  },
  {
    row: 30,
    fault: '200 with HTML, cut JSON, null, another shape, errors inside',
    expected: 'told as an error, never stored as data',
    where: 'ci',
    tests: [
      [answers, 'whatever is answered, a call ends with a result or a ChannelError'],
      ['connectors/shopify/orders.test.ts', 'a half answer is not read as an order that is gone'],
    ],
  },
  {
    row: 31,
    fault: 'a byte a second, an endless body',
    expected: 'a deadline for the whole, a cap on bytes',
    where: 'ci',
    tests: [
      ['test/platform/egress.test.ts', 'a host that hangs, or drips its answer, is cut at the deadline'],
      ['test/platform/egress.test.ts', '[bad-input 40] an endless answer is cut at the cap'],
      ['test/platform/http.test.ts', 'a chunked body that trickles ends in 408'],
    ],
  },
  {
    row: 32,
    fault: 'pages that shift, repeat, or never end',
    expected: 'overlap and versions; no order hidden, no endless run',
    where: 'ci',
    tests: [
      [faults('orders'), 'fault 32: a channel that names one page again and again'],
      ['src/connector-kit/conformance/orders.ts', 'pages that cut through one second lose no order'],
    ],
  },
  {
    row: 33,
    fault: 'duplicate webhooks, with the same and with other ids',
    expected: 'one order',
    where: 'ci',
    tests: [
      [bad, 'row 12: the same delivery a hundred times at once'],
      [bad, 'row 12: the same without a stable delivery id'],
      ['test/e2e/changes.test.ts', 'an order that arrives by webhook, twice each, and by poll is one order'],
    ],
  },
  {
    row: 34,
    fault: 'webhooks out of order, or a day late with an old body',
    expected: 'older never overwrites newer',
    where: 'ci',
    tests: [
      [faults('orders'), 'fault 34: six versions of an order in any of their 720 orders'],
      [bad, 'row 9: a body older than the channel is trusted for only hints'],
    ],
  },
  {
    row: 35,
    fault: 'webhook subscription deleted by the channel',
    expected: 'made anew within 15 min, and the gap polled',
    where: 'ci',
    tests: [
      [faults('worker'), 'fault 35: the look every quarter of an hour'],
      ['connectors/woocommerce/subscriptions.test.ts', 'a disabled webhook is deleted and made anew'],
    ],
  },
  {
    row: 36,
    fault: 'no webhook at all',
    expected: 'polls alone bring every order',
    where: 'ci',
    tests: [[faults('channel'), 'fault 36: when no webhook ever comes']],
  },
]

const world: readonly Row[] = [
  {
    row: 37,
    fault: 'the clock a day ahead, a day behind, jumping',
    expected: 'leases and versions do not mind',
    where: 'ci',
    tests: [
      [faults('clock'), 'fault 37: with its clock $how'],
      [faults('clock'), 'fault 37: deliveries under a clock that jumps'],
    ],
    note: 'no channel of ours signs a time, so there is no signature window to miss',
  },
  {
    row: 38,
    fault: 'DST, times without a zone, seconds for milliseconds, 2038',
    expected: 'read exactly or refused',
    where: 'ci',
    tests: [
      [faults('clock'), 'fault 38: Shopify’s'],
      [faults('clock'), 'fault 38: WooCommerce’s'],
      [faults('clock'), 'fault 38: a partner’s'],
    ],
  },
  {
    row: 39,
    fault: 'login withdrawn in the middle of the work',
    expected: 'the connection stops, no storm, a person is asked; resumes after reconnecting',
    where: 'ci',
    tests: [[faults('channel'), 'fault 39: a login that is withdrawn']],
  },
  {
    row: 40,
    fault: 'twenty workers refresh one token; kill after the provider rotated it',
    expected: 'one refresh; recovers or says so',
    where: 'ci',
    tests: [
      ['test/faults/login.test.ts', 'fault 40: all lanes of two workers are refused at once'],
      ['test/faults/login.test.ts', 'fault 40: killed after the shop gave a new pair'],
      ['test/review/login.test.ts', 'a login that the far side no longer renews stops its connection'],
    ],
  },
  {
    row: 41,
    fault: 'a shop disconnected and connected again in the middle',
    expected: 'no order twice',
    where: 'ci',
    tests: [
      [faults('channel'), 'fault 41: a shop that is disconnected and connected again'],
      ['test/api/connections.test.ts', 'reconnecting after a disconnect continues it under a new address'],
    ],
  },
  {
    row: 42,
    fault: 'a body that breaks the mapper',
    expected: 'dead and visible; the others go through',
    where: 'ci',
    tests: [
      [faults('orders'), 'fault 42: a body that breaks the mapper'],
      ['test/review/lanes.test.ts', 'an order with one line twice ends alone'],
    ],
  },
  {
    row: 43,
    fault: 'a giant body',
    expected: '413 at the cap; what is let in keeps the loop for less than 50 ms',
    where: 'ci',
    tests: [
      [bad, 'row 15: one byte more than the manifest allows is a 413'],
      [bad, 'row 18: reading a body of 2 MB of brackets'],
    ],
  },
  {
    row: 44,
    fault: 'half a file, a file that grows, odd encodings',
    expected: 'not read until it is whole; else set aside with line numbers',
    where: 'ci',
    tests: [
      [files, 'H2 3 and 4: a file that still grows is left alone'],
      ['connectors/warehouse-files/decode-rows.test.ts', 'a cut anywhere in a file with an end row'],
      ['test/fulfillment/bad-files.test.ts', 'encodings and line ends of real partners are read'],
    ],
  },
  {
    row: 45,
    fault: 'the same file again, renamed, or of yesterday',
    expected: 'no effect',
    where: 'ci',
    tests: [
      [files, 'H2 8: the same bytes under another name have one effect'],
      [files, 'H2 9 and 11: other bytes with rows that are known already'],
      ['test/fulfillment/bad-files.test.ts', 'H2 38: a stock file older than the last one changes nothing'],
    ],
  },
  {
    row: 46,
    fault: 'SFTP cut in the upload; answer to rename lost; another host key',
    expected: 'temporary name, rename, look; another key stops at once',
    where: 'ci',
    tests: [
      [sftp, 'a line that drops in the middle of the upload leaves no file'],
      [sftp, 'a rename whose answer is lost is an unknown outcome'],
      [sftp, '[bad-input 39] a changed host key stops before the password is sent'],
    ],
  },
  {
    row: 47,
    fault: 'one merchant floods',
    expected: 'no other merchant waits behind its backlog',
    where: 'nightly',
    tests: [[nightly('process'), 'fault 47: a merchant with thousands of waiting deliveries']],
    note: 'there is no quota for each merchant; the door as a whole refuses when it is full',
  },
  {
    row: 48,
    fault: 'a backup of yesterday restored',
    expected: 'cursors go back with it, orders are read anew, nothing is asked or told twice',
    where: 'nightly',
    tests: [
      [nightly('restore'), 'fault 48: restored to before an order that was shipped'],
      [nightly('restore'), 'fault 48: restored to before orders that a partner has'],
    ],
    note: 'a request follows from its order, so it goes out again under its own number; where the order was edited after the backup, its partner keeps the first',
  },
]

export const matrix: readonly Row[] = [...process, ...postgres, ...redis, ...channel, ...world]

const cell = (text: string) => text.replaceAll('|', '\\|')
const testsOf = ({ tests, note }: Row) =>
  [...tests.map(([file, name]) => `\`${file}\` ${name}`), ...(note === undefined ? [] : [`_${note}_`])].join('<br>')

/** The table of README.md. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(
    (one) => `| ${one.row} | ${cell(one.fault)} | ${cell(one.expected)} | ${one.where} | ${cell(testsOf(one))} |`,
  )
  return [
    '| # | Fault | What must happen | Where | Proved by |',
    '| - | ----- | ---------------- | ----- | --------- |',
    ...lines,
  ].join('\n')
}
