import { useState } from 'react'
import { Icon } from './icons.tsx'

/** An id, small, that a press copies. */
export function CopyId({ id, label }: { readonly id: string; readonly label: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(id)
    setCopied(true)
  }
  return (
    <button type="button" className="copy" onClick={() => void copy()} title={id}>
      <span className="hidden">Copy {label} </span>
      <code>{id.length > 20 ? `${id.slice(0, 12)}…${id.slice(-4)}` : id}</code>
      <Icon name={copied ? 'check' : 'copy'} size={13} />
      <span role="status" className="hidden">
        {copied ? 'Copied' : ''}
      </span>
    </button>
  )
}
