import { type Figure, isMet, type Part, type Unit } from './figures.ts'
import type { Machine } from './machine.ts'

export interface Report {
  readonly machine: Machine
  readonly quick: boolean
  readonly parts: readonly Part[]
}

function digits(unit: Unit, value: number): number {
  if (unit === 'x') return 2
  if (unit === 's') return 2
  return Math.abs(value) < 10 ? 1 : 0
}

function show(unit: Unit, value: number): string {
  return value.toLocaleString('en', {
    minimumFractionDigits: digits(unit, value),
    maximumFractionDigits: digits(unit, value),
  })
}

function goalOf(figure: Figure): string {
  if (figure.goal === null) return ''
  return `${figure.goal.at === 'least' ? '≥' : '≤'} ${figure.goal.value}`
}

const verdicts = new Map([
  [true, 'met'],
  [false, '**missed**'],
])

function row(figure: Figure): string {
  const { unit, spread } = figure
  const verdict = verdicts.get(isMet(figure) ?? ('' as never)) ?? ''
  const cells = [
    figure.name,
    `${show(unit, spread.median)} ${unit}`,
    show(unit, spread.min),
    show(unit, spread.max),
    String(spread.repeats),
    goalOf(figure),
    verdict,
  ]
  return `| ${cells.join(' | ')} |`
}

function partLines(part: Part): string[] {
  return [
    `## ${part.name}`,
    '',
    '| figure | median | min | max | n | goal | |',
    '|---|--:|--:|--:|--:|---|---|',
    ...part.figures.map(row),
    '',
    ...part.verified.map((sentence) => `Verified: ${sentence}.`),
    ...part.profiles.map((file) => `Profile: ${file}`),
    '',
  ]
}

/** The report as a person reads it. */
export function toMarkdown({ machine, quick, parts }: Report): string {
  const missed = parts.flatMap((part) => part.figures.filter((figure) => isMet(figure) === false))
  return [
    '# Crossdock bench',
    '',
    `${machine.date}, commit ${machine.commit}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}, PostgreSQL ${machine.postgres}`,
    `Load average before ${machine.loadBefore.join(' / ')}, after ${machine.loadAfter.join(' / ')}`,
    ...(quick ? ['', '**--quick: the sizes are too small for these figures to mean anything.**'] : []),
    '',
    ...parts.flatMap(partLines),
    missed.length === 0
      ? 'Every goal that was measured is met.'
      : `Missed: ${missed.map((figure) => figure.name).join('; ')}. Run the part with --profile to see why.`,
    '',
  ].join('\n')
}
