/**
 * The table of bad inputs, rows 23 to 55: what is sent and how the hub answers. A test names the row that it tries in its
 * title, `[bad-input 23]`, and here a row without a test fails.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

const rows: Readonly<Record<number, string>> = {
  23: 'state of a consent missing, foreign, used or too old: 400',
  24: 'a shop that is none of the platform, in all spellings: 400; in upper case the same shop',
  25: 'signature of a consent missing, wrong or there twice: 400',
  26: 'an address to go on to that is not ours: refused where it is a field, ignored where it is a query',
  27: 'a code of a consent used twice: 400',
  28: 'fewer rights granted than asked for: not connected, and said why',
  29: 'a shop that another merchant holds: 409, and an entry in the audit log',
  30: 'a consent that comes back in another browser: 400',
  31: 'cloud metadata as a shop: 400',
  32: 'the same address in numbers of all kinds: 400',
  33: 'IPv6 addresses that hold a private IPv4: 400',
  34: 'this machine in short forms: 400',
  35: 'a public name with a private address: 400',
  36: 'a name that changes its address after the check: connected at the checked one only',
  37: 'redirects to private addresses, files, without end: returned, never followed',
  38: 'a user in the address, or a port that is no shop’s: 400',
  39: 'a warehouse at a private address: 400; one whose host key changed: stopped',
  40: 'an endless answer: cut',
  41: 'a certificate that nobody signed, or an old one: refused, and no switch to allow it',
  42: 'another merchant’s id in path, body, filter, cursor or bulk: 404 (a row of a bulk: 422 by its field), nothing changed',
  43: 'fields in a PATCH that are not the caller’s to set: 400',
  44: 'sort and limit out of the range: 400',
  45: 'a key without the scope: 403; revoked: 401; in the query: 400',
  46: 'a change by a cookie from a foreign page: 403',
  47: 'ten wrong passwords: a wait; the same text and time whether the account exists or not',
  48: 'a session after the password was changed: 401',
  49: 'impersonation by support without a reason: 403',
  50: 'a quantity that is negative, a fraction, 1e21 or a text: 400',
  51: 'money that does not add up: flagged; decimals that the currency has not: unreadable, and said where',
  52: 'two changes with the same version: one is 409',
  53: 'an Idempotency-Key with another body: 422',
  54: 'a nested filter: 400',
  55: 'made-up X-Forwarded-*: ignored',
}

/** Rows for what the hub does not have, with the reason. One with a test does not belong here. */
const notYet: Readonly<Record<number, string>> = {
  49: 'Nobody of the installation can act as a merchant: there is no role for support and no route for it.',
}

const tests = ['test', 'connectors'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.endsWith(path.basename(import.meta.url)))
    .map((file) => path.join(folder, file)),
)
/** In a title or in the name of a case: at the beginning of a quoted text, and nowhere else. */
const tags = tests.flatMap((file) =>
  [...readFileSync(path.join(root, file), 'utf8').matchAll(/['"`]\[bad-input (\d+)\] /g)].map((found) =>
    Number(found[1]),
  ),
)

test.each(Object.keys(rows).map(Number))('row %i has a test, or a reason why it has none yet', (row) => {
  expect(tags.includes(row) !== row in notYet, rows[row]).toBe(true)
})

test('the rows are 23 to 55, and no test names another', () => {
  const all = Array.from({ length: 33 }, (_, at) => 23 + at)
  expect(Object.keys(rows).map(Number)).toEqual(all)
  expect(tags.filter((row) => !(row in rows))).toEqual([])
})
