import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'

/** Minutes of outage, full disks, restored backups: not on every push. `NIGHTLY=1 npm test -- test/faults/nightly` */
const nightly = process.env.NIGHTLY === '1' ? [] : ['test/faults/nightly/**']

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: ['test/support/global-setup.ts'],
    include: ['test/**/*.test.ts', 'connectors/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...nightly],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // What is awaited comes; on a busy machine it comes late.
    expect: { poll: { timeout: 10_000 } },
    // Most tests wait for processes and for PostgreSQL: two at once take half the time even on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
})
