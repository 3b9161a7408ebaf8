import { readdirSync, readFileSync } from 'node:fs'

/** A process and all that descend from it. Empty where there is no /proc. */
function familyOf(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of list('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = read(`/proc/${name}/stat`)
    // The name in parentheses may hold anything, so the fields are counted from its end.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (parent > 0) parents.set(Number(name), parent)
  }
  const family = [root]
  for (let n = 0; n < family.length; n++) {
    for (const [child, parent] of parents) if (parent === family[n]) family.push(child)
  }
  return family
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // the process ended meanwhile
  }
}

const kb = (text: string, field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)

/** Resident memory of one process, in MB. */
export function rssMb(pid: number): number {
  return kb(read(`/proc/${pid}/status`), 'VmRSS') / 1024
}

/** What a server and its children take together, in MB: memory that they share is counted once (PSS). */
export function pssMb(pid: number): number {
  return familyOf(pid).reduce((sum, one) => sum + kb(read(`/proc/${one}/smaps_rollup`), 'Pss'), 0) / 1024
}

const tickMs = 10 // of /proc/<pid>/stat: 100 in a second on every Linux that Node runs on

/** CPU time of a process and its descendants so far, in ms: what others do on the machine hardly changes it. */
export function cpuMs(pid: number): number {
  return familyOf(pid).reduce((sum, one) => sum + ownTicks(one), 0) * tickMs
}

function ownTicks(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // utime, stime, and those of ended children.
  return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0)
}

/** CPU of each of these process trees while `work` runs, in µs for each of what it counts. */
export async function cpuPer<T>(
  pids: readonly number[],
  count: (done: T) => number,
  work: () => Promise<T>,
): Promise<{ readonly done: T; readonly us: readonly number[] }> {
  const before = pids.map(cpuMs)
  const done = await work()
  const spent = pids.map((pid, n) => cpuMs(pid) - (before[n] ?? 0))
  return { done, us: spent.map((ms) => (ms * 1_000) / count(done)) }
}
