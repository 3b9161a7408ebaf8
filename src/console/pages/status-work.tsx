import { useQuery } from '@tanstack/react-query'
import { type HubStatus, hubStatusQuery } from '../api/status.ts'
import type { IconName } from '../parts/icons.tsx'
import { Read, Section } from '../parts/section.tsx'
import { Status, type Tone } from '../parts/status.tsx'
import { ageText, Time } from '../parts/time.tsx'
import { counted } from '../parts/words.ts'

type Lane = HubStatus['lanes'][number]

const names: Readonly<Record<Lane['lane'], string>> = {
  read: 'Read what channels and warehouses sent',
  stock: 'Tell channels the stock',
  tell: 'Tell channels what was shipped',
  warehouse: 'Tell warehouses what to ship',
}
const lateMs = 60_000
const veryLateMs = 15 * 60_000
const many = 10_000

/** How long the work that is first in line has waited; not how much there is. */
export function laneLook({ oldest, waiting }: Lane, nowMs = Date.now()): readonly [string, Tone, IconName] {
  if (oldest === null || waiting === 0) return ['Nothing waits', 'success', 'check']
  const ms = nowMs - Date.parse(oldest)
  const word = `Oldest ${ageText(oldest, nowMs)}`
  if (ms > veryLateMs) return [word, 'critical', 'warn']
  return ms > lateMs ? [word, 'warning', 'clock'] : [word, 'info', 'clock']
}

/** The one that is furthest behind. */
export function worstLane(status: HubStatus): Lane | null {
  const waiting = status.lanes.filter(({ oldest }) => oldest !== null)
  return waiting.toSorted((a, b) => String(a.oldest).localeCompare(String(b.oldest)))[0] ?? null
}

function LaneRow({ lane }: { readonly lane: Lane }) {
  const [word, tone, icon] = laneLook(lane)
  return (
    <li className="exception">
      <div>
        <p>
          <b>{names[lane.lane]}</b>
        </p>
        {lane.waiting > 0 && (
          <p className="sub">
            {counted(lane.waiting, 'piece')} of work{lane.waiting >= many && ', or more'}
          </p>
        )}
        {lane.lastError !== null && <p className="sub sub-problem">{lane.lastError}</p>}
      </div>
      <Status tone={tone} icon={icon}>
        {word}
      </Status>
    </li>
  )
}

const roles: Readonly<Record<string, string>> = {
  all: 'Everything in one process',
  http: 'Answers pages, programs and channels',
  worker: 'Carries work out',
}

type Process = HubStatus['processes'][number]

function processLook({ silent, draining }: Process): readonly [string, Tone, IconName] {
  if (silent) return ['Silent', 'critical', 'warn']
  return draining ? ['Stopping', 'attention', 'pause'] : ['At work', 'success', 'check']
}

function ProcessRow({ one }: { readonly one: Process }) {
  const [word, tone, icon] = processLook(one)
  return (
    <li className="exception">
      <div>
        <p>
          <b>{roles[one.role] ?? one.role}</b> <span className="dim">version {one.version}</span>
        </p>
        <p className="sub">
          Up for {ageText(one.startedAt)}, since <Time at={one.startedAt} />; last heard of <Time at={one.seenAt} />
        </p>
      </div>
      <Status tone={tone} icon={icon}>
        {word}
      </Status>
    </li>
  )
}

/** What waits, and who works on it. */
export function StatusWork() {
  const status = useQuery(hubStatusQuery)
  return (
    <>
      <Section title="Work that waits" note="By what has waited longest. What is put off until later does not count.">
        <Read of={status} what="The work">
          {({ lanes }) => (
            <ul className="parcels">
              {lanes.map((lane) => (
                <LaneRow key={lane.lane} lane={lane} />
              ))}
            </ul>
          )}
        </Read>
      </Section>
      <Section title="Processes and database" note="Each process says every 10 seconds that it is there.">
        <Read of={status} what="The processes">
          {({ processes, database }) => (
            <>
              <ul className="parcels">
                {processes.map((one) => (
                  <ProcessRow key={one.role + one.startedAt} one={one} />
                ))}
              </ul>
              <p className="card-body dim">The database answered in {database.answerMs} ms.</p>
            </>
          )}
        </Read>
      </Section>
    </>
  )
}
