import { Popover } from '@mantine/core'
import type { Connection, MatrixCell } from '../api/types.ts'
import { Icon, type IconName } from '../parts/icons.tsx'
import { ageText, Time } from '../parts/time.tsx'

type State = 'confirmed' | 'moving' | 'refused' | 'unread' | 'untracked'

export function stateOf({ canTell, error, behind, shows }: MatrixCell): State {
  if (!canTell) return 'untracked'
  if (error !== null) return 'refused'
  if (behind) return 'moving'
  return shows === null ? 'unread' : 'confirmed'
}

export const cellLooks: Readonly<Record<State, { readonly icon: IconName; readonly word: string }>> = {
  confirmed: { icon: 'check', word: 'confirmed by the channel' },
  moving: { icon: 'up', word: 'a newer number is on its way' },
  refused: { icon: 'warn', word: 'the channel did not take the number' },
  unread: { icon: 'question', word: 'not read from the channel yet' },
  untracked: { icon: 'pause', word: 'the channel counts no stock here' },
}

interface Props {
  readonly cell: MatrixCell
  readonly connection: Connection | undefined
}

/** What the shop shows, with a sign for how sure that is; a press says since when and why. */
export function StockCell({ cell, connection }: Props) {
  const state = stateOf(cell)
  const { icon, word } = cellLooks[state]
  return (
    <Popover width={290} position="bottom-end" withArrow shadow="md" trapFocus={false} returnFocus>
      <Popover.Target>
        <button type="button" className="cell" data-state={state}>
          {cell.shows}
          <Icon name={icon} size={14} />
          <span className="hidden">, {word}</span>
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className="cell-story">
          <p>
            <b>{connection?.label ?? 'Channel'}</b>
          </p>
          <p>
            {cell.shows === null ? 'Nothing was read from it yet.' : `Shows ${cell.shows}.`} {sentence(word)}
          </p>
          {cell.confirmedAt !== null && (
            <p className="dim">
              Read back <Time at={cell.confirmedAt} />, {ageText(cell.confirmedAt)} ago.
            </p>
          )}
          {cell.takes !== 1 && <p className="dim">One listing takes {cell.takes} units.</p>}
          {cell.error !== null && <p className="sub-problem">It said: {cell.error}</p>}
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}

const sentence = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
