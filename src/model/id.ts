/** Ids are uuid v7 in the database and in the program; people see `ord_…`, made here. */
const prefixes = {
  merchant: 'mer',
  connection: 'con',
  consent: 'cst',
  item: 'itm',
  listing: 'lst',
  location: 'loc',
  order: 'ord',
  fulfillmentOrder: 'ful',
  shipment: 'shp',
  message: 'msg',
  exception: 'exc',
  file: 'fil',
  key: 'key',
  effect: 'eff',
  privacyRequest: 'prv',
  auditEntry: 'aud',
  user: 'usr',
  session: 'ses',
  invitation: 'inv',
} as const

export type Noun = keyof typeof prefixes

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** True for a lower-case uuid, the only form that the database and the program pass around. */
export function isUuid(text: string): boolean {
  return uuidShape.test(text)
}

/** `ord_018f…` for the API, URLs and logs; the uuid without dashes after the noun's prefix. */
export function publicId(noun: Noun, uuid: string): string {
  return `${prefixes[noun]}_${uuid.replaceAll('-', '')}`
}

/** The uuid behind a public id, or null when the text is not an id of that noun. */
export function uuidOf(noun: Noun, id: string): string | null {
  const hex = id.startsWith(`${prefixes[noun]}_`) ? id.slice(4) : ''
  if (!/^[0-9a-f]{32}$/.test(hex)) return null
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
