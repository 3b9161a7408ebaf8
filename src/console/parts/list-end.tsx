import { Button } from '@mantine/core'
import { counted } from './words.ts'

interface ListEndProps {
  readonly shown: number
  readonly one: string
  readonly many?: string
  readonly hasMore: boolean
  readonly loading: boolean
  readonly more: () => void
}

/** How many are on screen, and the way to the older ones. */
export function ListEnd({ shown, one, many, hasMore, loading, more }: ListEndProps) {
  return (
    <div className="more">
      <span>
        {counted(shown, one, many)} shown{hasMore ? '' : ', that is all of them'}
      </span>
      {hasMore && (
        <Button variant="default" size="xs" loading={loading} onClick={more}>
          Show more
        </Button>
      )}
    </div>
  )
}
