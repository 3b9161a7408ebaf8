import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import os from 'node:os'

export interface Watchdog {
  dismiss(): void
}

/** Fast shutdown (a checkpoint, no recovery at the next start); after 15 s the immediate one. */
const script = `read -r _
kill -INT "$1" || exit 0
n=0
while [ "$n" -lt 15 ] && kill -0 "$1"; do sleep 1; n=$((n + 1)); done
kill -QUIT "$1"`

/**
 * Stops the server when this process is killed outright: the system closes our end of the pipe, the shell's `read` ends.
 * On Windows there is no such shell; there the next start stops what was left.
 */
export function startWatchdog(pid: number): Watchdog {
  if (process.platform === 'win32') return { dismiss: () => undefined }
  const shell = spawn('/bin/sh', ['-c', script, 'crossdock-pg-watchdog', String(pid)], {
    detached: true, // a Ctrl-C in the terminal must not reach it
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    cwd: os.tmpdir(),
  })
  shell.on('error', () => undefined)
  shell.unref()
  if (shell.stdin instanceof Socket) shell.stdin.unref()
  return { dismiss: () => void shell.kill('SIGKILL') }
}
