import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decidePush, type PushView } from '../../src/inventory/decide-push.ts'
import { type Fate, type Listing, newListing, newlyLinked, type Step, take } from './listing-model.ts'

/** Ten are there, ten are shown, nothing is under way. */
const calm: PushView = {
  shown: 10,
  quantity: 10,
  version: 7n,
  first: false,
  baseQty: 10,
  salesSinceBase: 0,
  inFlight: null,
  unseen: 0,
  salesSinceLook: 0,
  pollHasPassed: false,
}

describe('what to do about one listing', () => {
  const cases: readonly [string, Partial<PushView>, object][] = [
    ['shows what it should: nothing', {}, { kind: 'settled', shown: 10, unseen: 0, drift: 0 }],
    ['not stocked there: nothing', { shown: null }, { kind: 'not_stocked' }],
    [
      'sold elsewhere: the ledger’s number',
      { quantity: 8 },
      { kind: 'write', target: 8, changeFrom: 10, unseen: 0, drift: 0 },
    ],
    ['never written: looked at, before anything else', { shown: 3, first: true, baseQty: null }, { kind: 'look' }],
    [
      'looked at, no poll since: what it sold before may be on its way',
      { shown: 3, first: true, baseQty: 3 },
      { kind: 'wait' },
    ],
    [
      'looked at, and a poll has passed: the ledger’s number',
      { shown: 3, first: true, baseQty: 3, pollHasPassed: true },
      { kind: 'write', target: 10, changeFrom: 3, unseen: 0, drift: 0, believed: 3 },
    ],
    [
      'the same, and it has sold since that look: kept off sale, whatever else has arrived since',
      { shown: 2, first: true, baseQty: 3, salesSinceBase: 4, pollHasPassed: true },
      { kind: 'write', target: 9, changeFrom: 2, unseen: 1, newlyMissing: true, believed: 3 },
    ],
    [
      'the same, and it shows the ledger’s number already: nothing',
      { shown: 10, first: true, baseQty: 10, pollHasPassed: true },
      { kind: 'settled', shown: 10, unseen: 0, drift: 0 },
    ],
    [
      'its own sale has reached the ledger: nothing',
      { shown: 8, quantity: 8, salesSinceBase: 2, salesSinceLook: 2 },
      { kind: 'settled', unseen: 0, drift: 0 },
    ],
    [
      'sold there, not seen here: kept off sale',
      { shown: 7, quantity: 10 },
      { kind: 'settled', shown: 7, unseen: 3, drift: 0, newlyMissing: true },
    ],
    [
      'sold there, not seen here, and sold elsewhere: both are off sale',
      { shown: 7, quantity: 9 },
      { kind: 'write', target: 6, changeFrom: 7, unseen: 3, drift: 0 },
    ],
    [
      'more unseen than the ledger has: zero, never less',
      { shown: 1, quantity: 4 },
      { kind: 'write', target: 0, unseen: 9 },
    ],
    [
      'still missing, no poll has passed: still off sale',
      { shown: 7, unseen: 3 },
      { kind: 'settled', unseen: 3, drift: 0, newlyMissing: false },
    ],
    [
      'missing although a whole poll passed: drift, overwritten',
      { shown: 7, unseen: 3, pollHasPassed: true },
      { kind: 'write', target: 10, changeFrom: 7, unseen: 0, drift: -3 },
    ],
    [
      'another unit went missing after that poll began: all of it is off sale until the next',
      { shown: 6, unseen: 3, pollHasPassed: true },
      { kind: 'settled', shown: 6, unseen: 4, drift: 0, newlyMissing: true },
    ],
    [
      'what was missing arrived, and as much went missing anew: off sale',
      { shown: 8, quantity: 9, salesSinceBase: 1, salesSinceLook: 1, unseen: 1, pollHasPassed: true },
      { kind: 'settled', shown: 8, unseen: 1, newlyMissing: true },
    ],
    [
      'more than expected: drift at once, overwritten',
      { shown: 12 },
      { kind: 'write', target: 10, changeFrom: 12, unseen: 0, drift: 2 },
    ],
    [
      'a write of unknown fate that is shown: it landed, or as much was sold there; off sale until a poll tells',
      { shown: 9, quantity: 9, inFlight: { quantity: 9, unseen: 0, salesSince: 0 } },
      { kind: 'write', target: 8, unseen: 1, drift: 0 },
    ],
    [
      'the same once a poll has passed: it landed',
      { shown: 8, quantity: 9, baseQty: 9, unseen: 1, pollHasPassed: true },
      { kind: 'write', target: 9, unseen: 0 },
    ],
    [
      'a raise of unknown fate, then less than it: sales after it landed, kept off sale',
      { shown: 14, quantity: 15, inFlight: { quantity: 15, unseen: 0, salesSince: 0 } },
      { kind: 'settled', shown: 14, unseen: 1, drift: 0 },
    ],
  ]
  test.for(cases)('%s', ([, view, decision]) => {
    expect(decidePush({ ...calm, ...view })).toMatchObject(decision)
  })
})

const view: fc.Arbitrary<PushView> = fc.record({
  shown: fc.nat(30),
  quantity: fc.nat(30),
  version: fc.constant(9n),
  first: fc.boolean(),
  baseQty: fc.option(fc.nat(30)),
  salesSinceBase: fc.integer({ min: -5, max: 10 }),
  inFlight: fc.option(
    fc.record({ quantity: fc.nat(30), unseen: fc.nat(5), salesSince: fc.integer({ min: -5, max: 10 }) }),
  ),
  unseen: fc.nat(10),
  salesSinceLook: fc.integer({ min: -5, max: 10 }),
  pollHasPassed: fc.boolean(),
})

describe('whatever is known of a listing', () => {
  test('what is written is at least zero, at most the ledger minus what is unseen, and names the number it replaces', () => {
    fc.assert(
      fc.property(view, (seen) => {
        const decision = decidePush(seen)
        if (decision.kind !== 'write') return
        expect(decision.target).toBe(Math.max(0, seen.quantity - decision.unseen))
        expect(decision.unseen).toBeGreaterThanOrEqual(0)
        expect(decision.changeFrom).toBe(seen.shown)
        expect(decision.target).not.toBe(seen.shown)
      }),
    )
  })

  test('units that are missing are called drift only after a poll has passed', () => {
    fc.assert(
      fc.property(view, (seen) => {
        const decision = decidePush(seen)
        if ((decision.kind !== 'write' && decision.kind !== 'settled') || decision.drift >= 0) return
        expect(seen.pollHasPassed).toBe(true)
        expect(decision.newlyMissing).toBe(false)
      }),
    )
  })
})

const units = fc.integer({ min: 1, max: 3 })
const event: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('sell' as const), units }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('import' as const), pick: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('other' as const, 'receive' as const), units }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('pollStart' as const, 'pollEnd' as const) }) },
)
const between = fc.array(event, { maxLength: 2 })
const anyFate: readonly Fate[] = ['answered', 'answered', 'answer_lost', 'never_arrived', 'refused']
const pass = (within: fc.Arbitrary<Step[]>, fates: readonly Fate[]): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constant('pass' as const),
    afterRead: within,
    afterView: within,
    fate: fc.constantFrom(...fates),
  })
const rough = pass(between, anyFate)
const steps = (...more: fc.Arbitrary<Step>[]) => fc.array(fc.oneof(event, event, ...more), { maxLength: 40 })
const undisturbed: Step = { kind: 'pass', afterRead: [], afterView: [], fate: 'answered' }
const nothing: fc.Arbitrary<Step[]> = fc.constant([])
const runs = { numRuns: 5_000 }

/** Faults are over: polls pass, answers come. */
function calmDown(model: Listing): void {
  for (let n = 0; n < 6; n++)
    for (const step of [{ kind: 'pollStart' }, { kind: 'pollEnd' }, undisturbed, undisturbed] as const)
      take(model, step)
}

describe('whatever happens between a channel, the ledger and the row', () => {
  test('with compare-and-set, no unit that was sold and is not yet imported is ever put back on sale', () => {
    fc.assert(
      fc.property(steps(rough), (story) => {
        const model = newListing(10, true)
        for (const step of story) take(model, step)
        for (const { shown, ledger, unknown } of model.writes)
          expect(shown).toBeLessThanOrEqual(Math.max(0, ledger - unknown))
      }),
      runs,
    )
  })

  test('without it, none either, as long as nothing is sold between the read and the write of one pass', () => {
    const quiet = fc.array(
      event.filter((step) => step.kind !== 'sell'),
      { maxLength: 2 },
    )
    fc.assert(
      fc.property(steps(pass(quiet, anyFate)), (story) => {
        const model = newListing(10, false)
        for (const step of story) take(model, step)
        for (const { shown, ledger, unknown } of model.writes)
          expect(shown).toBeLessThanOrEqual(Math.max(0, ledger - unknown))
      }),
      runs,
    )
  })

  test('no unit that a shop sold before anybody had linked its listing comes back on sale with the first number', () => {
    const sold = fc.array(units, { maxLength: 3 })
    fc.assert(
      fc.property(sold, steps(rough), (before, story) => {
        const model = newlyLinked(10, before, true)
        for (const step of story) take(model, step)
        for (const { shown, ledger, unknown } of model.writes)
          expect(shown).toBeLessThanOrEqual(Math.max(0, ledger - unknown))
        calmDown(model)
        expect([model.shown, model.unseen]).toEqual([model.ledger, 0])
      }),
      runs,
    )
  })

  test.for([true, false])(
    'once it is calm the channel shows the ledger’s number, also after edits by hand (compare-and-set: %s)',
    (cas) => {
      const edit = fc.record({ kind: fc.constant('edit' as const), units: fc.integer({ min: -3, max: 3 }) })
      fc.assert(
        fc.property(steps(rough, edit), (story) => {
          const model = newListing(10, cas)
          for (const step of story) take(model, step)
          calmDown(model)
          expect([model.shown, model.unseen]).toEqual([model.ledger, 0])
        }),
        runs,
      )
    },
  )

  test('while nothing fails, nothing is kept off sale beyond what is truly unseen', () => {
    fc.assert(
      fc.property(steps(pass(nothing, ['answered'])), (story) => {
        const model = newListing(10, true)
        for (const step of story) take(model, step)
        for (const { shown, ledger, unknown } of model.writes) expect(shown).toBe(Math.max(0, ledger - unknown))
      }),
      runs,
    )
  })
})
