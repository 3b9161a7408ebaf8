import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Connector } from './connector-kit/index.ts'

const folder = fileURLToPath(new URL('../connectors', import.meta.url))

/**
 * Every folder under `connectors/` with an `index.ts` that exports `connector`. Found, not listed: a new connector is
 * one folder and nothing else. @throws when one does not load, since half a hub is worse than none
 */
export async function loadConnectors(): Promise<ReadonlyMap<string, Connector>> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory() && !/^[._]/.test(entry.name)).map((entry) => entry.name)
  const found = await Promise.all(
    names.map(async (name): Promise<[string, Connector]> => {
      const { connector } = await import(pathToFileURL(path.join(folder, name, 'index.ts')).href)
      if (connector?.manifest?.kind !== name)
        throw new Error(`connectors/${name}/index.ts must export a connector of kind "${name}"`)
      return [name, connector]
    }),
  )
  return new Map(found)
}
