import type { FilePort, FulfillmentRequest } from '../../src/connector-kit/index.ts'
import type { Numbers } from './sales.ts'

/** A warehouse that counts what it is asked for: never more than it has. */
export function openDock(stock: Numbers) {
  const asked = new Map<string, Numbers>()
  const stopped = new Set<string>()
  const toAnswer: string[] = []
  const breaks: string[] = []

  const outstanding = (sku: 'A' | 'B') =>
    [...asked].reduce((all, [number, units]) => all + (stopped.has(number) ? 0 : units[sku]), 0)
  const take = ({ kind, number, lines }: FulfillmentRequest): void => {
    if (kind === 'cancel') {
      if (!stopped.has(number)) toAnswer.push(number)
      stopped.add(number)
      return
    }
    const unitsOf = (sku: string) => lines.reduce((all, line) => all + (line.sku === sku ? line.quantity : 0), 0)
    const units = { A: unitsOf('A'), B: unitsOf('B') }
    const before = asked.get(number)
    if (before && (before.A !== units.A || before.B !== units.B)) breaks.push(`request ${number} means two things`)
    asked.set(number, units)
    for (const sku of ['A', 'B'] as const) {
      const over = outstanding(sku) - stock[sku]
      if (over > 0) breaks.push(`${number}: ${over} of ${sku} are asked for beyond what is there`)
    }
  }
  const files: Pick<FilePort, 'encode' | 'find' | 'put'> = {
    encode: (requests, { sequence }) => ({
      name: `requests-${sequence}`,
      bytes: Buffer.from(JSON.stringify(requests)),
    }),
    find: async () => 'absent',
    put: async (_, { bytes }) => {
      for (const request of JSON.parse(Buffer.from(bytes).toString()) as FulfillmentRequest[]) take(request)
    },
  }
  const promised = () => outstanding('A') + outstanding('B')
  return { files, toAnswer, breaks, promised }
}
