import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { publicId } from '../../src/model/id.ts'
import { servePages } from '../../src/platform/http/serve-pages.ts'
import { anAddress, password } from '../accounts/support.ts'
import { aShelf, type Shelf } from '../api/shelf.ts'
import { type Api, installToken, openApi } from '../api/support.ts'

export const built = fileURLToPath(new URL('../../.console', import.meta.url))

/** A hub that listens, with one merchant who has everything that a page can show, and a browser. */
export interface Premises {
  readonly api: Api
  readonly shelf: Shelf
  readonly url: string
  readonly browser: Browser
  /** The address of the merchant's owner; everybody's password is `password`. */
  readonly owner: string
  close(): Promise<void>
}

/** Debian's and Ubuntu's own browser; CI installs it. Where none is, the test fails and says so. */
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export function openBrowser(): Promise<Browser> {
  const executablePath = places.find((place) => existsSync(place))
  if (executablePath === undefined) throw new Error('no Chromium here; install it: apt-get install chromium')
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** Asked in by the installation, as the first person of a merchant that a program made. */
async function anOwner(api: Api, merchantId: string): Promise<string> {
  const email = anAddress('owner')
  const body = { merchant: publicId('merchant', merchantId), email }
  const asked = await api.call('POST /installation/invitations', { key: installToken, body })
  await api.call('POST /invitations/accept', { body: { token: asked.json.token, password } })
  return email
}

export async function openPremises(): Promise<Premises> {
  const api = await openApi({ pages: (app) => servePages(app, built) })
  const shelf = await aShelf(api, 'moor')
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await openBrowser()
  const owner = await anOwner(api, shelf.merchantId)
  return {
    ...{ api, shelf, url, browser, owner },
    close: async () => {
      await browser.close()
      await api.close()
    },
  }
}

export interface Screen {
  readonly width: 1280 | 375
  readonly scheme: 'light' | 'dark'
}

/** A tab of a person who is signed in. `complaints` is what the browser's own console said: errors, broken policy. */
export interface Tab {
  readonly page: Page
  readonly complaints: string[]
  close(): Promise<void>
}

/** By the API and not by the page: what is tested is the page behind the door. */
async function signInAt(context: BrowserContext, email: string): Promise<void> {
  const headers = { 'sec-fetch-site': 'same-origin' }
  const answer = await context.request.post('/api/v1/sign-in', { data: { email, password }, headers })
  if (!answer.ok()) throw new Error(`sign-in: ${await answer.text()}`)
}

/** `as`: the owner unless another address is given; null is nobody. */
export async function openTab(
  premises: Pick<Premises, 'browser' | 'url' | 'owner'>,
  screen: Screen,
  as: string | null = premises.owner,
): Promise<Tab> {
  const { browser, url } = premises
  const context: BrowserContext = await browser.newContext({
    viewport: { width: screen.width, height: screen.width === 375 ? 812 : 800 },
    colorScheme: screen.scheme,
    baseURL: url,
    timezoneId: 'Asia/Tokyo',
    reducedMotion: 'reduce',
  })
  if (as !== null) await signInAt(context, as)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const complaints: string[] = []
  page.on('console', (said) => {
    if (said.type() === 'error' || said.type() === 'warning') complaints.push(said.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, complaints, close: () => context.close() }
}

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe-core finds on the page as it stands, one line each. */
export async function violations(page: Page): Promise<string[]> {
  // By the debugger's hand: the page's own policy lets no script in, and that is how it should be.
  await page.evaluate(axe.source)
  return page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
       nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ': ' + failureSummary)))`,
  )
}

/** A picture for a person to look at, where one is asked for: `SHOTS=folder npm test -- test/console`. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env.SHOTS
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}
