import { describe, expect, test } from 'vitest'
import { readOptions, UsageError } from './options.ts'

describe('the command line', () => {
  test('without words it is the live demo in calm weather', () => {
    expect(readOptions([])).toMatchObject({ headless: false, chaos: false, orders: 300, seeds: [7], planted: null })
  })
  test('a range of seeds runs headless, one after the other', () => {
    const options = readOptions(['--seeds', '1-3', '--chaos'])
    expect(options).toMatchObject({ headless: true, chaos: true, orders: 500, seeds: [1, 2, 3] })
  })
  test.each([
    ['--orders', '0'],
    ['--orders', 'many'],
    ['--seeds', '3-1'],
    ['--seeds', '1-1000'],
    ['--seed', '-1'],
    ['--sedes', '1'],
    ['extra'],
  ])('%s %s is refused in words', (...args) => {
    expect(() => readOptions(args.filter((arg) => arg !== undefined))).toThrow(UsageError)
  })
})
