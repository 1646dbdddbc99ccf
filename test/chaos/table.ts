/** How docs/chaos.md tells its runs apart. */
import { PHASES, VICTIMS, harmOf, victimsIn } from './harm.ts'
import type { Table } from './record.ts'

export const CHAOS_TABLE: Table = {
  ...{ bench: 'chaos', victims: VICTIMS, moments: PHASES },
  victimsIn: (moment) => PHASES.flatMap((phase) => (phase === moment ? victimsIn(phase) : [])),
  of(seed) {
    const { victim, phase: moment } = harmOf(seed)
    return { victim, moment }
  },
}
