/** The rules of the house that no linter knows. The others: .biome.json, and `knip` in package.json. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { after } from '../src/flows.ts'
import { lanesOfRole, lanesWoken, queueOf } from '../src/lanes/kinds.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const notOurs = new Set(['node_modules', '.git', '.hub', '.demo', '.console', 'package-lock.json'])
const binary = /\.(png|jpe?g|gz|ico|woff2)$/

function tree(folder = ''): string[] {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true }).filter(
    ({ name }) => !notOurs.has(name) && !name.endsWith('.log') && name !== '.env',
  )
  return entries.flatMap((entry) => {
    const name = path.posix.join(folder, entry.name)
    return entry.isDirectory() ? tree(name) : [name]
  })
}

const text = (file: string) => readFileSync(path.join(root, file), 'utf8')
const files = tree().filter((file) => !binary.test(file))
const isTest = (file: string) => /\.test\.ts$|\.d\.ts$/.test(file)
const code = files.filter((file) => /^(src|connectors)\/.*\.tsx?$/.test(file) && !isTest(file))
const foldersIn = (folder: string) =>
  readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []))

/** Lines that match, as `file:line: text`, so that a failure names its mend. */
function lines(where: readonly string[], pattern: RegExp): string[] {
  return where.flatMap((file) =>
    text(file)
      .split('\n')
      .flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}: ${line.trim().slice(0, 120)}`] : [])),
  )
}

/** Rooms of `src/` that are no slice: words, tools, and what stands above or beside the slices. */
const notSlices = new Set(['model', 'connector-kit', 'platform', 'lanes', 'api', 'cli', 'console'])
const slices = foldersIn('src').filter((name) => !notSlices.has(name))
const sliceFiles = code.filter((file) => slices.includes(file.split('/')[1] ?? '') && file.startsWith('src/'))
const baseOf = (file: string) => path.basename(file, '.ts')

function exportsOf(file: string): string[] {
  const named = text(file).matchAll(/^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm)
  return [...named].map((found) => found[1] ?? '')
}

describe('slices', () => {
  const doors = new Set(['table', 'read', 'routes', 'shown', 'due'])
  const verbs =
    /^(adjust|cancel|change|check|claim|count|decide|ensure|find|fit|import|insert|lock|open|pack|plan|probe|purge|record|release|renew|reserve|save|search|set|submit|write)-/
  /** Named by their story; its verbs have names of their own. */
  const stories = new Set(['src/fulfillment/open-requests.ts', 'src/catalog/items.ts'])

  test('a slice is flat: its folder holds files only', () => {
    expect(slices.flatMap((slice) => foldersIn(`src/${slice}`).map((name) => `src/${slice}/${name}`))).toEqual([])
  })

  test('every slice stands behind the import rule of .biome.json', () => {
    expect(slices.filter((slice) => !text('.biome.json').includes(`"src/${slice}/**"`))).toEqual([])
  })

  test('a file named by a verb exports a function of its own name', () => {
    const odd = sliceFiles.filter((file) => {
      const own = baseOf(file).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
      return verbs.test(baseOf(file)) && !stories.has(file) && !exportsOf(file).includes(own)
    })
    expect(odd).toEqual([])
  })

  test('any other file is a door that every slice may have, or exports what its name says', () => {
    const odd = sliceFiles.filter((file) => {
      const stems = baseOf(file)
        .split('-')
        .map((word) => word.slice(0, 4))
      const said = exportsOf(file).map((name) => name.toLowerCase())
      return (
        !doors.has(baseOf(file)) &&
        !stories.has(file) &&
        !said.some((name) => stems.some((stem) => name.includes(stem)))
      )
    })
    expect(odd).toEqual([])
  })

  test('no file is called by a word that says nothing', () => {
    expect(sliceFiles.filter((file) => /process|handle|manage|sync|helper|util/.test(baseOf(file)))).toEqual([])
  })
})

describe('connectors', () => {
  test.each(foldersIn('connectors'))('%s is one folder with README, tests and its pretend far side', (name) => {
    const own = files
      .filter((file) => file.startsWith(`connectors/${name}/`))
      .map((f) => f.split('/').slice(2).join('/'))
    expect(own).toEqual(expect.arrayContaining(['index.ts', 'README.md', 'pretend/index.ts']))
    expect(own.filter((file) => file.endsWith('.test.ts')).length).toBeGreaterThan(0)
    expect(foldersIn(`connectors/${name}`).filter((folder) => folder !== 'pretend' && folder !== 'fixtures')).toEqual(
      [],
    )
  })

  test('nothing outside a connector names its folder, save the demo and the tests', () => {
    const rest = code.filter((file) => file.startsWith('src/'))
    expect(lines(rest, /from '[^']*connectors\//)).toEqual([])
  })
})

describe('code', () => {
  test('files stay short: median 80 lines, nine of ten within 220, none over 400; a file of markup within 300', () => {
    const isMarkup = (file: string) => file.endsWith('.tsx')
    expect(code.filter((file) => isMarkup(file) && text(file).split('\n').length > 300)).toEqual([])
    const lengths = code.map((file) => ({ file, n: text(file).split('\n').length - 1 })).sort((a, b) => a.n - b.n)
    const at = (share: number) => lengths[Math.floor((lengths.length - 1) * share)]?.n ?? 0
    const longest = lengths.slice(-5).map(({ file, n }) => `${file} ${n}`)
    expect({ median: at(0.5), p90: at(0.9), longest }).toSatisfy(
      () => at(0.5) <= 80 && at(0.9) <= 220 && at(1) <= 400,
      'files are too long',
    )
  })

  test('the top level holds what an outsider expects there, and no more', () => {
    const expected =
      /^(\..+|package(-lock)?\.json|tsconfig\.json|drizzle\.config\.ts|docker-compose\.yml|(README|SECURITY|CHANGELOG)\.md|LICENSE|src|connectors|migrations|test)$/
    expect(
      readdirSync(root).filter((name) => !expected.test(name) && name !== 'node_modules' && !name.endsWith('.log')),
    ).toEqual([])
  })

  test('nothing is left for later, and no rule is switched off', () => {
    const marks = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')
    const ignored = ['biome' + '-ignore', '@ts-' + 'ignore', '@ts-' + 'expect-error', '@ts-' + 'nocheck'].join('|')
    expect(lines(files, new RegExp(`\\b(${marks})\\b|${ignored}`))).toEqual([])
    const asleep = new RegExp(`\\b(test|it|describe)\\.(${['sk' + 'ip', 'on' + 'ly', 'to' + 'do'].join('|')})\\b`)
    expect(lines(files, asleep)).toEqual([])
  })

  test('a transaction goes through one of the three doors, and a query has no timer of the driver', () => {
    const src = code.filter((file) => file.startsWith('src/'))
    expect(lines(src, /\bdb\.transaction\(|query_timeout/)).toEqual([])
  })

  /** The machine is touched in `platform/` and handed on as ports; what else waits or tells the time is named here. */
  const touchesMachine = new Set([
    'src/worker.ts', // sweeper and upkeep are timers, so that a flushed queue cannot erase them
    'src/lanes/push-lane.ts', // looks for unseen sales a moment after they showed
    'src/connections/budgets.ts', // waits for tokens; tests pass their own sleep
    'connectors/warehouse-files/session.ts', // says goodbye to a server that does not answer
    'src/api/watch-merchants.ts', // looks once a second while somebody watches
    'src/api/event-routes.ts', // says through a line that is quiet that it stands
    'src/connector-kit/pretend.ts', // the far side's scaffolding
  ])

  test('slices and connectors take clock, ids and chance from their ports', () => {
    const bound = code.filter(
      (file) => !/^src\/(platform|cli|console)\/|\/(pretend|conformance)\//.test(file) && !touchesMachine.has(file),
    )
    const machine =
      /\bDate\.now\(|\bMath\.random\b|\bnew Date\(\)|\bperformance\.now\(|\bset(Timeout|Interval)\b|\brandomUUID\b/
    expect(lines(bound, machine)).toEqual([])
  })

  test('every lane that a flow wakes exists, and every lane has a queue and a role', () => {
    const woken = new Set(Object.values(after).flat())
    const wakes = (kind: string) => [...lanesWoken('channel', [kind]), ...lanesWoken('partner', [kind])]
    expect([...woken].filter((kind) => wakes(kind).length === 0)).toEqual([])
    expect([lanesWoken('channel', ['request']), lanesWoken('partner', ['request'])]).toEqual([[], ['effect']])
    expect(new Set(Object.values(lanesOfRole).flat())).toEqual(new Set(Object.keys(queueOf)))
    const story = `${text('src/flows.ts')}\n${text('src/flows-partner.ts')}`
    expect(Object.keys(after).filter((flow) => !story.includes(`export async function ${flow}(`))).toEqual([])
  })

  test('every dependency is pinned to one version', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(text('package.json'))
    const all: Record<string, string> = { ...dependencies, ...devDependencies, ...optionalDependencies }
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })

  test('nothing in the tree knows on whose machine it was written', () => {
    const folders = ['work', 'home', 'Users', 'root'].join('|')
    const hosts = ['npm' + 'js\\.', 'arti' + 'factory', '_auth' + 'Token', 'regis' + 'try\\.'].join('|')
    expect(lines(files, new RegExp(`(^|[^\\w./:-])/(${folders})/\\w|${hosts}`))).toEqual([])
  })
})

describe('migrations', () => {
  const migrations = files.filter((file) => /^migrations\/[^/]+\.sql$/.test(file)).sort()

  test('each says first what it asks of the operator, and they are numbered without a gap', () => {
    expect(migrations.filter((file) => !/^-- (additive\n|breaking: \S)/.test(text(file)))).toEqual([])
    expect(migrations.map((file) => Number(path.basename(file).slice(0, 4)))).toEqual(migrations.map((_, at) => at))
  })

  test('the tables in the code are the tables of the migrations: `npm run db:generate` finds nothing to do', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-tidy-'))
    try {
      cpSync(path.join(root, 'migrations'), path.join(dir, 'migrations'), { recursive: true })
      const out = path.relative(root, path.join(dir, 'migrations'))
      const config = text('drizzle.config.ts').replace(`out: './migrations'`, `out: ${JSON.stringify(out)}`)
      expect(config).toContain(out)
      // Without its import, so that it can stand outside the repository.
      const plain = config.replace(/^import .*\n/, '').replace('defineConfig({', '({')
      writeFileSync(path.join(dir, 'drizzle.config.ts'), plain)
      const bin = path.join(root, 'node_modules/.bin/drizzle-kit')
      const said = execFileSync(bin, ['generate', `--config=${dir}/drizzle.config.ts`], { cwd: root, encoding: 'utf8' })
      expect(said).toContain('nothing to migrate')
      expect(readdirSync(path.join(dir, 'migrations')).sort()).toEqual(
        readdirSync(path.join(root, 'migrations')).sort(),
      )
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
})

describe('pages', () => {
  /** What looks like one of our paths: links, and code spans that begin with a room or end as a source file does. */
  function pathsIn(page: string): string[] {
    const said = text(page).replace(/```[\s\S]*?```/g, '')
    const links = [...said.matchAll(/\]\(([^)\s#]+)/g)].map((m) => m[1] ?? '').filter((to) => !/^[a-z]+:/.test(to))
    const spans = [...said.matchAll(/`([^`\s]+)`/g)]
      .map((m) => (m[1] ?? '').replace(/:\d+$/, ''))
      .filter(
        (span) =>
          /^(src|connectors|test|migrations|\.github|\.ci)\//.test(span) || /^[\w./-]+\.(ts|md|ya?ml)$/.test(span),
      )
    return [...links, ...spans].filter((span) => !/[*<>…{]/.test(span))
  }

  test.each(files.filter((file) => file.endsWith('.md')))('every path that %s names exists', (page) => {
    const named = new Set(files.map((file) => path.basename(file)))
    const there = (name: string) =>
      named.has(name) || [path.dirname(page), '.'].some((from) => existsSync(path.join(root, from, name)))
    expect(pathsIn(page).filter((name) => !there(name))).toEqual([])
  })

  test('every npm script that a page names exists', () => {
    const { scripts } = JSON.parse(text('package.json'))
    const named = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((page) => [...text(page).matchAll(/npm run ([a-z:]+)/g)].map((m) => m[1] ?? ''))
    expect([...new Set(named)].filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  })
})
