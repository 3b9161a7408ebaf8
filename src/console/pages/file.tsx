import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { type FileIssue, fileQuery, type WholeFile, warehousesQuery } from '../api/warehouses.ts'
import { CopyId } from '../parts/copy.tsx'
import { FileState, fileName, sizeText } from '../parts/file-state.tsx'
import { HandInFile } from '../parts/hand-in-file.tsx'
import { Icon } from '../parts/icons.tsx'
import { useMay } from '../parts/may.ts'
import { PageFrame } from '../parts/page.tsx'
import { ScrollRegion } from '../parts/scroll-region.tsx'
import { Read, Section } from '../parts/section.tsx'
import { Empty } from '../parts/states.tsx'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { counted, plain } from '../parts/words.ts'

const route = getRouteApi('/shell/files/$id')

const number = (file: WholeFile, name: string): number => {
  const value = file.summary[name]
  return typeof value === 'number' ? value : 0
}

/** What became of it, in a sentence with its numbers. */
function outcome(file: WholeFile): string {
  const applied = number(file, 'applied')
  const sentences: Readonly<Record<string, string>> = {
    stored: 'Its rows are being read.',
    applied:
      file.errors === 0
        ? `All ${counted(number(file, 'rows'), 'row')} were taken.`
        : `${counted(applied, 'row')} of ${number(file, 'rows')} were taken, ${file.errors} ${file.errors === 1 ? 'was' : 'were'} not.`,
    refused: 'Nothing of it was applied.',
    duplicate: 'The same bytes came before. Nothing was done twice.',
    frozen: `It holds ${counted(number(file, 'requests'), 'request')} and goes out as it is.`,
    delivered: `It lies at the warehouse with ${counted(number(file, 'requests'), 'request')}.`,
    unverifiable: 'Whether it arrived could not be found out. Ask the warehouse before anything is sent again.',
  }
  return sentences[file.state] ?? ''
}

/** "Row 17, tracking: too short" as the contract says it, without what stands in the columns beside it. */
const plainMessage = ({ row, message }: FileIssue): string =>
  message.startsWith(`Row ${row}, `) ? message.slice(`Row ${row}, `.length) : message

function IssueRow({ issue }: { readonly issue: FileIssue }) {
  const isError = issue.severity === 'error'
  return (
    <tr id={`row-${issue.row}`}>
      <td data-of="Row">{issue.row === 0 ? 'whole file' : issue.row}</td>
      <td data-of="Column">
        <code>{issue.field || '–'}</code>
      </td>
      <td>{plainMessage(issue)}</td>
      <td>
        <Status tone={isError ? 'critical' : 'attention'} icon={isError ? 'warn' : 'question'}>
          {isError ? 'Not taken' : 'Warning'}
        </Status>
      </td>
    </tr>
  )
}

function Issues({ file }: { readonly file: WholeFile }) {
  const rank = ({ severity }: FileIssue) => (severity === 'error' ? 0 : 1)
  const rows = file.issues.toSorted((a, b) => rank(a) - rank(b) || a.row - b.row)
  if (rows.length === 0) return <Empty>No row has a problem.</Empty>
  return (
    <ScrollRegion label="Rows with problems as a table">
      <table className="table lines issues">
        <caption>Rows with problems; row 1 is the header, as a spreadsheet counts</caption>
        <thead>
          <tr>
            {['Row', 'Column', 'What is wrong and what to do', ''].map((name) => (
              <th key={name} scope="col">
                {name === '' ? <span className="hidden">Taken or not</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((issue) => (
            <IssueRow key={`${issue.row} ${issue.field} ${issue.code} ${issue.message}`} issue={issue} />
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

const quoted = (cell: string | number): string => `"${String(cell).replaceAll('"', '""')}"`

/** Made here from what is on screen: the warehouse gets it by mail, from a person. */
function saveIssues(file: WholeFile): void {
  const rows = [
    ['row', 'column', 'taken', 'code', 'what is wrong'],
    ...file.issues.map((one) => [
      one.row,
      one.field,
      one.severity === 'error' ? 'no' : 'yes',
      one.code,
      plainMessage(one),
    ]),
  ]
  const text = `${rows.map((row) => row.map(quoted).join(',')).join('\r\n')}\r\n`
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `errors-of-${file.name.replaceAll(/[^\w.-]+/g, '_')}.csv`
  link.click()
  URL.revokeObjectURL(url)
}

function Acts({ file }: { readonly file: WholeFile }) {
  const sees = useMay('orders:persons')
  return (
    <div className="row-actions warehouse-acts">
      {file.issues.length > 0 && (
        <Button size="sm" onClick={() => saveIssues(file)}>
          Download the rows with reasons
        </Button>
      )}
      {file.direction === 'in' && <HandInFile warehouse={file.partner} word="Upload corrected" />}
      {sees && (
        <a className="linkbutton quiet" href={`/api/v1/files/${file.id}/content`} download={file.name}>
          Download original
        </a>
      )}
    </div>
  )
}

function Whole({ file }: { readonly file: WholeFile }) {
  return (
    <>
      <p className="order-sentence">
        <FileState file={file} /> {outcome(file)}
      </p>
      <p className="dim">
        {file.direction === 'in' ? 'Received' : 'Made'} <Time at={file.createdAt} />, {sizeText(file.size)}
        {file.document !== null && `, ${plain(file.document).toLowerCase()}`} <CopyId id={file.id} label="the id" />
      </p>
      <Acts file={file} />
      {file.direction === 'in' && file.state !== 'duplicate' && (
        <Section
          title="Rows with problems"
          note="Row 1 is the header. Send only these rows again, or the whole file: rows already taken are ignored."
        >
          <Issues file={file} />
        </Section>
      )}
    </>
  )
}

/** One file of a warehouse: what became of it, and every row that somebody must mend. */
export function FilePage() {
  const { id } = route.useParams()
  const file = useQuery(fileQuery(id))
  const partner = useQuery(warehousesQuery).data?.items.find((one) => one.id === file.data?.partner)
  return (
    <>
      {file.data !== undefined && (
        <Link to="/warehouses/$id" params={{ id: file.data.partner }} className="crumb">
          <Icon name="back" size={14} /> {partner?.label ?? 'Warehouse'}
        </Link>
      )}
      <PageFrame
        title={file.data === undefined ? 'File' : fileName(file.data.name)}
        readAt={file.dataUpdatedAt}
        stale={file.isError}
      >
        <Read of={file} what="The file">
          {(one) => <Whole file={one} />}
        </Read>
      </PageFrame>
    </>
  )
}
