import { itemsBySku } from '../catalog/items.ts'
import type { DecodedFile, RowResult } from '../connector-kit/index.ts'
import { after } from '../flows.ts'
import { partnerReported } from '../flows-partner.ts'
import { type FileIssue, heldForMissing, missingOf, pastOf, settleFile } from '../fulfillment/partner-files.ts'
import type { ReportedRow } from '../fulfillment/plan-facts.ts'
import { endMessages, type Message } from '../inbox/messages.ts'
import { locationOf } from '../inventory/locate.ts'
import { raiseExceptions, resolveExceptions } from '../journal/record.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Shift } from './deps.ts'

const issuesMax = 500

function issuesOf(rows: readonly RowResult[], warnings: readonly string[]): FileIssue[] {
  return [
    ...warnings.map((message): FileIssue => ({ row: 0, severity: 'warning', field: '', code: 'WARNING', message })),
    ...rows.flatMap((r): FileIssue[] => {
      if (!r.ok) return [{ row: r.row, severity: 'error', field: r.field, code: r.code, message: r.message }]
      return r.warning === undefined
        ? []
        : [{ row: r.row, severity: 'warning', field: '', code: 'WARNING', message: r.warning }]
    }),
  ].slice(0, issuesMax)
}

/** Says of a file, where a person looks for it, that nothing of it was applied. */
export async function refusePartnerFile(shift: Shift, { headers }: Message, message: string): Promise<void> {
  const issue: FileIssue = { row: 0, severity: 'error', field: '', code: 'NOT_APPLIED', message }
  const end = { state: 'refused' as const, document: null, summary: { applied: 0 }, issues: [issue] }
  await shift.tenant((tx) => settleFile(tx, headers['file-id'] ?? '', end))
  wakeFiles(shift)
}

/** A file is moved out of the partner's way when its verdict is known. */
const wakeFiles = (shift: Shift) => shift.wake({ ...shift.lease, kind: 'files' })

const aDayMs = 24 * 60 * 60 * 1_000

/**
 * Rows that tell of a day to come are set aside: a parcel of next month would be taken off every count until then.
 * A day is left for clocks and zones.
 */
function datedAhead(rows: readonly ReportedRow[], nowMs: number): FileIssue[] {
  return rows.flatMap(({ row, fact }): FileIssue[] => {
    const [field, at] =
      fact.type === 'shipped' ? ['shipped_at', fact.shippedAt] : fact.type === 'stock' ? ['as_of', fact.asOf] : ['', '']
    if (at === '' || Date.parse(at) - nowMs <= aDayMs) return []
    const message = `Row ${row}, ${field}: ${at} lies more than a day ahead, so the row is held. Correct the date and send the row again.`
    return [{ row, severity: 'error', field, code: 'HELD_FUTURE_DATE', message }]
  })
}

/** Where a partner did not agree on another share: so many of its known SKUs missing make a count doubtful. */
const missingShare = 0.4

/** Why a whole count waits for a person, if it does: a list that was cut or filtered looks like any other. */
async function missingSkus(
  tx: Tx,
  shift: Shift,
  rows: readonly ReportedRow[],
  badRows: number,
): Promise<Refusal | null> {
  const skus = rows.flatMap(({ fact }) => (fact.type === 'stock' ? [fact.sku] : []))
  const share = Number(shift.connection.settings.missingShare ?? missingShare)
  if (skus.length === 0 || share >= 1) return null
  const locationId = await locationOf(tx, shift.lease.connectionId)
  if (locationId === null) return null
  const { known, missing } = await missingOf(tx, locationId, [...(await itemsBySku(tx, skus)).values()])
  // A row that cannot be read may name any of them.
  const gone = Math.max(0, missing - badRows)
  if (gone === 0 || gone < known * share) return null
  const message = `${gone} of the ${known} SKUs that you have of us are missing, so no row was applied. Send all of them, with 0 where there is none. If it is right as it is, a person here has the file's message read again.`
  return { code: heldForMissing, message }
}

interface Refusal {
  readonly code: string
  readonly message: string
  readonly row?: number
}

/** Nothing of the file is applied, and a person is told why. */
async function refuse(tx: Tx, { messageId, headers }: Message, refusal: Refusal, notes: FileIssue[]): Promise<void> {
  const [fileId, name] = [headers['file-id'] ?? '', headers['file-name'] ?? '']
  const { code, message, row = 0 } = refusal
  const issues: FileIssue[] = [{ row, severity: 'error', field: '', code, message }, ...notes]
  await settleFile(tx, fileId, { state: 'refused', document: null, summary: { applied: 0 }, issues })
  await raiseExceptions(tx, [
    {
      kind: 'file_refused',
      dedupeKey: `file.${fileId}`,
      subjectKind: 'file',
      subjectId: fileId,
      detail: { name, code, message, messageId: publicId('message', messageId) },
    },
  ])
  await endMessages(tx, [{ messageId, state: 'ignored', reason: `${code}: ${message}`.slice(0, 500) }])
}

const nameReused: FileIssue = {
  row: 0,
  severity: 'warning',
  field: '',
  code: 'NAME_REUSED',
  message:
    'a file of this name came before with other content; both were read. Was it sent by mistake? Use a name only once.',
}

interface Read {
  readonly document: string
  readonly rows: readonly RowResult[]
  readonly warnings: readonly string[]
}

/** Applies the good rows of a file. How many rows named a request that is not the partner's. */
async function applyRows(tx: Tx, shift: Shift, message: Message, file: Read & { notes: FileIssue[] }): Promise<number> {
  const [fileId, name] = [message.headers['file-id'] ?? '', message.headers['file-name'] ?? '']
  const good = goodOf(file.rows)
  const held = datedAhead(good, shift.ports.clock.now().getTime())
  const heldRows = new Set(held.map((h) => h.row))
  const wanted = good.filter(({ row }) => !heldRows.has(row))
  const report = { connectionId: shift.lease.connectionId, cause: { kind: 'file' as const, id: fileId } }
  const misfits = wanted.length === 0 ? [] : await partnerReported(tx, shift.ports.ids, report, wanted)
  const issues = [
    ...file.notes,
    ...issuesOf(file.rows, file.warnings),
    ...held,
    ...misfits.map((m): FileIssue => ({ ...m, severity: 'error' })),
  ].slice(0, issuesMax)
  const rejected = issues.filter((i) => i.severity === 'error').length
  await settleFile(tx, fileId, {
    state: 'applied',
    document: file.document,
    summary: { rows: file.rows.length, applied: wanted.length - misfits.length, rejected },
    issues,
  })
  if (rejected > 0)
    await raiseExceptions(tx, [
      {
        kind: 'file_rows_rejected',
        dedupeKey: `file.${fileId}`,
        subjectKind: 'file',
        subjectId: fileId,
        detail: { name, rejected },
      },
    ])
  await endMessages(tx, [{ messageId: message.messageId, state: 'applied' }])
  return misfits.filter(({ code }) => code === 'FORBIDDEN').length
}

const goodOf = (rows: readonly RowResult[]) =>
  rows.flatMap((r): ReportedRow[] => (r.ok ? [{ row: r.row, fact: r.fact }] : []))

/** Reads one stored file and applies its good rows in one transaction; every other row is answered by field, row and mend. */
export async function readPartnerFile(shift: Shift, message: Message): Promise<void> {
  const fileId = message.headers['file-id'] ?? ''
  const decoded: DecodedFile =
    message.raw === null
      ? { kind: 'refused', code: 'ERASED', message: 'the file was erased' }
      : (shift.connection.connector.files?.decode({
          name: message.headers['file-name'] ?? '',
          bytes: message.raw,
          settings: shift.connection.settings,
        }) ?? { kind: 'refused', code: 'NO_FILES', message: 'this connection exchanges no files' })
  const notTheirs = await shift.tenant(async (tx) => {
    const past = await pastOf(tx, fileId)
    const notes = past.nameReused ? [nameReused] : []
    if (decoded.kind === 'refused') return refuse(tx, message, decoded, notes)
    const good = goodOf(decoded.rows)
    const hold = past.released ? null : await missingSkus(tx, shift, good, decoded.rows.length - good.length)
    if (hold !== null) return refuse(tx, message, hold, notes)
    if (past.released) await resolveExceptions(tx, [`file.${fileId}`])
    return applyRows(tx, shift, message, { ...decoded, notes })
  })
  // The number is no word for a log: whoever reads it could ask with it. The file's issues name the rows.
  if (notTheirs) shift.log.warn({ connectionId: shift.lease.connectionId }, 'security.request-not-theirs')
  wakeFiles(shift)
  shift.wakeAll(shift.lease.merchantId, after.partnerReported)
}
