/** Does it fit? Notes about machines of unknown size, and sessions without room or in a pool that is closed, with where else there is room. */
import type { Inventory, Note } from '../terms.ts'
import type { Policy } from '../terms-policy.ts'
import { formatInstant, formatWall, parseInstant } from './clock.ts'
import type { CompileInput, Compiled } from '../compile.ts'
import { closedNotes, withRoomElsewhere } from './closed.ts'
import type { Placed } from './placement.ts'
import type { CoursePlan } from './plan.ts'
import { shortagesOf } from './shortage.ts'
import type { Shortage } from './shortage.ts'
import { nearestSlots } from './slots.ts'

/** Other slots are looked for where a person is likely to look: one session of each of these courses. */
const coursesWithSlots = 8

/** What is over needs no note. */
export function fitNotes(
  plans: CoursePlan[],
  placed: Map<string, Placed>,
  input: Pick<CompileInput, 'policy' | 'now' | 'hasNoSlots' | 'inventory'>,
): Note[] {
  const { policy, hasNoSlots } = input
  const now = parseInstant(input.now)
  const most = hasNoSlots ? 0 : coursesWithSlots
  const notes: Note[] = []
  const byCourse = new Map(plans.map((plan) => [plan.course.key, plan]))
  const searched = new Set<string>()
  for (const [pool, one] of placed) {
    for (const node of one.market.unsized) {
      notes.push({
        code: 'node-size-unknown',
        severity: 'warning',
        where: { pool },
        params: { node },
      })
    }
    for (const shortage of shortagesOf(one)) {
      const plan = byCourse.get(shortage.course)
      if (plan === undefined || isOver(plan, shortage, now)) continue
      const isSearched = searched.size < most && !searched.has(shortage.course)
      if (isSearched) searched.add(shortage.course)
      notes.push(shortageNote(shortage, plan, one, isSearched, policy, now))
    }
  }
  const closed = input.inventory?.closed ?? {}
  return [...notes, ...closedNotes(plans, placed, { closed, now, hasNoSlots })]
}

/** How many sessions of one course get slots when somebody is at work on that course, and how many notes are looked into in all. */
const sessionsWithSlots = 2
const notesWithMore = 8

/**
 * The notes of courses somebody is at work on, each session without room with the slots where it would have room, and a closed
 * pool with the pools that have room instead: of the first of them, since that somebody waits.
 */
export function slotsForNotes(
  notes: Note[],
  { plans, placed }: Pick<Compiled, 'plans' | 'placed'>,
  known: { policy: Policy; closed: Inventory['closed']; now: number },
): Note[] {
  const searched = new Map<string, number>()
  let left = notesWithMore
  return notes.map((note) => {
    const { course = '', session: key, pool } = note.where
    if (left === 0) return note
    const plan = plans.find((one) => one.course.key === course)
    if (plan && note.code === 'pool-closed') {
      left--
      return withRoomElsewhere(note, plan, placed, known)
    }
    if (note.params['slots'] !== null || note.code === 'seat-too-large') return note
    const session = plan?.occurrences.find((one) => one.key === key)
    const there = placed.get(pool ?? '')
    const before = searched.get(course) ?? 0
    if (!plan || !session || !there || before === sessionsWithSlots) return note
    searched.set(course, before + 1)
    left--
    const slots = nearestSlots(plan, session, there, known.policy, known.now)
    return { ...note, params: { ...note.params, slots: slots.map((one) => ({ ...one })) } }
  })
}

function isOver(plan: CoursePlan, shortage: Shortage, now: number): boolean {
  const session = plan.occurrences.find((one) => one.key === shortage.session)
  return (session?.graceEndsAt ?? shortage.at) <= now
}

const codes: Record<Shortage['why'], string> = {
  'too-large': 'seat-too-large',
  'at-maximum': 'pool-at-maximum',
  'no-room': 'session-does-not-fit',
  scattered: 'session-scattered',
}

function shortageNote(
  shortage: Shortage,
  plan: CoursePlan,
  placed: Placed,
  isSearched: boolean,
  policy: Policy,
  now: number,
): Note {
  const { seats, resource, needed, free, missing } = shortage
  const session = plan.occurrences.find((one) => one.key === shortage.session)
  const pool = placed.market.pool.key
  const at = formatInstant(shortage.at)
  const where = { course: shortage.course, session: shortage.session, pool, at }
  const wall = formatWall(session?.wallStart ?? shortage.at)
  const hasSlots = isSearched && session !== undefined && shortage.why !== 'too-large'
  const slots = hasSlots
    ? nearestSlots(plan, session, placed, policy, now).map(({ wall, startsAt }) => ({
        wall,
        startsAt,
      }))
    : null
  const { maximum } = placed.market.pool
  const params = { wall, seats, resource, needed, free, missing, maximum, slots }
  return { code: codes[shortage.why], severity: 'error', where, params }
}
