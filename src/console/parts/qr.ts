/**
 * QR codes (ISO/IEC 18004) of short text: bytes, error correction M, versions 1 to 10. Enough for an address of 213 bytes;
 * the key of an authenticator app has some 130.
 */

/** By version from 1 on: check bytes of a block, and how many data bytes each block holds (18004 table 9, level M). */
const blocks: readonly (readonly [check: number, data: readonly number[]])[] = [
  [10, [16]],
  [16, [28]],
  [26, [44]],
  [18, [32, 32]],
  [24, [43, 43]],
  [16, [27, 27, 27, 27]],
  [18, [31, 31, 31, 31]],
  [22, [38, 38, 39, 39]],
  [22, [36, 36, 36, 37, 37]],
  [26, [43, 43, 43, 43, 44]],
]
/** Where alignment patterns have their middles, in both directions (annex E). */
const middles: readonly (readonly number[])[] = [
  [],
  [6, 18],
  [6, 22],
  [6, 26],
  [6, 30],
  [6, 34],
  [6, 22, 38],
  [6, 24, 42],
  [6, 26, 46],
  [6, 28, 50],
]

const sum = (numbers: readonly number[]) => numbers.reduce((all, n) => all + n, 0)

/** Multiplies in the field of 256 elements over x^8+x^4+x^3+x^2+1. */
function times(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d)
    product ^= ((b >>> bit) & 1) * a
  }
  return product
}

/** The check bytes of one block: the rest of a division of polynomials (Reed and Solomon). */
function checkBytes(data: readonly number[], count: number): number[] {
  const divisor = [...Array.from({ length: count - 1 }, () => 0), 1]
  for (let root = 1, turn = 0; turn < count; turn++, root = times(root, 2))
    for (let at = 0; at < count; at++) divisor[at] = times(divisor[at] ?? 0, root) ^ (divisor[at + 1] ?? 0)
  const rest = Array.from({ length: count }, () => 0)
  for (const byte of data) {
    const factor = byte ^ (rest.shift() ?? 0)
    rest.push(0)
    for (let at = 0; at < count; at++) rest[at] = (rest[at] ?? 0) ^ times(divisor[at] ?? 0, factor)
  }
  return rest
}

/** Length, text, end and filling, as the bytes of a version. */
function dataBytes(text: Uint8Array, version: number, room: number): number[] {
  const bits: number[] = []
  const push = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit--) bits.push((value >>> bit) & 1)
  }
  push(4, 4) // bytes
  push(text.length, version < 10 ? 8 : 16)
  for (const byte of text) push(byte, 8)
  push(0, Math.min(4, room * 8 - bits.length))
  while (bits.length % 8 !== 0) bits.push(0)
  const bytes = Array.from({ length: bits.length / 8 }, (_, at) =>
    Number.parseInt(bits.slice(at * 8, at * 8 + 8).join(''), 2),
  )
  for (let fill = 0xec; bytes.length < room; fill ^= 0xec ^ 0x11) bytes.push(fill)
  return bytes
}

/** Blocks are laid byte by byte into one another, so that a stain harms each of them a little. */
function interleaved(bytes: readonly number[], [check, sizes]: (typeof blocks)[number]): number[] {
  const parts = sizes.map((size, at) => {
    const from = sum(sizes.slice(0, at))
    return bytes.slice(from, from + size)
  })
  const checks = parts.map((part) => checkBytes(part, check))
  const across = (lists: readonly (readonly number[])[]) =>
    Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, at) =>
      lists.flatMap((list) => list[at] ?? []),
    ).flat()
  return [...across(parts), ...across(checks)]
}

interface Grid {
  readonly size: number
  readonly dark: boolean[][]
  /** Of the pattern itself: no data goes there. */
  readonly fixed: boolean[][]
}

function emptyGrid(size: number): Grid {
  const rows = () => Array.from({ length: size }, () => Array.from({ length: size }, () => false))
  return { size, dark: rows(), fixed: rows() }
}

function set({ size, dark, fixed }: Grid, x: number, y: number, on: boolean): void {
  const [darkRow, fixedRow] = [dark[y], fixed[y]]
  if (darkRow === undefined || fixedRow === undefined || x < 0 || x >= size) return
  darkRow[x] = on
  fixedRow[x] = true
}

/** Squares within one another around a middle: corners out to 4, alignment out to 2. */
function drawSquares(grid: Grid, x: number, y: number, reach: number): void {
  for (let dy = -reach; dy <= reach; dy++)
    for (let dx = -reach; dx <= reach; dx++) {
      const far = Math.max(Math.abs(dx), Math.abs(dy))
      set(grid, x + dx, y + dy, reach === 4 ? far !== 2 && far !== 4 : far !== 1)
    }
}

function drawPattern(grid: Grid, version: number): void {
  const { size } = grid
  for (let at = 0; at < size; at++) {
    set(grid, 6, at, at % 2 === 0)
    set(grid, at, 6, at % 2 === 0)
  }
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    drawSquares(grid, x, y, 4)
  const places = middles[version - 1] ?? []
  const last = places.length - 1
  for (const [i, x] of places.entries())
    for (const [j, y] of places.entries()) {
      const isCorner = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)
      if (!isCorner) drawSquares(grid, x, y, 2)
    }
  drawFormat(grid, 0)
  drawVersion(grid, version)
}

/** A number with the rest of its division, so that a reader can mend it. */
function withRest(value: number, divisor: number, bits: number): number {
  let rest = value
  for (let turn = 0; turn < bits; turn++) rest = (rest << 1) ^ ((rest >>> (bits - 1)) * divisor)
  return (value << bits) | rest
}

/** Level M is 0; the mask is what differs. */
function drawFormat(grid: Grid, mask: number): void {
  const { size } = grid
  const bits = withRest(mask, 0x537, 10) ^ 0x5412
  const bit = (at: number) => ((bits >>> at) & 1) === 1
  for (let at = 0; at <= 5; at++) set(grid, 8, at, bit(at))
  set(grid, 8, 7, bit(6))
  set(grid, 8, 8, bit(7))
  set(grid, 7, 8, bit(8))
  for (let at = 9; at < 15; at++) set(grid, 14 - at, 8, bit(at))
  for (let at = 0; at < 8; at++) set(grid, size - 1 - at, 8, bit(at))
  for (let at = 8; at < 15; at++) set(grid, 8, size - 15 + at, bit(at))
  set(grid, 8, size - 8, true)
}

function drawVersion(grid: Grid, version: number): void {
  if (version < 7) return
  const bits = withRest(version, 0x1f25, 12)
  for (let at = 0; at < 18; at++) {
    const on = ((bits >>> at) & 1) === 1
    const [a, b] = [grid.size - 11 + (at % 3), Math.floor(at / 3)]
    set(grid, a, b, on)
    set(grid, b, a, on)
  }
}

const masks: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
]

/** In columns of two from the right, up and down in turn, past what is fixed. */
function drawData(grid: Grid, bytes: readonly number[], mask: (x: number, y: number) => boolean): void {
  const { size, fixed, dark } = grid
  let at = 0
  for (let right = size - 1; right >= 1; right -= right === 8 ? 3 : 2) {
    const goesUp = ((right + 1) & 2) === 0
    for (let turn = 0; turn < size * 2; turn++) {
      const x = right - (turn % 2)
      const step = Math.floor(turn / 2)
      const y = goesUp ? size - 1 - step : step
      const row = dark[y]
      if (row === undefined || fixed[y]?.[x]) continue
      const bit = (((bytes[at >>> 3] ?? 0) >>> (7 - (at & 7))) & 1) === 1
      row[x] = bit !== mask(x, y)
      at++
    }
  }
}

/** Long runs, squares, and what looks like a corner: what a reader stumbles over (18004 §7.8.3). */
function penalty({ size, dark }: Grid): number {
  const columns = Array.from({ length: size }, (_, x) => dark.map((row) => row[x] ?? false))
  const lines = [...dark, ...columns].map((line) => line.map((on) => (on ? '1' : '0')).join(''))
  const runs = lines.flatMap((line) => line.match(/0{5,}|1{5,}/g) ?? []).map((run) => run.length - 2)
  const corners = lines.flatMap((line) => line.match(/(?=10111010000|00001011101)/g) ?? []).length
  let squares = 0
  for (let y = 1; y < size; y++)
    for (let x = 1; x < size; x++) {
      const on = dark[y]?.[x]
      if (dark[y]?.[x - 1] === on && dark[y - 1]?.[x] === on && dark[y - 1]?.[x - 1] === on) squares++
    }
  const share = (dark.flat().filter(Boolean).length * 20) / (size * size)
  return sum(runs) + squares * 3 + corners * 40 + Math.floor(Math.abs(share - 10)) * 10
}

/** Rows of modules, true where it is dark. @throws RangeError when the text is too long for version 10 */
export function qrModules(text: string): readonly (readonly boolean[])[] {
  const given = new TextEncoder().encode(text)
  const version = blocks.findIndex(([, sizes], at) => sum(sizes) * 8 >= 4 + (at < 9 ? 8 : 16) + given.length * 8) + 1
  const layout = blocks[version - 1]
  if (layout === undefined) throw new RangeError('the text is too long for this code')
  const bytes = interleaved(dataBytes(given, version, sum(layout[1])), layout)
  const drawn = masks.map((mask, at) => {
    const grid = emptyGrid(version * 4 + 17)
    drawPattern(grid, version)
    drawData(grid, bytes, mask)
    drawFormat(grid, at)
    return grid
  })
  const best = drawn.map(penalty).reduce((found, cost, at, all) => (cost < (all[found] ?? 0) ? at : found), 0)
  return drawn[best]?.dark ?? []
}
