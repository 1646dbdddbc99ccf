/**
 * Students whom nobody expected come into a class that runs: enrolled in the LMS a moment ago, they launch like
 * everybody. For the test (a small class) and the bench (30 and 5).
 */
import { many, one, sql } from '../api/data/db.ts'
import { seatsSaid } from './beds/seats-said.ts'
import {
  type PracticeClass,
  type PracticeMeans,
  practiceClass,
  seatsReady,
  until,
} from './practice-class.ts'

const COURSE = 'networks-101'
const LIMIT_MS = 180_000

const people = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, i) => `student${i + from}`)

/** A class whose list has been read and whose students are all at work. */
export async function fullClass(students: number, means: PracticeMeans): Promise<PracticeClass> {
  const practice = await practiceClass({ students, followsRoster: true }, means)
  try {
    const { lms, inst } = practice
    lms.setStudents(COURSE, people(students))
    await seatsReady(inst, students).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${seatsSaid(practice.bed)}`)
    })
    // The first teacher who comes has the list read; this one is a student on it until then.
    await practice.launch('assistant1')
    await until(
      async () =>
        (
          await one<{ n: number }>(
            inst.pool,
            sql`select count(*)::int as n from lms_context where roster_read_at is not null`,
          )
        ).n === 1,
      30_000,
      () => `the list to be read:\n${inst.log('api').slice(-2000)}`,
    )
    await Promise.all(people(students).map((person) => practice.launch(person)))
    await until(
      async () => (await ready(practice)) === students,
      LIMIT_MS,
      () => `${students} at work:\n${saidBy(practice)}`,
    )
    return practice
  } catch (error) {
    await practice.close()
    throw error
  }
}

const saidBy = ({ inst, bed }: PracticeClass): string =>
  `${inst.log('worker').slice(-3000)}\n${seatsSaid(bed)}`

const ready = async ({ inst }: PracticeClass): Promise<number> =>
  (
    await one<{ n: number }>(
      inst.pool,
      sql`select count(*)::int as n from workspace where state = 'ready'`,
    )
  ).n

export type Late = {
  /** From the first click until the last of them is in; milliseconds. */
  ms: number
  pages: Awaited<ReturnType<PracticeClass['launch']>>[]
  /** What was changed because of it, and who was asked. */
  changes: { state: string; lane: string; author: string; approvals: number }[]
}

export async function comeLate(
  practice: PracticeClass,
  of: { students: number; late: number },
): Promise<Late> {
  const { students, late } = of
  const { inst } = practice
  practice.lms.setStudents(COURSE, people(students + late))
  const begun = performance.now()
  const pages = await Promise.all(
    people(late, students + 1).map((person) => practice.launch(person)),
  )
  await until(
    async () => (await ready(practice)) === students + late,
    LIMIT_MS,
    () => `${late} more at work:\n${saidBy(practice)}`,
  )
  const ms = performance.now() - begun
  const changes = await many<Late['changes'][number]>(
    inst.pool,
    sql`select state, lane, author, (select count(*)::int from approval where change_id = change.id) as approvals
        from change where author = 'roster' order by created_at`,
  )
  return { ms, pages, changes }
}
