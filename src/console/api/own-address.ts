const anyOrigin = 'https://console.invalid'

/**
 * Only an address of this console: a link may not send somebody elsewhere once they are signed in. Read as a browser
 * reads it, which drops tabs and line breaks and takes two slashes for another host.
 */
export function ownAddress(to: string | undefined): string {
  const found = to?.startsWith('/') ? URL.parse(to, anyOrigin) : null
  if (found?.origin !== anyOrigin || found.pathname.startsWith('//')) return '/'
  return `${found.pathname}${found.search}${found.hash}`
}
