import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Api, ApiDeps } from '../api/deps.ts'
import { writing } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import { withAccountTx, withTenantTx } from '../platform/db/tx.ts'
import { principalOf } from '../platform/http/access.ts'
import { Problem } from '../platform/http/problem.ts'
import { type Counts, exportLines, manifestLine } from './export-lines.ts'

/** Each holds a connection and an old snapshot for as long as its reader takes. */
const atOnceMax = 1
/** Millions of rows. Whoever reads slower than a connection may be idle is cut off before. */
const deadlineMs = 900_000

/** Ends `out` with a manifest, or breaks it off: then there is none, and the reader sees that. */
async function write(deps: ApiDeps, merchantId: string, out: PassThrough): Promise<void> {
  const at = deps.ports.clock.now()
  const counts: Counts = {}
  const send = (lines: AsyncGenerator<string>) =>
    pipeline(Readable.from(lines, { highWaterMark: 1 }), out, { end: false })
  const trade = { snapshot: true, deadlineMs }
  await withTenantTx(deps.db, merchantId, (tx) => send(exportLines(tx, 'app', counts)), trade)
  await withAccountTx(deps.db, merchantId, (tx) => send(exportLines(tx, 'account', counts)), { deadlineMs })
  out.end(manifestLine(publicId('merchant', merchantId), at, counts))
}

/** Everything of a merchant's as JSONL: a kind and a row in each line, secrets left out, counts in the last one. */
export function exportRoutes(app: Api, deps: ApiDeps): void {
  let underWay = 0
  app.post('/export', {
    config: { scope: 'merchant:export', stepUp: true },
    schema: { description: 'JSONL: a kind and a row in each line; the last line is a manifest with counts.' },
    handler: async (request, reply) => {
      if (underWay >= atOnceMax)
        throw new Problem(503, 'HUB_BUSY', 'Another export is being written. Try again in some minutes.')
      underWay++
      const { merchantId } = principalOf(request)
      const out = new PassThrough()
      try {
        // Who took everything stands in the log before the first line has left.
        await writing(deps, request, async () => ({ begun: true }), { replayable: false })
      } catch (error) {
        underWay--
        throw error
      }
      write(deps, merchantId, out)
        .catch((error: unknown) => {
          request.log.warn({ err: error, merchantId }, 'export.broken')
          out.destroy()
        })
        .finally(() => {
          underWay--
        })
      const name = `crossdock-${deps.ports.clock.now().toISOString().slice(0, 10)}.jsonl`
      return reply
        .type('application/x-ndjson; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(out)
    },
  })
}
