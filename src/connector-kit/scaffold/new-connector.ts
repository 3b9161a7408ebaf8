/** `npm run new:connector -- <kind>`: a folder under connectors/ that compiles, and whose tests say what comes next. */
import { access, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scaffold } from './files.ts'

const kindShape = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const kindMax = 40

/** Writes the folder. @throws Error in words for the person at the terminal: the name does not do, or is taken */
async function newConnector(kind: string, folder: string): Promise<readonly string[]> {
  if (!kindShape.test(kind) || kind.length > kindMax)
    throw new Error(
      `"${kind}" cannot be a connector's name: write 1 to ${kindMax} lower-case letters, digits and dashes`,
    )
  const home = path.join(folder, kind)
  const isTaken = await access(home).then(
    () => true,
    () => false,
  )
  if (isTaken) throw new Error(`connectors/${kind} is there already: choose another name`)
  const files = Object.entries(scaffold(kind))
  for (const [name, text] of files) {
    await mkdir(path.dirname(path.join(home, name)), { recursive: true })
    await writeFile(path.join(home, name), text)
  }
  return files.map(([name]) => `connectors/${kind}/${name}`)
}

try {
  const written = await newConnector(
    process.argv[2] ?? '',
    fileURLToPath(new URL('../../../connectors/', import.meta.url)),
  )
  process.stdout.write(`${written.join('\n')}\n\nNext: steps 3 to 10 of connectors/README.md, then npm run check\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nnpm run new:connector -- <kind>\n`)
  process.exitCode = 1
}
