import { type ReactNode, useEffect } from 'react'
import mark from '../mark.svg'

interface GuestFrameProps {
  readonly title: string
  readonly note: string
  readonly children: ReactNode
}

/** The frame of pages for who is not signed in. */
export function GuestFrame({ title, note, children }: GuestFrameProps) {
  useEffect(() => {
    document.title = `${title} · Crossdock`
  }, [title])
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <img src={mark} width={36} height={36} alt="" />
        <h1>{title}</h1>
        <p className="dim">{note}</p>
        {children}
      </div>
    </main>
  )
}
