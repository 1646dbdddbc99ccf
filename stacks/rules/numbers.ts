/** Which numbered seats does a session use? Holders first, their group's next, free numbers in order. */
import type { Course, Inventory } from '../terms.ts'
import { seatNumbers, seatRanges } from '../blueprint.ts'
import type { Occurrence } from './schedule.ts'

export interface Numbering {
  /** Numbers each session needs, by session key, as `1-30`. */
  textBySession: Map<string, string>
  /** All numbers of the course: what sessions use, what holders (dormant too) have, what has a volume. */
  all: number[]
  /** Sessions for which more seats are held than students are expected: key → holders. */
  beyond: Map<string, number>
}

/** Seat numbers of all sessions of a course. */
export function numberSeats(
  course: Course,
  occurrences: Occurrence[],
  inventory: Inventory,
): Numbering {
  const dormant = new Set(inventory.dormant[course.key])
  const taken = (inventory.taken[course.key] ?? []).filter((seat) => !dormant.has(seat))
  const groups = groupNumbers(course, dormant)
  const textBySession = new Map<string, string>()
  const beyond = new Map<string, number>()
  const all = new Set<number>([...taken, ...dormant, ...(inventory.volumes[course.key] ?? [])])
  const known = new Map<string, { count: number; text: string }>()
  for (const session of occurrences) {
    const want = session.students + session.spares
    const shape = `${session.group ?? ''}:${want}`
    let numbers = known.get(shape)
    if (numbers === undefined) {
      const own = session.group === undefined ? [] : (groups.get(session.group) ?? [])
      const others = numbersOfOthers(groups, session.group)
      const holders = taken.filter((seat) =>
        own.length > 0 ? own.includes(seat) : !others.has(seat),
      )
      const picked = pick(want, own, dormant, others, holders)
      for (const seat of picked) all.add(seat)
      numbers = { count: picked.length, text: seatRanges(picked) }
      known.set(shape, numbers)
    }
    textBySession.set(session.key, numbers.text)
    if (numbers.count > want) beyond.set(session.key, numbers.count)
  }
  return { textBySession, all: [...all], beyond }
}

/** Groups without numbers of their own follow each other: 1–15, 16–30, … */
function groupNumbers(course: Course, dormant: Set<number>): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  const claimed = new Set(course.groups.flatMap((group) => seatNumbers(group.seats ?? '')))
  let next = 1
  for (const group of course.groups) {
    const numbers = seatNumbers(group.seats ?? '').filter((seat) => !dormant.has(seat))
    for (; group.seats === undefined && numbers.length < group.students; next++) {
      if (!claimed.has(next) && !dormant.has(next)) numbers.push(next)
    }
    groups.set(group.key, numbers)
  }
  return groups
}

/** Numbers of the other groups: a session of group A never wakes seats of group B. */
function numbersOfOthers(groups: Map<string, number[]>, group: string | undefined): Set<number> {
  const others = new Set<number>()
  if (group === undefined) return others
  for (const [key, numbers] of groups) {
    if (key !== group) for (const seat of numbers) others.add(seat)
  }
  return others
}

function pick(
  want: number,
  own: number[],
  dormant: Set<number>,
  others: Set<number>,
  holders: number[],
): number[] {
  const numbers = new Set<number>(own.slice(0, want))
  for (let seat = 1; numbers.size < want; seat++) {
    if (!dormant.has(seat) && !others.has(seat)) numbers.add(seat)
  }
  for (const seat of holders) numbers.add(seat)
  return [...numbers].toSorted((a, b) => a - b)
}
