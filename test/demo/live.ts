import { setTimeout as sleep } from 'node:timers/promises'
import { complaints, isKept, play, type Run } from './headless.ts'
import { type Look, lookAt } from './look.ts'
import { greetNewcomers, invitation } from './newcomers.ts'
import type { DemoOptions } from './options.ts'
import { openScene, type Scene, type Stage } from './scene.ts'
import { serveStatus } from './status-server.ts'
import { lineOf, screenOf } from './terminal.ts'

const lookEveryMs = 500
const lineEveryMs = 5_000
const notesKept = 12

/** Draws over what was there: home, each line to its end, then what is left below. */
function draw(lines: readonly string[]): void {
  process.stdout.write(`\u001B[H${lines.map((line) => `${line}\u001B[K`).join('\n')}\n\u001B[J`)
}

function outcome(run: Run): string[] {
  const { figures } = run
  const words = isKept(run) ? 'Every promise was kept.' : 'A promise was broken:'
  return [words, ...complaints(run), JSON.stringify(figures), 'Ctrl-C ends the demo.']
}

interface Eyes {
  seen(look: Look): void
  blind(why: string): void
  say(line: string): void
}

async function watch(scene: Scene, signal: AbortSignal, eyes: Eyes): Promise<void> {
  const greeted = new Set<string>()
  while (!signal.aborted) {
    try {
      for (const line of await greetNewcomers(scene, greeted)) eyes.say(line)
      eyes.seen(await lookAt(scene))
    } catch (cause) {
      // With --chaos the hub is killed on purpose; the next look finds it again.
      if (!signal.aborted) eyes.blind(cause instanceof Error ? cause.message : String(cause))
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)
  }
}

/** The live view: one screen drawn over and over, or, where there is no screen, a line every few seconds. */
function openView(head: readonly string[]) {
  const tty = process.stdout.isTTY
  const print = (line: string) => process.stdout.write(`${line}\n`)
  const notes: string[] = []
  let look: Look | null = null
  let printedAt = 0
  for (const line of head) print(line)
  if (tty) process.stdout.write('\u001B[2J')
  const redraw = () => {
    if (look) draw(screenOf(look, [...head, ...notes]))
  }
  return {
    latest: () => look,
    say: (line: string) => {
      notes.push(line)
      if (notes.length > notesKept) notes.shift()
      if (tty) redraw()
      else print(line)
    },
    show: (fresh: Look) => {
      look = fresh
      if (tty) redraw()
      else if (Date.now() - printedAt > lineEveryMs) {
        printedAt = Date.now()
        print(lineOf(fresh))
      }
    },
  }
}

/** The interactive demo: a live view here, the same on a page in the browser, until Ctrl-C. */
export async function runLive(options: DemoOptions, stage: Stage, signal: AbortSignal): Promise<void> {
  const seed = options.seeds[0] ?? 1
  const scene = await openScene(options, seed, stage)
  let latest: () => Look | null = () => null
  const page = await serveStatus(() => latest())
  const { owner } = scene.merchant
  const door = `Console: ${scene.hub.url}  Sign in as ${owner.email} with the password "${owner.password}"`
  const waiting = scene.opened.newcomers.map(invitation)
  const view = openView([door, ...waiting, `Status page: ${page.url}`])
  latest = view.latest
  const eyes = { seen: view.show, blind: (why: string) => view.say(`the hub does not answer: ${why}`), say: view.say }
  const playing = play(scene, options, seed, view.say).then((run) => {
    for (const line of outcome(run)) view.say(line)
  })
  try {
    await Promise.all([watch(scene, signal, eyes), playing])
  } finally {
    await page.close()
  }
}
