import { type Command, json, must, page, text } from './command.ts'

export const merchants: readonly Command[] = [
  {
    noun: 'merchants',
    verb: 'add',
    what: "Makes a merchant and its first key; needs the installation's token",
    method: 'POST',
    path: '/merchants',
    options: [must(text('name', 'its name')), text('time-zone', 'like Europe/Berlin')],
  },
  {
    noun: 'merchants',
    verb: 'invite-owner',
    what: "Asks somebody in as an owner; needs the installation's token, and shows theirs once",
    method: 'POST',
    path: '/installation/invitations',
    options: [must(text('merchant', 'its id')), must(text('email', 'whom'))],
  },
  { noun: 'merchant', verb: 'show', what: 'Whose key this is', method: 'GET', path: '/merchant' },
  {
    noun: 'merchant',
    verb: 'set',
    what: 'Changes what is given',
    method: 'PATCH',
    path: '/merchant',
    options: [
      text('name', 'its name'),
      text('time-zone', 'like Europe/Berlin'),
      text('currency', 'of its books, like EUR'),
      json('ships-partially', 'true: what is there is shipped although a line is short'),
    ],
  },
  {
    noun: 'export',
    verb: '',
    what: 'Everything that you own, as JSONL on standard output; the last line counts it',
    method: 'POST',
    path: '/export',
    lastLine: 'manifest',
  },
  {
    noun: 'api-keys',
    verb: 'list',
    what: 'Keys, without their secrets',
    method: 'GET',
    path: '/api-keys',
    options: page,
    columns: ['id', 'label', 'scopes', 'createdAt', 'lastUsedAt', 'revokedAt'],
  },
  {
    noun: 'api-keys',
    verb: 'add',
    what: 'Makes a key and shows its secret, once',
    method: 'POST',
    path: '/api-keys',
    options: [
      must(text('label', 'what it is for')),
      must({ name: 'scopes', kind: 'list', what: 'like orders:read,items:write; * is all' }),
      text('expires-at', 'like 2027-01-01T00:00:00Z'),
    ],
  },
  { noun: 'api-keys', verb: 'revoke', what: 'Ends a key at once', method: 'DELETE', path: '/api-keys/:id' },
]
