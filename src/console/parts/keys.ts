import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'

const places = {
  t: '/',
  o: '/orders',
  e: '/exceptions',
  i: '/inventory',
  l: '/listings',
  c: '/channels',
  w: '/warehouses',
  s: '/settings',
  h: '/status',
} as const
const isPlace = (key: string): key is keyof typeof places => Object.hasOwn(places, key)
/** The second key of a pair comes within this time. */
const pairWithinMs = 1_200

/** Keys mean something only where nobody is writing. */
export function isWriting(event: KeyboardEvent): boolean {
  const { target } = event
  return (
    event.metaKey ||
    event.ctrlKey ||
    event.altKey ||
    (target instanceof HTMLElement && target.closest('input, textarea, select, [role=dialog], [role=menu]') !== null)
  )
}

/** `g` and then a letter goes to a page. */
export function useGoKeys(): void {
  const navigate = useNavigate()
  useEffect(() => {
    let goneAt = 0
    const press = (event: KeyboardEvent) => {
      if (isWriting(event)) return
      const within = event.timeStamp - goneAt < pairWithinMs
      goneAt = event.key === 'g' ? event.timeStamp : 0
      if (within && isPlace(event.key)) void navigate({ to: places[event.key] })
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [navigate])
}

/** `?` shows which keys there are. */
export function useHelpKey(show: (shown: true) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === '?' && !isWriting(event)) show(true)
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [show])
}

/** `j` and `k` walk the links of a list's rows, marked `data-row`; `o` follows one, as Enter always does. */
export function useRowKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isWriting(event) || !['j', 'k', 'o'].includes(event.key)) return
      const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')].filter((row) => row.offsetParent !== null)
      const here = document.activeElement instanceof HTMLElement ? rows.indexOf(document.activeElement) : -1
      if (event.key === 'o') {
        rows[here]?.click()
        return
      }
      const next = event.key === 'j' ? here + 1 : Math.max(0, here - 1)
      rows[Math.min(next, rows.length - 1)]?.focus()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
}
