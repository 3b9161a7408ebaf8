import { type Command, page, text } from './command.ts'

export const journal: readonly Command[] = [
  {
    noun: 'exceptions',
    verb: 'list',
    what: 'What a person should look at, open ones first',
    method: 'GET',
    path: '/exceptions',
    options: [...page, text('state', 'open or resolved'), text('kind', 'of this kind')],
    columns: ['id', 'kind', 'subject.id', 'detail', 'raisedAt', 'resolvedAt'],
  },
  {
    noun: 'exceptions',
    verb: 'resolve',
    what: 'Says that it is settled',
    method: 'POST',
    path: '/exceptions/:id/resolve',
  },
  {
    noun: 'today',
    verb: '',
    what: 'What needs a person now, one entry for each cause',
    method: 'GET',
    path: '/today',
  },
  {
    noun: 'inbox',
    verb: 'list',
    what: 'Everything that arrived',
    method: 'GET',
    path: '/inbox/messages',
    options: [
      ...page,
      text('state', 'pending, applied, superseded, ignored, dead'),
      text('connection', 'from this one'),
    ],
    columns: ['id', 'source', 'topic', 'subject', 'state', 'reason', 'receivedAt'],
  },
  { noun: 'inbox', verb: 'show', what: 'One of them', method: 'GET', path: '/inbox/messages/:id' },
  {
    noun: 'inbox',
    verb: 'raw',
    what: 'Its bytes as they came, to standard output',
    method: 'GET',
    path: '/inbox/messages/:id/raw',
  },
  { noun: 'inbox', verb: 'replay', what: 'Reads it again', method: 'POST', path: '/inbox/messages/:id/replay' },
]
