import type { Store } from './model.ts'
import type { Reply, RestCall } from './rest.ts'

const currency = 'EUR'

export function siteIndex(store: Store): Record<string, unknown> {
  return {
    name: store.name,
    description: 'Ein erfundener Laden',
    url: store.url,
    home: store.url,
    gmt_offset: store.zone.offsetMs(store.now()) / 3_600_000,
    timezone_string: store.zone.name,
    namespaces: ['oembed/1.0', 'wc/v1', 'wc/v2', 'wc/v3', 'wc-analytics', 'wc/store/v1', 'wp/v2'],
    authentication: {},
    routes: {},
    _links: { help: [{ href: 'https://developer.wordpress.org/rest-api/' }] },
  }
}

const generalSettings = [
  ['woocommerce_store_city', 'Stadt', 'text', 'Musterstadt'],
  ['woocommerce_default_country', 'Land', 'select', 'DE:DE-BE'],
  ['woocommerce_calc_taxes', 'Steuern', 'checkbox', 'yes'],
  ['woocommerce_currency', 'Währung', 'select', currency],
  ['woocommerce_price_num_decimals', 'Dezimalstellen', 'number', '2'],
] as const

function settingJson(store: Store, [id, label, type, value]: (typeof generalSettings)[number]) {
  const href = `${store.url}/wp-json/wc/v3/settings/general`
  const _links = { self: [{ href: `${href}/${id}` }], collection: [{ href }] }
  return { id, label, description: '', type, default: '', tip: '', value, group_id: 'general', _links }
}

export function listGeneralSettings(call: RestCall): Reply {
  return { status: 200, data: generalSettings.map((setting) => settingJson(call.store, setting)) }
}

/** `settings/general/{id}`, one route for each. */
export const generalSettingRoutes = generalSettings.map((setting) => ({
  path: `settings/general/${setting[0]}`,
  route: (call: RestCall): Reply => ({ status: 200, data: settingJson(call.store, setting) }),
}))

export function currentCurrency(): Reply {
  return { status: 200, data: { code: currency, name: 'Euro', symbol: '€' } }
}

export function systemStatus(call: RestCall): Reply {
  const { store } = call
  const environment = {
    home_url: store.url,
    site_url: store.url,
    version: '11.0.1',
    wp_version: '6.9.1',
    wp_multisite: false,
    wp_cron: true,
    language: 'de_DE',
    php_version: '8.2.20',
    default_timezone: 'UTC',
  }
  const settings = {
    api_enabled: false,
    force_ssl: false,
    currency,
    currency_symbol: '€',
    currency_position: 'right_space',
    thousand_separator: '.',
    decimal_separator: ',',
    number_of_decimals: 2,
    HPOS_enabled: true,
  }
  const security = { secure_connection: true, hide_errors: true }
  return { status: 200, data: { environment, active_plugins: [], settings, security } }
}
