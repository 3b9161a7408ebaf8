import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Channel, SkuProblem, SkuRow } from '../api/channel-types.ts'
import { skusQuery } from '../api/channels.ts'
import { ActButton } from '../parts/act-button.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { LinkListing } from './link-listing.tsx'

const problems: Readonly<Record<SkuProblem, string>> = {
  unmapped: 'Linked to no item: its orders wait, and its number is not written.',
  ambiguous: 'Another listing of this shop has the same SKU: say which item each of them takes.',
  not_tracked: 'The shop keeps no stock for it, so no number is written.',
  never_counted: 'Its item was never counted here, so the shop would be set to 0.',
}
const byLinking = (problem: SkuProblem) => problem === 'unmapped' || problem === 'ambiguous'

function Row({ row, link }: { readonly row: SkuRow; readonly link: () => void }) {
  return (
    <li className="exception">
      <div>
        <p>
          <b>{row.title || row.sku}</b> <span className="dim">{row.sku ?? 'no SKU there'}</span>
        </p>
        <p className="sub">{problems[row.problem]}</p>
      </div>
      <div className="row-actions">
        {byLinking(row.problem) && (
          <ActButton needs="listings:write" size="xs" act={link}>
            Link<span className="hidden"> {row.title}</span>
          </ActButton>
        )}
      </div>
    </li>
  )
}

/** Listings that a person should look at before numbers are written. */
export function Mapping({ channel }: { readonly channel: Channel }) {
  const list = useInfiniteQuery(skusQuery(channel.id))
  const [linking, setLinking] = useState<SkuRow | null>(null)
  return (
    <Section
      title="Listings that need a look"
      note="A listing with the very SKU of an item is linked by itself. These are not, or not for sure."
      action={
        <Link to="/listings" search={{ show: 'all', connection: channel.id, sku: undefined }}>
          All listings
        </Link>
      }
    >
      <Rows of={list} what="The listings" one="listing" none="Every listing is linked, and its item is counted.">
        {(rows) => (
          <ul className="parcels">
            {rows.map((row) => (
              <Row key={row.listing} row={row} link={() => setLinking(row)} />
            ))}
          </ul>
        )}
      </Rows>
      {linking !== null && (
        <LinkListing
          listing={{ ...linking, id: linking.listing, externalId: linking.listing, components: [] }}
          shop={channel.label}
          close={() => setLinking(null)}
        />
      )}
    </Section>
  )
}
