import type { DecodedFile, RowResult } from '../connector-kit/index.ts'
import { after } from '../flows.ts'
import { partnerReported } from '../flows-partner.ts'
import { type FileIssue, settleFile } from '../fulfillment/partner-files.ts'
import type { ReportedRow } from '../fulfillment/plan-facts.ts'
import { endMessages, type Message } from '../inbox/messages.ts'
import { raiseExceptions } from '../journal/record.ts'
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

/** Reads one stored file and applies its good rows in one transaction; every other row is answered by field, row and mend. */
export async function readPartnerFile(shift: Shift, message: Message): Promise<void> {
  const fileId = message.headers['file-id'] ?? ''
  const name = message.headers['file-name'] ?? ''
  const decoded: DecodedFile =
    message.raw === null
      ? { kind: 'refused', code: 'ERASED', message: 'the file was erased' }
      : (shift.connection.connector.files?.decode({
          name,
          bytes: message.raw,
          settings: shift.connection.settings,
        }) ?? { kind: 'refused', code: 'NO_FILES', message: 'this connection exchanges no files' })
  await shift.tenant(async (tx) => {
    if (decoded.kind === 'refused') {
      const issue: FileIssue = {
        row: decoded.row ?? 0,
        severity: 'error',
        field: '',
        code: decoded.code,
        message: decoded.message,
      }
      await settleFile(tx, fileId, { state: 'refused', document: null, summary: { applied: 0 }, issues: [issue] })
      await raiseExceptions(tx, [
        {
          kind: 'file_refused',
          dedupeKey: `file.${fileId}`,
          subjectKind: 'file',
          subjectId: fileId,
          detail: { name, code: decoded.code, message: decoded.message },
        },
      ])
      await endMessages(tx, [
        { messageId: message.messageId, state: 'ignored', reason: `${decoded.code}: ${decoded.message}`.slice(0, 500) },
      ])
      return
    }
    const good = decoded.rows.flatMap((r): ReportedRow[] => (r.ok ? [{ row: r.row, fact: r.fact }] : []))
    const report = { connectionId: shift.lease.connectionId, cause: { kind: 'file' as const, id: fileId } }
    const misfits = good.length === 0 ? [] : await partnerReported(tx, shift.ports.ids, report, good)
    const issues = [
      ...issuesOf(decoded.rows, decoded.warnings),
      ...misfits.map((m): FileIssue => ({ ...m, severity: 'error' })),
    ].slice(0, issuesMax)
    const rejected = issues.filter((i) => i.severity === 'error').length
    await settleFile(tx, fileId, {
      state: 'applied',
      document: decoded.document,
      summary: { rows: decoded.rows.length, applied: good.length - misfits.length, rejected },
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
  })
  wakeFiles(shift)
  shift.wakeAll(shift.lease.merchantId, after.partnerReported)
}
