import './style/library.css'
import './style/tokens.css'
import './style/shell.css'
import './style/parts.css'
import './style/pages.css'
import './style/channels.css'
import { createTheme, MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { isSignedOut, queries } from './api/session.ts'
import { router } from './router.tsx'

const theme = createTheme({ respectReducedMotion: true })

/** Pages that need nobody signed in. */
const forGuests = /^\/(sign-in|sign-up|join|system)$/

// A session that ended is begun anew where the person was, whichever question found out.
queries.getQueryCache().subscribe(({ query }) => {
  const { location } = router.state
  if (isSignedOut(query.state.error) && !forGuests.test(location.pathname))
    void router.navigate({ to: '/sign-in', search: { to: location.href } })
})

const root = document.getElementById('root')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  )
}
