/**
 * Text from outside, made storable: PostgreSQL refuses NUL, and lone surrogates cannot be encoded
 * as UTF-8. Length is cut in code points so that a limit never splits a character.
 */
export function cleanText(text: string, lengthMax = 2_000): string {
  const clean = text.replaceAll('\u0000', '').toWellFormed()
  return clean.length <= lengthMax ? clean : [...clean].slice(0, lengthMax).join('')
}

/** An id as people see it: channels wrap theirs into addresses, "gid://shopify/Order/450789469", and the shop's pages show its end. */
export const bareId = (text: string): string =>
  /^(gid|https?):/i.test(text) ? text.slice(text.lastIndexOf('/') + 1) : text

/** What a person types into a search box and what a channel prints must meet: "#1001" = "1001". */
export function normaliseNumber(text: string): string {
  return cleanText(text, 100)
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '')
}
