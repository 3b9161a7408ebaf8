import type pg from 'pg'
import { type Actor, anActor, type Loom, realClear, realTimeout } from './loom.ts'
import type { RealDatabase, RealSession } from './real-database.ts'
import { fences, isOnlyRead, isWhole, labelOf } from './statements.ts'

/** What may go wrong between the hub and its database, as shares of its statements. */
export interface DatabaseFaults {
  /** The connection breaks before the statement reaches the server. */
  readonly lost: number
  /** The statement was carried out, COMMIT too, and its answer never came. */
  readonly replyLost: number
}

interface Session extends RealSession {
  readonly owner: Actor
  inTx: boolean
  /** How the transaction begins that no statement has been sent in yet. */
  opening: string | null
  /** When it began, by the schedule's clock: what `now()` says until it ends. */
  beganAt: string
  /** The transaction did nothing but read. */
  onlyRead: boolean
  /** A statement of it failed: the server takes no other but its end. */
  failed: boolean
  /** Besides reading it locked the lane of its holder, and nothing else. */
  onlyFenced: boolean
  /** It was told that its lane is no longer its own. */
  lostLane: boolean
  /** Its only statement went out together with its end: how that went, until the client says which it wants. */
  endedWhole: 'commit' | 'rollback' | null
  /** One that only read has ended; the server is told together with what it is sent next. */
  endUntold: boolean
  /** The client's end is gone; the server may not know yet. */
  gone: boolean
  /** The statement that the server has not answered yet, and the one that we know to wait for a lock. */
  flight: Flight | null
  waiting: Flight | null
}
interface Flight {
  outcome: { readonly result: pg.QueryResult } | { readonly error: unknown } | null
  readonly ended: Promise<void>
  settle: (() => void) | null
  noLongerWait: () => void
}

export interface Server {
  /** What the hub takes for its pool of connections. */
  pool(owner: Actor): pg.Pool
  /** The process died: its connections break, and the server notices when the scheduler lets it. */
  abandon(owner: Actor): void
  /** The process stands still: what it left open is ended by the server after its limit. */
  froze(owner: Actor): void
  /** Sessions given back inside a transaction, where the next borrower would speak in it; writes for a lane that was lost. */
  readonly broken: { readonly oracle: 'pool' | 'lease'; readonly what: string }[]
  close(): Promise<void>
}

const lockTimeoutMs = 10_000
const idleInTransactionMs = 30_000
const broken = () => Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' })
const textOf = (query: string | { readonly text: string }) => (typeof query === 'string' ? query : query.text)
const nothing = (command: string): pg.QueryResult => ({ command, rowCount: 0, oid: 0, fields: [], rows: [] })
interface State {
  readonly real: RealDatabase
  readonly loom: Loom
  readonly faults: () => DatabaseFaults
  readonly sessions: Set<Session>
  readonly broken: Server['broken']
  /** The server's own steps. */
  readonly self: Actor
  /** Ends that the server was told of and nobody waited for. */
  readonly ending: Set<Promise<unknown>>
}

/** Real sessions of a real server, one statement at a time, each when the scheduler says so. */
export function openServer(real: RealDatabase, loom: Loom, faults: () => DatabaseFaults): Server {
  const state: State = {
    real,
    loom,
    faults,
    sessions: new Set(),
    broken: [],
    self: anActor('server'),
    ending: new Set(),
  }
  return {
    pool: (owner) => poolOf(state, owner),
    broken: state.broken,
    abandon: (owner) => {
      for (const session of state.sessions) if (session.owner === owner) breakOff(state, session)
    },
    froze: (owner) => {
      for (const session of state.sessions)
        if (session.owner === owner && session.inTx)
          loom.after(state.self, idleInTransactionMs, {
            label: 'ends an idle transaction',
            run: async () => {
              if (!owner.frozen || !session.inTx || session.gone) return
              session.gone = true
              await endSession(state, session)
            },
          })
    },
    close: async () => {
      for (const session of [...state.sessions]) await endSession(state, session)
    },
  }
}

/** The client's end is gone. The server ends what it was doing when it notices. */
function breakOff(state: State, session: Session): void {
  if (session.gone) return
  session.gone = true
  state.loom.after(state.self, 0, { label: 'notices a lost connection', run: () => endSession(state, session) })
}

async function endSession(state: State, session: Session): Promise<void> {
  if (!state.sessions.delete(session)) return
  const { flight, waiting } = session
  waiting?.noLongerWait()
  if (flight !== null) {
    await state.real.cancel(session.pid)
    await flight.ended
  }
  if (session.inTx || session.endUntold) await session.client.query('rollback')
  session.inTx = false
  state.real.giveBack(session)
  await wakeWaiters(state)
}

function poolOf(state: State, owner: Actor): pg.Pool {
  const idle: Session[] = []
  const pool = {
    connect: async () => {
      for (let session = idle.pop(); session; session = idle.pop())
        if (!session.gone) return clientOf(state, session, idle)
      const session: Session = {
        ...state.real.take(),
        owner,
        inTx: false,
        opening: null,
        beganAt: '',
        onlyRead: true,
        onlyFenced: true,
        lostLane: false,
        failed: false,
        endedWhole: null,
        endUntold: false,
        gone: false,
        flight: null,
        waiting: null,
      }
      state.sessions.add(session)
      return clientOf(state, session, idle)
    },
  }
  return pool as unknown as pg.Pool
}

function clientOf(state: State, session: Session, idle: Session[]) {
  return {
    connection: { stream: { destroy: () => breakOff(state, session) } },
    query: (query: string | { readonly text: string }) => {
      if (session.gone) return Promise.reject(broken())
      const text = textOf(query)
      if (text.startsWith('begin') && !session.inTx) {
        // Opening locks and reads nothing, so it is no step: it goes out together with the first statement.
        session.opening = text
        return Promise.resolve(nothing('BEGIN'))
      }
      if (session.opening !== null && (text === 'commit' || text === 'rollback')) {
        session.opening = null
        return Promise.resolve(nothing(text.toUpperCase()))
      }
      if (session.endedWhole !== null) return Promise.resolve(answerOfWhole(session, text))
      if (session.inTx && session.onlyRead && !session.failed && text === 'commit') {
        session.inTx = false
        session.endUntold = true
        return Promise.resolve(nothing('COMMIT'))
      }
      if (session.inTx && session.onlyFenced && !session.failed && text === 'commit' && nobodyWaits(state)) {
        letGo(state, session)
        return Promise.resolve(nothing('COMMIT'))
      }
      if (text === 'select now()' && session.inTx && !session.failed)
        return Promise.resolve({ ...nothing('SELECT'), rowCount: 1, rows: [{ now: new Date(session.beganAt) }] })
      const label = labelOf(text)
      return new Promise<pg.QueryResult>((resolve, reject) => {
        const run = () => carryOut(state, session, { query, resolve, reject })
        state.loom.after(session.owner, 0, { label, run })
      })
    },
    release: (destroy: boolean) => {
      if (destroy) breakOff(state, session)
      else {
        if (session.inTx)
          state.broken.push({
            oracle: 'pool',
            what: `${session.owner.name} gave a connection back inside a transaction`,
          })
        idle.push(session)
      }
    },
  }
}

function answerOfWhole(session: Session, text: string): pg.QueryResult {
  if (text !== 'commit' && text !== 'rollback') throw new Error(`a statement after the one that was whole: ${text}`)
  const said = session.endedWhole === 'commit' ? text : 'rollback'
  session.endedWhole = null
  return nothing(said.toUpperCase())
}

const nobodyWaits = ({ sessions }: State) => [...sessions].every(({ waiting }) => waiting === null)

/** A holder that looked at its lane, read, and changed nothing: its end is told at once and is no step. */
function letGo({ ending }: State, session: Session): void {
  session.inTx = false
  const told = session.client.query('commit').finally(() => ending.delete(told))
  ending.add(told)
}

interface Asked {
  readonly query: string | { readonly text: string }
  resolve(result: pg.QueryResult): void
  reject(error: unknown): void
}

/** One step. What waits for a lock stays under way, and its answer is a later step of its own. */
async function carryOut(state: State, session: Session, { query, resolve, reject }: Asked): Promise<void> {
  const { loom } = state
  if (session.gone) return reject(broken())
  const { lost, replyLost } = state.faults()
  if (loom.decisions.happens('db.lost', lost)) {
    breakOff(state, session)
    return reject(broken())
  }
  const forgets = loom.decisions.happens('db.reply-lost', replyLost)
  const flight = send(state, session, query)
  const hear = () => {
    const { outcome } = flight
    if (forgets) {
      breakOff(state, session)
      reject(broken())
    } else if (outcome !== null && 'result' in outcome) resolve(outcome.result)
    else reject(outcome?.error)
  }
  if (await waits(state, session, flight)) {
    loom.trace.push('  … waits for a lock')
    flight.settle = hear
    session.waiting = flight
  } else hear()
}

function send(state: State, session: Session, query: string | { readonly text: string }): Flight {
  const text = textOf(query)
  const closes = text === 'commit' || text === 'rollback'
  const { stream } = session.client.connection
  const whole = session.opening !== null && isWhole(text)
  // One write to the socket for all of it.
  stream.cork()
  if (session.opening !== null) {
    session.beganAt = state.real.timeAt(state.loom.now())
    const before = session.endUntold ? 'commit; ' : ''
    session.client
      .query(
        `${before}${session.opening}; set local sim.now = '${session.beganAt}'; set local sim.actor = '${session.owner.name.replaceAll("'", "''")}'`,
      )
      .catch(() => undefined)
    Object.assign(session, {
      opening: null,
      endUntold: false,
      onlyRead: true,
      onlyFenced: true,
      lostLane: false,
      failed: false,
      inTx: true,
    })
  }
  session.onlyFenced &&= fences.test(text) || isOnlyRead(text)
  session.onlyRead &&= isOnlyRead(text)
  const asked: Promise<pg.QueryResult> = session.client.query(query as string)
  const sent = whole ? endedToo(session, asked) : asked
  stream.uncork()
  const end = Promise.withResolvers<void>()
  const flight: Flight = { outcome: null, ended: end.promise, settle: null, noLongerWait: () => undefined }
  session.flight = flight
  sent.then(
    (result) => {
      if (closes) session.inTx = false
      if (fences.test(text)) session.lostLane ||= result.rowCount === 0
      if (text === 'commit' && session.lostLane && !session.onlyFenced)
        state.broken.push({ oracle: 'lease', what: `${session.owner.name} wrote for a lane that it had lost` })
      flight.outcome = { result }
      session.flight = null
      end.resolve()
    },
    (error: unknown) => {
      session.failed = true
      flight.outcome = { error }
      session.flight = null
      end.resolve()
    },
  )
  return flight
}

/** The end of its transaction follows right behind it: an answer is known when both are. */
async function endedToo(session: Session, asked: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
  const [one] = await Promise.allSettled([asked, session.client.query('commit')])
  session.inTx = false
  session.endedWhole = one.status === 'fulfilled' ? 'commit' : 'rollback'
  if (one.status === 'rejected') throw one.reason
  return one.value
}

async function aMoment(flight: Flight, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = realTimeout(resolve, ms)
  })
  await Promise.race([flight.ended, late])
  realClear(timer)
}

/** True: it waits for a lock. Which of the two is the server's word, never a matter of patience. */
async function waits(state: State, session: Session, flight: Flight): Promise<boolean> {
  const others = [...state.sessions].some((other) => other !== session && other.inTx)
  if (!others) await flight.ended
  else await aMoment(flight, 3)
  if (flight.outcome === null) await Promise.all(state.ending)
  const blocked = await endedOrBlocked(state, session, flight)
  if (blocked) giveUpLater(state, session, flight)
  // Only the end of a transaction frees what others wait for.
  if (!session.inTx) await wakeWaiters(state)
  return blocked
}

async function endedOrBlocked(state: State, session: Session, flight: Flight): Promise<boolean> {
  while (flight.outcome === null) {
    const ahead = await state.real.blockers(session.pid)
    if (ahead.length === 0) await aMoment(flight, 1)
    else if (!(await isCircle(state, session, ahead))) return true
    else await breakCircle(state, session, flight)
  }
  return false
}

async function isCircle(state: State, session: Session, ahead: readonly number[]): Promise<boolean> {
  const byPid = new Map([...state.sessions].map((one) => [one.pid, one]))
  const seen = new Set<number>()
  const queue = [...ahead]
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    if (pid === session.pid) return true
    if (seen.has(pid)) continue
    seen.add(pid)
    if (byPid.get(pid)?.flight) queue.push(...(await state.real.blockers(pid)))
  }
  return false
}

/** The server's own detector would end one of them too; here it is always the one that closed the circle. */
async function breakCircle(state: State, session: Session, flight: Flight): Promise<void> {
  state.loom.trace.push('  … closes a circle of waiting')
  await endWith(state, session, flight, { code: '40P01', message: 'deadlock detected' })
}

async function endWith(
  state: State,
  session: Session,
  flight: Flight,
  { code, message }: { readonly code: string; readonly message: string },
): Promise<void> {
  await state.real.cancel(session.pid)
  await flight.ended
  if (flight.outcome !== null && 'error' in flight.outcome)
    flight.outcome = { error: Object.assign(new Error(message), { code }) }
}

/** Who waited for what the last step freed goes on when the scheduler picks it. One that was ended frees others. */
async function wakeWaiters(state: State): Promise<void> {
  for (let woken = true; woken; ) {
    woken = false
    for (const session of [...state.sessions]) {
      const { waiting: flight } = session
      if (flight === null || (await endedOrBlocked(state, session, flight))) continue
      hear(state, session, flight)
      woken = true
    }
  }
}

function hear(state: State, session: Session, flight: Flight): void {
  const { settle } = flight
  flight.settle = null
  session.waiting = null
  flight.noLongerWait()
  state.loom.trace.push(`  … ${session.owner.name} has its lock`)
  if (settle !== null) state.loom.after(session.owner, 0, { label: 'hears of its lock', run: settle })
}

function giveUpLater(state: State, session: Session, flight: Flight): void {
  flight.noLongerWait = state.loom.after(state.self, lockTimeoutMs, {
    label: 'ends a wait for a lock',
    run: async () => {
      if (flight.settle === null) return
      await endWith(state, session, flight, { code: '55P03', message: 'canceling statement due to lock timeout' })
      hear(state, session, flight)
      await wakeWaiters(state)
    },
  })
}
