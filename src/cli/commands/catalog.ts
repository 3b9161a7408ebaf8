import { type Command, flag, json, number, page, text } from './command.ts'

export const catalog: readonly Command[] = [
  {
    noun: 'items',
    verb: 'list',
    what: 'Your SKUs',
    method: 'GET',
    path: '/items',
    options: [...page, text('sku', 'exactly this one')],
    columns: ['id', 'sku', 'title'],
  },
  { noun: 'items', verb: 'show', what: 'One with its stock and listings', method: 'GET', path: '/items/:id' },
  {
    noun: 'items',
    verb: 'add',
    what: 'Makes items; listings of the same SKU are mapped to them',
    method: 'POST',
    path: '/items',
    options: [text('sku', 'one item'), text('title', 'its title'), json('items', 'many: [{"sku", "title"}]')],
    body: ({ sku, title, items }) => ({ items: items ?? [{ sku, ...(title !== undefined && { title }) }] }),
  },
  {
    noun: 'listings',
    verb: 'list',
    what: 'What shops sell, and what one unit takes',
    method: 'GET',
    path: '/listings',
    options: [
      ...page,
      text('connection', 'of this shop'),
      text('sku', 'with this SKU'),
      flag('unmapped', 'only those without items'),
    ],
    columns: ['id', 'connection', 'sku', 'title', 'components', 'push.shows', 'push.error'],
  },
  {
    noun: 'listings',
    verb: 'map',
    what: 'Says what one unit of a listing takes',
    method: 'PUT',
    path: '/listings/:id/components',
    options: [
      text('sku', 'one item'),
      number('quantity', 'how many of it, 1 unless said'),
      json('components', 'a kit: [{"sku", "quantity"}]; [] takes the mapping away'),
    ],
    body: ({ sku, quantity, components }) => ({ components: components ?? [{ sku, quantity: quantity ?? 1 }] }),
  },
]
