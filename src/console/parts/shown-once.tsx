import { Button } from '@mantine/core'
import { useState } from 'react'
import { Icon } from './icons.tsx'

interface ShownOnceProps {
  readonly label: string
  /** One, or a list of them. */
  readonly secret: string
  readonly warning: string
}

/** A secret that the hub will not tell again, with a way to take it along. */
export function ShownOnce({ label, secret, warning }: ShownOnceProps) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(secret)
    setCopied(true)
  }
  return (
    <div className="once">
      <p className="said tone-attention">
        <Icon name="warn" size={15} /> {warning}
      </p>
      <section className="once-text" aria-label={label} {...{ tabIndex: 0 }}>
        <code>{secret}</code>
      </section>
      <div className="row-actions">
        <Button variant="default" size="xs" onClick={() => void copy()}>
          Copy {label}
        </Button>
        <span role="status">{copied ? 'Copied.' : ''}</span>
      </div>
    </div>
  )
}
