/**
 * What a pass of the reconciler reads: what is due, and of seats and people only what belongs to courses something happened to since it
 * was read last. The rows themselves say which (course-change.ts); now and then, and of a blueprint that is new, all of it is read.
 */
import type { Blueprint } from '../../stacks/blueprint.ts'
import type { Steps } from './pass-steps.ts'
import type { WantedStack } from '../../stacks/rules/wanted.ts'
import { changesSince } from '../../api/data/courses/course-change.ts'
import { inOneBreath, type Pool } from '../../api/data/db.ts'
import { type Due, whatIsDue } from '../../api/data/runs/due.ts'
import {
  reasonsByCourse,
  type Running,
  runningOf,
  type WarmSeat,
  wantWarmSeats,
} from '../../api/data/workspaces/reasons.ts'
import { type Warm, noteShort } from '../../api/data/sessions/session-ready.ts'
import { type UnusualSeat, unusualSeats } from '../../api/data/runs/stack-wish.ts'

/** However little happens, all of it is read so often. */
const READ_ALL_MS = 30 * 60_000

export type PassReader = {
  /** What is due; what is read below is of this moment or later. */
  look(now: Date, leaseNow: Date): Promise<Due>
  /** The pass changed something itself. */
  lookAgain(): Promise<void>
  running(blueprint: Blueprint): Promise<Running>
  /** Turns seats on and off; see `wantWarmSeats`. */
  turnSeats(warm: WarmSeat[], steps: Steps): Promise<void>
  unusualSeats(stacks: WantedStack[]): Promise<UnusualSeat[]>
  /** Writes down which sessions that were ready lack seats; see `noteShort`. */
  noteShort(warm: WarmSession[], now: Date): Promise<void>
}

export type WarmSession = Warm[number] & { courseKey: string }

export function passReader(pool: Pool): PassReader {
  let mark: string | undefined
  let readAllAt = -Infinity
  const running = keptByCourse<Running>((of) => reasonsByCourse(pool, of))
  const turns = questions<WarmSeat>(({ courseKey }) => courseKey)
  const unusual = questions<WantedStack>(({ course }) => course)
  const short = questions<WarmSession>(({ courseKey }) => courseKey)
  let unusualRows = new Map<string, UnusualSeat[]>()
  let last: Blueprint | undefined
  const note = (changes: { mark: string; courses: string[] | null }): void => {
    mark = changes.mark
    for (const one of [running, turns, unusual, short]) one.touch(changes.courses)
  }
  return {
    async look(now, leaseNow) {
      const isWhole = now.getTime() < readAllAt || now.getTime() >= readAllAt + READ_ALL_MS
      const since = isWhole ? undefined : mark
      // What fails may be the server, and the next one need not have all that this one had.
      mark = undefined
      const [due, changes] = await inOneBreath(pool, (db) =>
        Promise.all([whatIsDue(db, now, leaseNow), changesSince(db, since)]),
      )
      note(changes)
      if (isWhole) readAllAt = now.getTime()
      return due
    },
    lookAgain: async () => note(await changesSince(pool, mark)),
    async running(blueprint) {
      if (blueprint !== last) note({ mark: mark ?? '0', courses: null })
      last = blueprint
      return runningOf(await running.read())
    },
    async turnSeats(warm, steps) {
      let hasFailed = false
      await turns.ask(warm, (of, some) =>
        steps.inCourses('its seats could not be turned on and off.', async (one) => {
          const own = some.filter(({ courseKey }) => courseKey === one?.key)
          if (one) return wantWarmSeats(pool, own, [one.key])
          hasFailed = true
          const changed = await wantWarmSeats(pool, some, of)
          hasFailed = false
          return changed
        }),
      )
      // Asked again in the next pass.
      if (hasFailed) turns.touch(null)
    },
    async unusualSeats(stacks) {
      await unusual.ask(stacks, async (of, some) => {
        const rows = Map.groupBy(await unusualSeats(pool, some), (row) => row.course_key)
        if (!of) unusualRows = rows
        for (const course of of ?? []) unusualRows.set(course, rows.get(course) ?? [])
      })
      return [...unusualRows.values()].flat()
    },
    noteShort: (warm, now) =>
      short.ask(warm, async (_, some) => {
        if (some.length > 0) await noteShort(pool, { warm: some, now })
      }),
  }
}

/** Courses to be looked at: undefined for all of them. Kept until they were: what threw is looked at in the next pass. */
function staleCourses() {
  let isAll = true
  const keys = new Set<string>()
  return {
    touch(courses: string[] | null): void {
      isAll ||= courses === null
      for (const course of courses ?? []) keys.add(course)
    },
    async read(
      work: (of: string[] | undefined) => Promise<unknown>,
      more: string[] = [],
    ): Promise<void> {
      const of = isAll ? undefined : [...new Set([...keys, ...more])]
      if (of?.length === 0) return
      await work(of)
      isAll = false
      keys.clear()
    },
  }
}

function keptByCourse<Fact>(read: (of: string[] | undefined) => Promise<Map<string, Fact>>) {
  const stale = staleCourses()
  let known = new Map<string, Fact>()
  return {
    touch: stale.touch,
    async read(): Promise<Fact[]> {
      await stale.read(async (of) => {
        const fresh = await read(of)
        if (!of) known = fresh
        for (const course of of ?? []) {
          const fact = fresh.get(course)
          if (fact === undefined) known.delete(course)
          else known.set(course, fact)
        }
      })
      return [...known.values()]
    },
  }
}

/** Something asked about each course: anew when something happened to it, or when something else is asked. */
function questions<Question>(courseOf: (question: Question) => string) {
  const stale = staleCourses()
  let asked = new Map<string, string>()
  return {
    touch: stale.touch,
    async ask(
      all: Question[],
      work: (of: string[] | undefined, some: Question[]) => Promise<unknown>,
    ): Promise<void> {
      const byCourse = Map.groupBy(all, courseOf)
      const names = new Map([...byCourse].map(([course, own]) => [course, JSON.stringify(own)]))
      const courses = new Set([...names.keys(), ...asked.keys()])
      const other = [...courses].filter((course) => names.get(course) !== asked.get(course))
      await stale.read(
        (of) => work(of, of ? of.flatMap((course) => byCourse.get(course) ?? []) : all),
        other,
      )
      asked = names
    },
  }
}
