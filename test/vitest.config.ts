import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: ['test/support/global-setup.ts'],
    include: ['test/**/*.test.ts', 'connectors/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
