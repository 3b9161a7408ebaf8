import { Button, type ButtonProps } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import { useRefusal } from './may.ts'

interface ActButtonProps extends ButtonProps {
  /** The permission that the press needs. */
  readonly needs: string
  readonly act: () => void
  /** Why this cannot be done to this thing now, whoever asks; null: it can. */
  readonly why?: string | null
  readonly children: ReactNode
}

/** A button that says why it cannot be pressed, to whoever reaches it, instead of not being there. */
export function ActButton({ needs, act, why = null, children, ...looks }: ActButtonProps) {
  const refusal = useRefusal(needs) ?? why
  const reason = useId()
  if (refusal === null)
    return (
      <Button {...looks} onClick={act}>
        {children}
      </Button>
    )
  return (
    <>
      <Button {...looks} data-disabled aria-disabled aria-describedby={reason} title={refusal}>
        {children}
      </Button>
      <span id={reason} className="hidden">
        {refusal}
      </span>
    </>
  )
}
