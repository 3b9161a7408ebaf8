import type { PlantedBug } from '../../planted/bugs.ts'

/** A planted bug in short: what a hurried engineer believed, and the exact edits that follow from it. */
export const bug = (
  name: string,
  belief: string,
  edits: readonly (readonly [file: string, find: string, replace: string])[],
): PlantedBug => ({
  name,
  belief,
  edits: edits.map(([file, find, replace]) => ({ file, find, replace })),
})
