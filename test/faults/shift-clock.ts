/**
 * Loaded before a program (`node --import`), it sets that program's wall clock wrong, as a bad machine would: by
 * CLOCK_SHIFTS_MS, a comma list that is gone through again and again, CLOCK_EVERY_MS each. What measures durations stays right.
 */
const shifts = (process.env.CLOCK_SHIFTS_MS ?? '0').split(',').map(Number)
const everyMs = Number(process.env.CLOCK_EVERY_MS ?? 1_000)
const rightNow = Date.now.bind(Date)
const wrongNow = () => rightNow() + (shifts[Math.floor(performance.now() / everyMs) % shifts.length] ?? 0)

globalThis.Date = new Proxy(Date, {
  construct: (real, args, target) => Reflect.construct(real, args.length === 0 ? [wrongNow()] : args, target),
  get: (real, name, self) => (name === 'now' ? wrongNow : Reflect.get(real, name, self)),
})
