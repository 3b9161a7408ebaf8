import { Agent as PlainAgent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { type Connect, connectPinned, openSocket, type Resolve, resolveBySystem } from './connect.ts'
import { EgressError } from './error.ts'
import { type EgressLimits, type EgressRequest, type EgressResponse, exchange } from './exchange.ts'
import { admittedPairs, dialTarget, httpTarget } from './target.ts'

/** The only way from the hub to a host that a merchant or a partner named. */
export interface Egress {
  /** Any status is an answer; a redirect is returned, never followed. @throws EgressError */
  send(request: EgressRequest, limits: EgressLimits): Promise<EgressResponse>
  /** A TCP connection for ssh2's `sock`. @throws EgressError refused | before_send */
  dial(host: string, port: number, deadlineMs: number): Promise<Duplex>
  /** Ends the kept connections. */
  close(): void
}

export interface EgressOptions {
  /** `host:port` pairs of this machine, for development; plain http is allowed there. Empty in production. */
  readonly allowHosts: readonly string[]
  readonly userAgent: string
  readonly resolve?: Resolve
  readonly connect?: Connect
}

const connectDeadlineMs = 10_000
// Shorter than the 5 s after which common servers close an idle connection, so that a request rarely meets a closing one.
const pool = { keepAlive: true, maxSockets: 64, maxFreeSockets: 8, timeout: 4_000 }

/** Opens the guard. @throws RangeError when a development pair is not this machine */
export function openEgress(options: EgressOptions): Egress {
  const admitted = admittedPairs(options.allowHosts)
  const deps = { resolve: options.resolve ?? resolveBySystem, connect: options.connect ?? connectPinned }

  const guarded = (agent: PlainAgent, tls: boolean): PlainAgent => {
    agent.createConnection = (wanted, done) => {
      const host = String(wanted.host)
      const port = Number(wanted.port)
      const target = { host, port, tls, admitted: admitted.has(`${host}:${port}`) }
      openSocket(target, deps, connectDeadlineMs).then(
        (socket) => done?.(null, socket),
        (error: unknown) => {
          const known =
            error instanceof EgressError ? error : new EgressError('before_send', `${host}:${port}: no connection`)
          // On error Node's agent reads the first argument only; its type asks for a stream all the same.
          Reflect.apply(done ?? (() => undefined), undefined, [known])
        },
      )
      return undefined
    }
    return agent
  }
  const plain = guarded(new PlainAgent(pool), false)
  const secure = guarded(new TlsAgent(pool), true)

  return {
    async send(request, limits) {
      const { url, target } = httpTarget(request.url, admitted)
      const agent = target.tls ? secure : plain
      return exchange({ url, target, request, limits, agent, userAgent: options.userAgent })
    },
    async dial(host, port, deadlineMs) {
      return openSocket(dialTarget(host, port, admitted), deps, deadlineMs)
    },
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}
