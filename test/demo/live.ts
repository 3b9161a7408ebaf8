import { setTimeout as sleep } from 'node:timers/promises'
import { complaints, isKept, play, type Run } from './headless.ts'
import { type Look, lookAt } from './look.ts'
import type { DemoOptions } from './options.ts'
import { openScene, type Scene, type Stage } from './scene.ts'
import { serveStatus } from './status-server.ts'
import { lineOf, screenOf } from './terminal.ts'

const lookEveryMs = 500
const lineEveryMs = 5_000
const notesKept = 6

/** Draws over what was there: home, each line to its end, then what is left below. */
function draw(lines: readonly string[]): void {
  process.stdout.write(`\u001B[H${lines.map((line) => `${line}\u001B[K`).join('\n')}\n\u001B[J`)
}

function outcome(run: Run): string[] {
  const { figures } = run
  const words = isKept(run) ? 'Every promise was kept.' : 'A promise was broken:'
  return [words, ...complaints(run), JSON.stringify(figures), 'Ctrl-C ends the demo.']
}

async function watch(scene: Scene, signal: AbortSignal, seen: (look: Look) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      seen(await lookAt(scene))
    } catch {
      // The hub was just killed on purpose; the next look finds it again.
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
  }
}

/** The interactive demo: a live view here, the same on a page in the browser, until Ctrl-C. */
export async function runLive(options: DemoOptions, stage: Stage, signal: AbortSignal): Promise<void> {
  const tty = process.stdout.isTTY
  const print = (line: string) => process.stdout.write(`${line}\n`)
  const seed = options.seeds[0] ?? 1
  const scene = await openScene(options, seed, stage)
  let latest: Look | null = null
  const page = await serveStatus(() => latest)
  const notes = [`Status page: ${page.url}`]
  const say = (line: string) => {
    notes.push(line)
    if (notes.length > notesKept) notes.splice(1, 1)
    if (!tty) print(line)
  }
  print(notes[0] ?? '')
  if (tty) process.stdout.write('\u001B[2J')
  let printedAt = 0
  const watching = watch(scene, signal, (look) => {
    latest = look
    if (tty) draw(screenOf(look, notes))
    else if (Date.now() - printedAt > lineEveryMs) {
      printedAt = Date.now()
      print(lineOf(look))
    }
  })
  const played = play(scene, options, seed, say).then((run) => {
    for (const line of outcome(run)) say(line)
  })
  await Promise.race([Promise.all([watching, played]), watching])
  await page.close()
}
