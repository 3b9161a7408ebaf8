import { type Command, json, must, number, page, text, version } from './command.ts'

export const stock: readonly Command[] = [
  {
    noun: 'locations',
    verb: 'list',
    what: 'Where stock lies',
    method: 'GET',
    path: '/locations',
    options: page,
    columns: ['id', 'code', 'name', 'kind', 'rank', 'connection'],
  },
  {
    noun: 'locations',
    verb: 'add',
    what: 'Makes a place of your own',
    method: 'POST',
    path: '/locations',
    options: [
      must(text('code', 'short, unique')),
      must(text('name', 'for people')),
      text('kind', 'warehouse or store'),
      number('rank', 'lower ranks are taken from first'),
    ],
  },
  {
    noun: 'locations',
    verb: 'set',
    what: 'Changes what is given',
    method: 'PATCH',
    path: '/locations/:id',
    options: [text('name', 'for people'), number('rank', 'lower ranks are taken from first'), version],
  },
  {
    noun: 'stock',
    verb: 'list',
    what: 'What lies where',
    method: 'GET',
    path: '/inventory/levels',
    options: [...page, text('sku', 'exactly this one'), text('location', 'its id')],
    columns: ['sku', 'locationCode', 'onHand', 'reserved', 'unavailable', 'denied', 'available'],
  },
  {
    noun: 'stock',
    verb: 'adjust',
    what: 'Sets or changes what is there, all lines or none',
    method: 'POST',
    path: '/inventory/adjustments',
    options: [
      must(text('reason', 'for the ledger')),
      text('sku', 'one line'),
      text('location', 'its id or code'),
      number('set', 'what is there now'),
      number('delta', 'what came or went'),
      json('lines', 'many: [{"sku", "location", "set" or "delta"}]'),
    ],
    body: ({ reason, lines, ...line }) => ({ reason, lines: lines ?? [line] }),
  },
]
