/** Networks 101 of the cast in an LMS, with its people signed in; and one of them at a seat, whose volume the test records as a run does. */
import { one, sql, withTransaction } from '../../api/data/db.ts'
import { recordVolumes } from '../../api/data/volumes/volume.ts'
import type { Storage } from '../../stacks/terms-pool.ts'
import {
  addLmsCourse,
  importDocuments,
  launch,
  seatReady,
  signIn,
  type SignedIn,
} from '../cast/record.ts'
import { openWebsite, type Website } from './website.ts'

export const COURSE = 'networks-101'

type Planned = {
  now: Date
  /** When its documents came into force, if that was before `now`. */
  plannedAt?: Date
  documents?: { name: string; text: string }[]
  studentName?: string
}

export type CourseScene = {
  site: Website
  contextId: string
  student: SignedIn
  /** Another student of the course. */
  stranger: SignedIn
  teacher: SignedIn
}

export async function courseScene(planned: Planned): Promise<CourseScene> {
  const { now, plannedAt = now, documents, studentName = 'Student One' } = planned
  const site = await openWebsite(now)
  const { pool, ring } = site
  await importDocuments(pool, ring, plannedAt, documents)
  const contextId = await addLmsCourse(pool, { courseKey: COURSE, contextId: '2', now })
  const person = { contextId, now }
  return {
    ...{ site, contextId },
    student: await signIn(pool, { name: studentName, ...person }),
    stranger: await signIn(pool, { name: 'Student Two', ...person }),
    teacher: await signIn(pool, { name: 'Teacher One', role: 'teacher', ...person }),
  }
}

export type SeatScene = CourseScene & {
  /** The student's workspace, whose seat is ready. */
  mine: { id: string }
  seatId: string
  /** As a run of the volumes stack leaves it; without a limit it is the engine's. */
  recordVolume(volume: RecordedVolume): Promise<void>
}

type RecordedVolume = {
  generation?: number
  name?: string
  limit: { backend: Storage['backend']; limitMb: number } | null
  at?: Date
}

export const volumeOf = (generation: number): string => `lp-test0000-c0urse00-s001-g${generation}`

export async function seatScene(planned: Planned): Promise<SeatScene> {
  const course = await courseScene(planned)
  const { pool } = course.site
  const { now } = planned
  const { personId } = course.student
  const mine = await launch(pool, { personId, courseKey: COURSE, now })
  await seatReady(pool, mine.id, now)
  const { seatId } = await one<{ seatId: string }>(
    pool,
    sql`select seat_id as "seatId" from workspace where id = ${mine.id}`,
  )
  return {
    ...{ ...course, mine, seatId },
    async recordVolume({ generation = 1, name = volumeOf(generation), limit, at = now }) {
      const volumes = [{ seatId, generation, name, limit }]
      await withTransaction(pool, (tx) => recordVolumes(tx, { volumes, now: at }))
    },
  }
}
