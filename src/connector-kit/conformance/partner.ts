import type { Duplex } from 'node:stream'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ctx, DecodedFile, FilePort, FrozenFile, FulfillmentRequest, RemoteFile } from '#kit'
import type { PretendWarehouse } from '#kit/pretend'
import { mutatedBytes, runs } from './mutate.ts'
import { strangeFact } from './sanity.ts'
import { dialOverTcp, failuresOf, openWire, type Subject, type Wire } from './wire.ts'

const now = new Date('2026-11-23T07:05:00.000Z')
const skus = ['BOX-1', 'BOX-2', 'BOX-3']

interface Dock {
  readonly subject: Subject
  readonly warehouse: PretendWarehouse
  readonly wire: Wire
  readonly files: FilePort
}

async function openDock(subject: Subject): Promise<Dock> {
  const warehouse = await subject.start({ name: 'Conformance', seed: 7, timeScale: 3_000, record: () => undefined })
  const { files } = subject.connector
  if (!('stock' in warehouse) || !files) throw new Error('the pretend side of a partner by files is a warehouse')
  warehouse.stock(skus.map((sku) => ({ sku, onHand: 500 })))
  return { subject, warehouse, files, wire: await openWire(subject.connector, warehouse) }
}

let numbers = 0
function request(more: Partial<FulfillmentRequest> = {}): FulfillmentRequest {
  numbers += 1
  return {
    number: `FR-${String(numbers).padStart(6, '0')}`,
    kind: 'ship',
    orderNumber: `#${numbers}`,
    placedAt: '2026-11-23T07:00:00Z',
    shipTo: { name: 'Ann Example', address1: 'Example Street 1', city: 'Example', country: 'DE' },
    service: null,
    lines: skus.map((sku, n) => ({ lineNumber: n + 1, sku, title: sku, quantity: n + 1 })),
    ...more,
  }
}
function encode({ files, wire }: Dock, batch: readonly FulfillmentRequest[], sequence: number): FrozenFile {
  return files.encode(batch, { sequence, now, settings: wire.ctx.settings })
}
const decode = ({ files, wire }: Dock, name: string, bytes: Uint8Array): DecodedFile =>
  files.decode({ name, bytes, settings: wire.ctx.settings })
const received = ({ warehouse }: Dock, number: string) =>
  warehouse.requests().filter((one) => one.number === number).length

function encodeTests(dock: () => Dock): void {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  const batches = fc.array(
    fc.record({
      orderNumber: text,
      sku: fc.stringMatching(/^[!-~]{1,40}$/),
      title: text,
      name: text,
      quantity: fc.integer({ min: 1, max: 99_999 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  test('encode is deterministic, names no file twice and leaves its input alone, whatever texts hold', () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 999_999_999 }), (rows, sequence) => {
        const batch = rows.map(({ orderNumber, sku, title, name, quantity }, n) =>
          Object.freeze(
            request({
              number: `FR-${n}`,
              orderNumber,
              shipTo: { name },
              lines: [{ lineNumber: 1, sku, title, quantity }],
            }),
          ),
        )
        const file = encode(dock(), Object.freeze(batch), sequence)
        expect(encode(dock(), batch, sequence)).toEqual(file)
        expect(encode(dock(), batch, sequence + 1).name).not.toBe(file.name)
        expect(file.name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/)
        expect(() => new TextDecoder('utf-8', { fatal: true }).decode(file.bytes)).not.toThrow()
      }),
      { ...runs, numRuns: 300 },
    )
  })
}

/** What no file can say is refused by name, so that the hub can set that request aside. */
function refuseTests(dock: () => Dock): void {
  const line = { lineNumber: 1, sku: 'BOX-1', title: 'Box', quantity: 1 }
  test.each([
    ['no SKU', { ...line, sku: '' }],
    ['a SKU with a line break', { ...line, sku: 'a\r\nb' }],
    ['no units', { ...line, quantity: 0 }],
    ['half a unit', { ...line, quantity: 0.5 }],
  ])('a request line with %s is refused as invalid, naming the request', async (_, wrong) => {
    const asked = request({ lines: [wrong] })
    const [error] = await failuresOf(Promise.resolve().then(() => encode(dock(), [asked], 1)))
    expect(error?.kind).toBe('invalid')
    expect(error?.message).toContain(asked.number)
  })
}

function putTests(dock: () => Dock): void {
  test('a file that was put is found whole, put again it is one request, and one never put is absent', async () => {
    const { files, wire } = dock()
    const asked = request()
    const file = encode(dock(), [asked], 1)
    const place = { name: file.name, size: file.bytes.length }
    expect(await files.find(wire.ctx, place)).toBe('absent')
    await files.put(wire.ctx, file)
    expect(await files.find(wire.ctx, place)).toBe('present')
    await files.put(wire.ctx, file)
    await expect.poll(() => received(dock(), asked.number), { timeout: 10_000, interval: 20 }).toBe(1)
    await files.put(wire.ctx, file)
    await expect.poll(() => dock().warehouse.quiet(), { timeout: 15_000, interval: 20 }).toBe(true)
    expect(received(dock(), asked.number)).toBe(1)
    expect(await files.find(wire.ctx, { ...place, size: place.size + 1 })).toBe('absent')
  })

  test('wherever the line is cut during a put, a later put brings the request once', async () => {
    const { files, wire } = dock()
    for (const [n, bytesMax] of [0, 500, 1_500, 2_500, 3_000, 3_200, 3_400, 4_000].entries()) {
      const asked = request()
      const file = encode(dock(), [asked], 100 + n)
      const errors = await failuresOf(files.put(wire.dialling(cutAfter(bytesMax)), file))
      for (const { kind } of errors) expect(['transient', 'outcome_unknown']).toContain(kind)
      await files.put(wire.ctx, file)
      expect(await files.find(wire.ctx, { name: file.name, size: file.bytes.length })).toBe('present')
      await expect.poll(() => received(dock(), asked.number), { timeout: 10_000, interval: 20 }).toBe(1)
    }
  })
}

function lostTests(dock: () => Dock): void {
  test('when the last answer is lost the outcome is unknown, never refused, and a later put brings the request once', async () => {
    const { files, wire, warehouse } = dock()
    const asked = request()
    const file = encode(dock(), [asked], 200)
    warehouse.setFaults({ failAfterEffect: 1 })
    const errors = await failuresOf(files.put(wire.ctx, file))
    warehouse.setFaults({ failAfterEffect: 0 })
    expect(errors.map(({ kind }) => kind)).toEqual(['outcome_unknown'])
    await files.put(wire.ctx, file)
    await expect.poll(() => received(dock(), asked.number), { timeout: 10_000, interval: 20 }).toBe(1)
  })
}

/** A socket that breaks after the far side sent so many bytes. */
function cutAfter(bytesMax: number): Ctx['dial'] {
  return async (host, port): Promise<Duplex> => {
    const socket = await dialOverTcp(host, port)
    let seen = 0
    socket.prependListener('data', (chunk: Buffer) => {
      seen += chunk.length
      if (seen > bytesMax) socket.destroy()
    })
    socket.pause()
    return socket
  }
}

interface Taken {
  readonly file: RemoteFile
  readonly bytes: Uint8Array
}
async function takeAll({ files, wire }: Dock): Promise<readonly Taken[]> {
  const taken: Taken[] = []
  for (const file of await files.list(wire.ctx)) taken.push({ file, bytes: await files.get(wire.ctx, file) })
  return taken
}

function takeTests(dock: () => Dock): void {
  test('every file of the partner is listed oldest first, read whole and understood, and moved away once', async () => {
    const { files, wire, warehouse } = dock()
    warehouse.stock(skus.map((sku, n) => ({ sku, onHand: 300 + n })))
    await expect.poll(() => warehouse.quiet(), { timeout: 15_000, interval: 20 }).toBe(true)
    const taken = await takeAll(dock())
    expect(taken.length).toBeGreaterThan(1)
    expect(taken.map(({ file }) => file.modified)).toEqual(taken.map(({ file }) => file.modified).toSorted())
    for (const { file, bytes } of taken) {
      expect(bytes.length).toBe(file.size)
      const read = decode(dock(), file.name, bytes)
      expect(read.kind === 'rows' && read.rows.every((row) => row.ok), file.name).toBe(true)
    }
    for (const { file } of taken) {
      await files.archive(wire.ctx, file, 'done')
      await files.archive(wire.ctx, file, 'done')
    }
    const left = new Set((await files.list(wire.ctx)).map(({ path }) => path))
    expect(taken.filter(({ file }) => left.has(file.path))).toEqual([])
    const [first] = taken
    if (first)
      expect((await failuresOf(files.get(wire.ctx, first.file))).map(({ kind }) => kind)).toEqual(['not_found'])
  })
}

function isAnswer(read: DecodedFile): void {
  if (read.kind === 'refused') {
    expect(read.code).toMatch(/^[A-Z_]{3,40}$/)
    expect(read.message.length).toBeGreaterThan(10)
    return
  }
  for (const row of read.rows) {
    expect(Number.isInteger(row.row) && row.row > 0, `row ${row.row}`).toBe(true)
    expect(row.ok ? strangeFact(row.fact) : []).toEqual([])
    if (!row.ok) expect(row.message).toContain(String(row.row))
  }
}

function decodeTests(dock: () => Dock): void {
  test('2,000 broken or senseless files are answered row by row or refused with a code, the same each time', async () => {
    dock().warehouse.stock(skus.map((sku) => ({ sku, onHand: 7 })))
    const taken = await takeAll(dock())
    const names = taken.map(({ file }) => file.name)
    const anything = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutatedBytes(taken.map(({ bytes }) => bytes)))
    const name = fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...names) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    )
    fc.assert(
      fc.property(name, anything, (called, bytes) => {
        const before = Uint8Array.from(bytes)
        const read = decode(dock(), called, bytes)
        isAnswer(read)
        expect(decode(dock(), called, before)).toEqual(read)
        expect(Buffer.compare(bytes, before)).toBe(0)
      }),
      runs,
    )
  })
}

/** What every partner that exchanges files must do. */
export function partnerTests(subject: Subject): void {
  describe('its files', () => {
    let open: Dock
    beforeAll(async () => {
      open = await openDock(subject)
    })
    afterAll(() => open?.warehouse.close())
    const dock = () => open
    encodeTests(dock)
    refuseTests(dock)
    putTests(dock)
    lostTests(dock)
    takeTests(dock)
    decodeTests(dock)
  })
}
