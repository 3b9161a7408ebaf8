import type { PretendAnswer } from '#kit/pretend'
import type { Shop } from './state.ts'

/** What Shopify's page calls the rights; a scope that is not here is shown as it is written. */
const rights: Readonly<Record<string, string>> = {
  orders: 'orders',
  products: 'products',
  inventory: 'inventory',
  locations: 'locations',
  merchant_managed_fulfillment_orders: 'fulfilment of orders from your own locations',
}

const look = `
  body { margin: 0; background: #f1f1f1; color: #1a1a1a; font: 15px/1.5 system-ui, sans-serif; }
  main { box-sizing: border-box; max-width: 560px; margin: 8vh auto; padding: 28px; border-radius: 12px; background: #fff; }
  h1 { margin: 0 0 4px; font-size: 21px; }
  ul { margin: 12px 0 20px; padding-left: 20px; }
  .note { color: #5c5f62; }
  .keys { display: flex; flex-wrap: wrap; gap: 10px; }
  .keys a { padding: 10px 18px; border: 1px solid #6d7175; border-radius: 8px; color: #1a1a1a; text-decoration: none; }
  .keys a#install { border-color: #1a1a1a; background: #1a1a1a; color: #fff; }`

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`)
}

/** A page of the pretended admin, which says on each that it is one. */
export function adminPage(shop: Shop, title: string, body: string): PretendAnswer {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${escaped(title)}</title><style>${look}</style><main><p class="note">${escaped(shop.domain)}, a pretended Shopify</p><h1>${escaped(title)}</h1>${body}</main></html>`
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: html }
}

function rightOf(scope: string): string {
  const [, verb = '', thing = ''] = /^(read|write)_(.+)$/.exec(scope) ?? []
  const named = rights[thing]
  return named === undefined ? scope : `${verb === 'write' ? 'View and change' : 'View'} ${named}`
}

/** What the merchant, always signed in here, is asked. Cancel leads to their own admin: Shopify tells the app nothing. */
export function consentPage(shop: Shop, asked: URLSearchParams, granted: string): PretendAnswer {
  const wanted = (asked.get('scope') ?? '').split(',').filter((scope) => scope !== '')
  const list = wanted.map((scope) => `<li>${escaped(rightOf(scope))}</li>`).join('')
  const keys = `<p class="keys"><a id="install" href="${escaped(granted)}">Install</a> <a id="cancel" href="/admin/apps">Cancel</a></p>`
  return adminPage(
    shop,
    `Install Crossdock on ${shop.name}?`,
    `<p>This app will be able to:</p><ul>${list}</ul>${keys}`,
  )
}
