import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { WorldAnswers, WorldAsk, WorldReply } from './world-protocol.ts'

/** The pretend world's process, from outside. */
export interface WorldClient {
  ask<K extends WorldAsk['kind']>(
    ask: Extract<WorldAsk, { kind: K }> | (WorldAsk & { kind: K }),
  ): Promise<WorldAnswers[K]>
  /** Ends it; also when it does not answer any more. */
  end(): Promise<void>
}

const endWithinMs = 3_000

/** Starts the world as a process of its own. Its complaints go to the file `log`, an open descriptor. */
export function forkWorld(log: number): WorldClient {
  const child = fork(new URL('world.ts', import.meta.url), [], {
    serialization: 'advanced',
    stdio: ['ignore', log, log, 'ipc'],
  })
  const waiting = new Map<number, { resolve(answer: never): void; reject(cause: Error): void }>()
  let last = 0
  child.on('message', (reply: WorldReply) => {
    const asked = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (reply.error === undefined) asked?.resolve(reply.answer as never)
    else asked?.reject(new Error(`the pretend world: ${reply.error}`))
  })
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the pretend world ended (${signal ?? code})`))
    waiting.clear()
  })
  return {
    ask: (ask) =>
      new Promise((resolve, reject) => {
        if (!child.connected) {
          reject(new Error('the pretend world has ended'))
          return
        }
        last += 1
        waiting.set(last, { resolve, reject })
        child.send({ id: last, ask })
      }),
    end: () => endChild(child),
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  if (child.connected) child.disconnect()
  const late = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
  await gone
  clearTimeout(late)
}
