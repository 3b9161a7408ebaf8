import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * Keeps these processes on one core, where the system can. A schedule's process and its server never run at the same
 * moment, so on two cores they would only wake each other there and back: a third of the speed.
 */
export async function pin(pids: readonly number[], core: number): Promise<void> {
  if (process.platform !== 'linux') return
  const one = (pid: number) => promisify(execFile)('taskset', ['-a', '-c', '-p', String(core), String(pid)])
  // Not allowed, or not installed: slower, and otherwise the same.
  await Promise.allSettled(pids.map(one))
}
