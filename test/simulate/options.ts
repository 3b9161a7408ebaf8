import os from 'node:os'
import { parseArgs } from 'node:util'
import { type Trail, trailOf } from './decisions.ts'

export interface Options {
  /** Null: as many as are usual. */
  readonly schedules: number | null
  /** Null: as many schedules as asked for, however long it takes. */
  readonly minutes: number | null
  readonly firstSeed: number
  /** From one seed to the next. */
  readonly stride: number
  /** One schedule only, told step by step. */
  readonly seed: number | null
  readonly without: readonly number[]
  readonly trail: Trail | null
  readonly showSteps: boolean
  readonly minimise: boolean
  /** Stops at the first schedule that breaks something. */
  readonly untilBroken: boolean
  /** A cluster that runs already, with its template; null: an own one. */
  readonly server: { readonly url: string; readonly adminUrl: string } | null
  /** Without the seeds that failed before. */
  readonly fresh: boolean
  readonly processes: number
  /** Null: the code as it is. None: every planted bug. */
  readonly planted: readonly string[] | null
  /** Only those that were found soonest, by the seeds that found them. */
  readonly again: boolean
  /** What is found is kept: planted/caught.json. */
  readonly record: boolean
}

const usage = `npm run simulate -- [--schedules 600] [--minutes M] [--first-seed 1] [--processes N] [--until-broken]
                   --seed N [--steps] [--minimise] [--without 1,2] [--trail 'kill#1=1 …']
                   --planted [NAME…] [--record] | --planted --again`

function whole(name: string, text: string | undefined, usual: number): number {
  const n = text === undefined ? usual : Number(text)
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`--${name} takes a whole number\n${usage}`)
  return n
}

export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      schedules: { type: 'string' },
      minutes: { type: 'string' },
      'first-seed': { type: 'string' },
      stride: { type: 'string' },
      seed: { type: 'string' },
      without: { type: 'string' },
      trail: { type: 'string' },
      steps: { type: 'boolean' },
      minimise: { type: 'boolean' },
      'until-broken': { type: 'boolean' },
      server: { type: 'string' },
      fresh: { type: 'boolean' },
      processes: { type: 'string' },
      planted: { type: 'boolean' },
      again: { type: 'boolean' },
      record: { type: 'boolean' },
    },
  })
  const [url = '', adminUrl = ''] = (values.server ?? '').split(',')
  const minutes = values.minutes === undefined ? null : Number(values.minutes)
  return {
    schedules: values.schedules === undefined ? null : whole('schedules', values.schedules, 0),
    minutes,
    firstSeed: whole('first-seed', values['first-seed'], 1),
    stride: whole('stride', values.stride, 1),
    seed: values.seed === undefined ? null : whole('seed', values.seed, 0),
    without: (values.without ?? '').split(',').flatMap((n) => (n === '' ? [] : [Number(n)])),
    trail: values.trail === undefined ? null : trailOf(values.trail),
    showSteps: values.steps === true,
    minimise: values.minimise === true,
    untilBroken: values['until-broken'] === true,
    server: url === '' ? null : { url, adminUrl },
    fresh: values.fresh === true,
    processes: whole('processes', values.processes, os.availableParallelism()),
    planted: values.planted === true ? positionals : null,
    again: values.again === true,
    record: values.record === true,
  }
}
