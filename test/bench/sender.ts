import { connect, type Socket } from 'node:net'
import type { Door } from './deliveries.ts'

export interface Sent {
  readonly head: string
  readonly raw: Buffer
}
/** A keep-alive connection that carries one request at a time: no pipelining. */
export interface Line {
  /** The answer's status. @throws Error when the connection broke */
  send(request: Sent): Promise<number>
  close(): void
}

const headEnd = '\r\n\r\n'
const lengthShape = /\r\ncontent-length: (\d+)/i

/** Where the first answer in `text` ends, or -1 when it is not whole yet. */
function endOfAnswer(text: string): number {
  const at = text.indexOf(headEnd)
  if (at === -1) return -1
  const length = Number(lengthShape.exec(text.slice(0, at))?.[1] ?? 0)
  const end = at + headEnd.length + length
  return text.length >= end ? end : -1
}

/**
 * Plain sockets and a reader of a few lines, because the sender shares two cores with what it measures: a dearer
 * client would slow every server alike and so flatter the ratio.
 */
export async function openLine(door: Door): Promise<Line> {
  const socket = await opened(door.port)
  let waiting: { resolve(status: number): void; reject(error: Error): void } | null = null
  let text = ''
  const broke = (error: Error) => {
    waiting?.reject(error)
    waiting = null
  }
  socket.on('error', broke)
  socket.on('close', () => broke(new Error('the server closed a connection')))
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    const end = endOfAnswer(text)
    if (end === -1) return
    const status = Number(text.slice(9, 12))
    text = text.slice(end)
    const answered = waiting
    waiting = null
    answered?.resolve(status)
  })
  return {
    send: ({ head, raw }) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.cork()
        socket.write(head, 'latin1')
        socket.write(raw)
        socket.uncork()
      }),
    close: () => {
      waiting = null
      socket.destroy()
    },
  }
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
