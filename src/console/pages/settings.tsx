import { Link, Outlet } from '@tanstack/react-router'
import { useMay } from '../parts/may.ts'
import { PageFrame } from '../parts/page.tsx'

interface SectionLink {
  readonly to:
    | '/settings/business'
    | '/settings/team'
    | '/settings/security'
    | '/settings/keys'
    | '/settings/locations'
    | '/settings/privacy'
    | '/settings/audit-log'
  readonly word: string
  readonly needs: string
}
const sections: readonly SectionLink[] = [
  { to: '/settings/business', word: 'Business', needs: 'merchant:read' },
  { to: '/settings/team', word: 'Team', needs: 'team:read' },
  { to: '/settings/security', word: 'Your sign-in', needs: 'me:read' },
  { to: '/settings/keys', word: 'API keys', needs: 'api-keys:read' },
  { to: '/settings/locations', word: 'Locations', needs: 'locations:read' },
  { to: '/settings/privacy', word: 'Privacy', needs: 'privacy:read' },
  { to: '/settings/audit-log', word: 'Audit log', needs: 'audit-log:read' },
]

function Tab({ to, word, needs }: SectionLink) {
  if (!useMay(needs)) return null
  return (
    <Link to={to} className="tab">
      {word}
    </Link>
  )
}

/** The sections that somebody may see, each with an address of its own. */
export function SettingsPage() {
  return (
    <PageFrame title="Settings">
      <nav className="tabs" aria-label="Sections of the settings">
        {sections.map((section) => (
          <Tab key={section.to} {...section} />
        ))}
      </nav>
      <div className="stack">
        <Outlet />
      </div>
    </PageFrame>
  )
}
