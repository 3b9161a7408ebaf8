import type { ReactNode } from 'react'

/** What is wider than its place scrolls in itself, never the page; so it can be reached by keyboard (WCAG 2.1.1). */
const reachable = { tabIndex: 0 }

export function ScrollRegion({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <section className="scroll" aria-label={label} {...reachable}>
      {children}
    </section>
  )
}
