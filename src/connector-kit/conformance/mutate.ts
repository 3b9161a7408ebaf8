import fc from 'fast-check'

/** The same on every machine: what fails here fails for whoever looks for it. */
export const runs = { numRuns: 2_000, seed: 20_261_123 }

type Path = readonly (string | number)[]

function pathsOf(value: unknown, at: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  const inner = Object.entries(value).flatMap(([name, one]) => pathsOf(one, [...at, name]))
  return at.length === 0 ? inner : [at, ...inner]
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  )
}

function replaced(value: unknown, [step, ...rest]: Path, by: unknown): unknown {
  if (step === undefined) return by
  if (Array.isArray(value)) return value.map((one, at) => (String(at) === step ? replaced(one, rest, by) : one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, name === step ? replaced(one, rest, by) : one]),
  )
}

const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, '', '0', '-1', -1, 1.5, 1e21, 2 ** 53, true, [], {}, [[]], '1e5', 'NaN', '0.001'),
  fc.constantFrom('\u0000', 'a\ud800', '=1+1', '999999999999999999.99', '12345678901234567890', '9'.repeat(400)),
  fc.constantFrom(' 1', '1,5', '0x10', 'ZZZ', 'xof', '2026-13-45T99:00:00Z', '0000-00-00T00:00:00', '<script>'),
  fc.jsonValue({ maxDepth: 2 }),
)

/** A JSON text in which one value became something else, or a copy of another one. */
export function mutatedJson(texts: readonly string[]): fc.Arbitrary<string> {
  const bodies = texts.map((text): unknown => JSON.parse(text))
  return fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.option(junk, { freq: 4 })).map(([body, from, to, by]) => {
    const given = bodies[body % bodies.length]
    const paths = pathsOf(given)
    const target = paths[to % paths.length] ?? []
    const other = by === null ? valueAt(given, paths[from % paths.length] ?? []) : by
    return JSON.stringify(replaced(given, target, other))
  })
}

/** Bytes that were cut, changed, doubled or lengthened somewhere; never the bytes as given. */
export function mutatedBytes(given: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.constantFrom('flip', 'cut', 'insert', 'double', 'drop')
  return fc
    .tuple(fc.nat(), fc.nat(), change, fc.uint8Array({ minLength: 1, maxLength: 8 }))
    .map(([which, where, how, bytes]) => {
      const raw = Buffer.from(given[which % given.length] ?? [])
      const at = raw.length === 0 ? 0 : where % raw.length
      if (how === 'cut') return raw.subarray(0, at)
      if (how === 'double') return Buffer.concat([raw, raw.subarray(at)])
      if (how === 'drop') return Buffer.concat([raw.subarray(0, at), raw.subarray(at + 1)])
      if (how === 'insert') return Buffer.concat([raw.subarray(0, at), bytes, raw.subarray(at)])
      return Buffer.concat([
        raw.subarray(0, at),
        Buffer.from([(raw[at] ?? 0) ^ ((bytes[0] ?? 0) | 1)]),
        raw.subarray(at + 1),
      ])
    })
    .filter((bytes) => !given.some((one) => Buffer.compare(one, bytes) === 0))
}

/** Every value of a JSON text for which `by` has a replacement. */
export function mapLeaves(text: string, by: (leaf: string) => string | null): string {
  return JSON.stringify(JSON.parse(text), (_, value: unknown) => (typeof value === 'string' ? by(value) : value))
}
