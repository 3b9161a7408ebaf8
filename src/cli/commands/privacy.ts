import { type Command, json, must, page, text } from './command.ts'

export const privacy: readonly Command[] = [
  {
    noun: 'privacy',
    verb: 'list',
    what: 'What platforms or you asked about people, and what became of it',
    method: 'GET',
    path: '/privacy/requests',
    options: [...page],
    columns: ['id', 'kind', 'platform', 'account', 'state', 'dueAt', 'doneAt', 'proof.persons', 'proof.bodies'],
  },
  { noun: 'privacy', verb: 'show', what: 'One of them', method: 'GET', path: '/privacy/requests/:id' },
  {
    noun: 'privacy',
    verb: 'export',
    what: 'What is kept of the persons it asks for',
    method: 'GET',
    path: '/privacy/requests/:id/export',
  },
  {
    noun: 'privacy',
    verb: 'done',
    what: 'You have sent out what was asked for',
    method: 'POST',
    path: '/privacy/requests/:id/done',
  },
  {
    noun: 'privacy',
    verb: 'erase',
    what: 'Takes the persons from orders, for ever',
    method: 'POST',
    path: '/privacy/erasures',
    options: [must(text('connection', 'of which shop')), must(json('orders', 'the shop’s own ids: ["gid://…", …]'))],
  },
]
