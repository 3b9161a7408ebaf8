/** Builds the console into `.console/`, unless what is there was built from these very files. About two seconds. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const source = fileURLToPath(new URL('.', import.meta.url))
const root = path.resolve(source, '../..')
const out = path.join(root, '.console')
const stamp = path.join(out, 'built-from')

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.join(folder, entry.name)
      return entry.isDirectory() ? files(name) : [name]
    })
}

/** Of every source file and of the versions of what it is built with. */
function fingerprint(): string {
  const hash = createHash('sha256')
  for (const file of [...files(source), path.join(root, 'package-lock.json')]) {
    if (existsSync(file)) hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

async function build(): Promise<void> {
  const wanted = fingerprint()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const vite = await import('vite').catch(() => null)
  if (vite === null) {
    process.stderr.write(
      'The console is not built: its tools are development dependencies, and they are not installed.\n',
    )
    return
  }
  await vite.build({
    root: source,
    configFile: false,
    logLevel: 'error',
    build: {
      outDir: out,
      emptyOutDir: true,
      target: 'es2023',
      // Our policy allows scripts of this server only, so nothing is put into the page itself.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  })
  for (const file of files(path.join(out, 'assets')))
    if (/\.(js|css|svg)$/.test(file)) writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)))
  writeFileSync(stamp, wanted)
}

await build()
