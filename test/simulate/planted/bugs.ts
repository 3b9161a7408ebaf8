import type { PlantedBug } from '../../planted/bugs.ts'
import { hubBugs } from './hub-bugs.ts'
import { partnerBugs } from './partner-bugs.ts'
import { stockBugs } from './stock-bugs.ts'

/** Bugs that schedules must turn red for. What only two whole systems show stays with the demo: test/planted/bugs.ts. */
export const simulatedBugs: readonly PlantedBug[] = [...hubBugs, ...stockBugs, ...partnerBugs]
