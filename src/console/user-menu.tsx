import { Button, Popover, useMantineColorScheme } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { merchantQuery } from './api/queries.ts'
import { lookAtMerchant, type Me, meQuery, queries, signOut } from './api/session.ts'
import { Icon } from './parts/icons.tsx'
import { useHelpKey } from './parts/keys.ts'

const schemes = [
  ['light', 'Light'],
  ['dark', 'Dark'],
  ['auto', 'As this device'],
] as const

function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true })
  return (
    <fieldset className="choices">
      <legend>Appearance</legend>
      {schemes.map(([scheme, word]) => (
        <label key={scheme} className="choice">
          <input
            type="radio"
            name="appearance"
            checked={colorScheme === scheme}
            onChange={() => setColorScheme(scheme)}
          />
          {word}
        </label>
      ))}
    </fieldset>
  )
}

const keys = [
  ['/', 'search'],
  ['?', 'this menu, with the keys'],
  ['g t', 'Today'],
  ['g o', 'Orders'],
  ['g e', 'Exceptions'],
  ['g i', 'Inventory'],
  ['g l', 'Listings'],
  ['g c', 'Channels'],
  ['g w', 'Warehouses'],
  ['g s', 'Settings'],
  ['g h', 'System status'],
  ['j k', 'next and previous row'],
  ['o', 'open the row'],
] as const

/** Which key does what. Everything on it can be done by pointer as well. */
function Keys() {
  return (
    <dl className="keys">
      {keys.map(([key, does]) => (
        <div key={key} className="fact">
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{does}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Everything on screen is one merchant's: changing it begins anew. */
function Merchants({ me }: { readonly me: Me }) {
  const change = useMutation({ mutationFn: lookAtMerchant, onSuccess: () => queries.resetQueries() })
  if (me.merchants.length < 2) return null
  return (
    <fieldset className="choices">
      <legend>Business</legend>
      {me.merchants.map(({ id, name, role }) => (
        <label key={id} className="choice">
          <input
            type="radio"
            name="merchant"
            checked={me.merchant === id}
            disabled={change.isPending}
            onChange={() => change.mutate(id)}
          />
          {name} <span className="dim">{role}</span>
        </label>
      ))}
      {change.isError && <p role="alert">{change.error.message}</p>}
    </fieldset>
  )
}

function SignOut() {
  const navigate = useNavigate()
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: () => {
      queries.clear()
      return navigate({ to: '/sign-in' })
    },
  })
  return (
    <>
      <Button variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
        Sign out
      </Button>
      {leave.isError && <p role="alert">Not signed out: {leave.error.message}</p>}
    </>
  )
}

/** Who one is here, how it looks, which keys there are, and the way out. */
export function UserMenu() {
  const merchant = useQuery(merchantQuery).data
  const me = useQuery(meQuery).data
  const [opened, setOpened] = useState(false)
  useHelpKey(setOpened)
  return (
    <Popover
      position="bottom-end"
      width={240}
      shadow="md"
      withinPortal={false}
      trapFocus
      returnFocus
      opened={opened}
      onChange={setOpened}
    >
      <Popover.Target>
        <button type="button" className="iconbutton" onClick={() => setOpened((was) => !was)}>
          <Icon name="user" size={18} />
          <span className="hidden">Account and appearance </span>
          <span className="wide">{merchant?.name ?? ''}</span>
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Account and appearance">
        <div className="user-menu">
          <p className="who">
            <b>{me?.email ?? ''}</b>
            <span className="dim">
              {me?.role ?? 'no role'} of {merchant?.name ?? 'no business'}
            </span>
          </p>
          {me !== undefined && <Merchants me={me} />}
          <nav className="user-links" aria-label="Settings">
            <Link to="/settings/security">Your sign-in</Link>
            <Link to="/channels">Channels</Link>
            <Link to="/warehouses">Warehouses</Link>
            <Link to="/settings">Settings</Link>
            <Link to="/status">System status</Link>
          </nav>
          <Appearance />
          <Keys />
          <SignOut />
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}
