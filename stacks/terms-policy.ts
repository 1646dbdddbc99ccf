/** The nouns of an installation’s policy: what a course gets when it does not say, and who agrees to a change. */
import type { Headroom, Lifecycle, Text, Weekday } from './terms.ts'

/** The rules of an installation, and what a course gets when it does not say. */
export interface Policy {
  /** Minutes before class from which its capacity is reserved: its seats are made then, or later when a learned lead says so. */
  leadMinutes: number
  /** Minutes before class at which everything must be ready. */
  readyMinutes: number
  opensMinutesBefore: number
  graceMinutes: number
  keepDays: number
  /** Absent: none are taken. */
  snapshots?: { keep: number } | undefined
  /** What a seat had before a reset with empty files is kept beside what it has; so many times at most. */
  resets: { keep: number }
  /** What a person's own volume holds, one for all of their courses that have it. */
  personalQuotaMb: number
  /** How many submissions of a student are kept in a course that does not say, and how large they may be together. */
  submissions?: { most?: number | undefined; totalMb?: number | undefined } | undefined
  /** A student who has not come for so many weeks is dormant; 0: nobody is for that. */
  dormantWeeks: number
  headroom: Headroom
  /** A course's own is never below this; `growthPercent` is added to a roster, and to what a review grants. */
  allowance: {
    seats: number
    atOnce: number
    hoursPerWeek: number
    budget: number
    growthPercent: number
  }
  gate: Gate
  lifecycle: Lifecycle
  /** When classes are held: where the nearest slots are looked for. */
  teaching: { hours: string; days: Weekday[]; stepMinutes: number; weeks: number }
}

/** What a change is held against: what no rule says anything about is approved at once. */
export interface Gate {
  rules: GateRule[]
  /** Whether who proposed a change may approve it: only where nobody else could, ever, or never. Recorded as such. */
  solo: 'never' | 'alone' | 'always'
}

/** Every rule that holds counts: one that denies is enough, and each that asks for a review must have it. */
export interface GateRule {
  key: string
  /** Why, as the teacher and the reviewer read it. */
  title: Text
  lane: 'deny' | 'review'
  when: GateCondition
  /** Not where this holds too. */
  unless?: GateCondition | undefined
  /** Teams, any of which may approve. `administrators`, and `git` (who may push to the estate), are always there. */
  by: string[]
  /** How many different approvals it takes. */
  approvals: number
  /** Who may approve too once the others were silent for so many working hours. */
  deputy?: { by: string[]; afterWorkingHours: number } | undefined
}

/** All that is given must hold. Lists: one of them. Numbers: at least so many. */
export interface GateCondition {
  documents?: DocumentKind[] | undefined
  authors?: ('teacher' | 'administrator' | 'operator' | 'reviewer')[] | undefined
  courses?: string[] | undefined
  zones?: string[] | undefined
  pools?: string[] | undefined
  contradictions?: number | undefined
  beyondAllowance?: number | undefined
  raisesAllowance?: number | undefined
  beyondBudget?: number | undefined
  unplacedSeats?: number | undefined
  displacedSessions?: number | undefined
  newRights?: number | undefined
  newImages?: number | undefined
  newPorts?: number | undefined
  students?: number | undefined
  gpus?: number | undefined
}

export type DocumentKind = 'Course' | 'Environment' | 'Policy' | 'Pool' | 'Zone'
