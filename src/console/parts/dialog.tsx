import { Modal } from '@mantine/core'
import type { ReactNode } from 'react'

interface DialogProps {
  readonly title: string
  readonly close: () => void
  readonly children: ReactNode
}

/** A dialog that is open as long as it is there. Escape closes it, and focus goes back to where it came from. */
export function Dialog({ title, close, children }: DialogProps) {
  return (
    // Scroll locking writes a style element, which our policy forbids; shell.css locks instead.
    <Modal.Root opened onClose={close} lockScroll={false}>
      <Modal.Overlay />
      <Modal.Content radius={10}>
        <div className="dialog-head">
          <Modal.Title>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" size="lg" />
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
