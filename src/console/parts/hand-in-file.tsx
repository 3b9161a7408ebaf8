import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useRef } from 'react'
import { handIn } from '../api/warehouses.ts'
import { FormError } from './form-error.tsx'
import { useRefusal } from './may.ts'

interface HandInFileProps {
  readonly warehouse: string
  readonly word: string
}

/** A file of the warehouse that did not come by its folder, or comes again corrected. */
export function HandInFile({ warehouse, word }: HandInFileProps) {
  const queries = useQueryClient()
  const refusal = useRefusal('fulfillment:write')
  const input = useRef<HTMLInputElement>(null)
  const send = useMutation({
    mutationFn: (file: File) => handIn(warehouse, file),
    onSettled: () => queries.invalidateQueries(),
  })
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".csv,.txt"
        className="hidden"
        aria-label={word}
        tabIndex={-1}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          currentTarget.value = ''
          if (file !== undefined) send.mutate(file)
        }}
      />
      <Button
        size="sm"
        variant="default"
        loading={send.isPending}
        disabled={refusal !== null}
        title={refusal ?? undefined}
        onClick={() => input.current?.click()}
      >
        {word}
      </Button>
      <span role="status">
        {send.isSuccess && (
          <Link to="/files/$id" params={{ id: send.data.id }}>
            {send.data.known ? 'The same bytes came before: nothing is done twice' : 'Taken in. Rows are being read'}
          </Link>
        )}
      </span>
      <FormError error={send.error} />
    </>
  )
}
