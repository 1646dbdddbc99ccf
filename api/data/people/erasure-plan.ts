/** What is there of a person, before anything of it goes: the same list for who asks, who orders and who looks twice. */
import { type Db, findOne, many, one, sql } from '../db.ts'
import type { Text } from '../../../stacks/terms.ts'
import type { VolumeBackend } from '../volumes/volume.ts'

export type PersonLine = {
  id: string
  pseudonym: string
  name: string | null
  administrator: boolean
  seen_at: Date
  courses: number
}

const personColumns = sql`person.id, person.pseudonym, person.display_name as name, person.administrator, person.seen_at,
  (select count(*)::int from workspace where person_id = person.id) as courses`

/** Who is not erased yet, by pseudonym or a part of their name, who came last first. */
export async function findPeople(db: Db, find: string): Promise<PersonLine[]> {
  const part = `%${find.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  return many(
    db,
    sql`select ${personColumns} from person where erased_at is null
          and (pseudonym = ${find} or display_name ilike ${part}) order by seen_at desc, pseudonym limit 50`,
  )
}

export async function personByPseudonym(
  db: Db,
  pseudonym: string,
): Promise<PersonLine | undefined> {
  return findOne(
    db,
    sql`select ${personColumns} from person where erased_at is null and pseudonym = ${pseudonym}`,
  )
}

export type OwnVolume = {
  id: string
  name: string
  /** Empty for their own, which is of all of their courses and of no seat. */
  course: string
  seat: number
  backend: VolumeBackend
  bytes: number | null
}

export type OwnSubmission = {
  id: string
  course: string
  number: number
  created_at: Date
  bytes: number | null
  /** Why it has to be kept, and until when; null when nothing says so. */
  duty: Text | null
  duty_until: Date | null
}

export type ErasurePlan = {
  volumes: OwnVolume[]
  submissions: OwnSubmission[]
  /** Keys of courses in which a workspace of theirs runs: it is stopped first. */
  running: string[]
  /** Rows that name them or stand for them. */
  records: { logins: number; memberships: number; shares: number }
}

/** Every generation of the seats they hold, and all they handed in. */
export async function erasurePlan(
  db: Db,
  who: { personId: string; now: Date },
): Promise<ErasurePlan> {
  const { personId, now } = who
  const volumes = await many<OwnVolume>(
    db,
    sql`select volume.id, volume.name, coalesce(course.key, '') as course, coalesce(seat.number, 0) as seat, backend,
          used_bytes as bytes
        from volume left join workspace on workspace.seat_id = volume.seat_id left join seat on seat.id = volume.seat_id
          left join course on course.id = seat.course_id
        where (workspace.person_id = ${personId} or volume.person_id = ${personId}) and volume.state <> 'purged'
          and erased_at is null
        order by course, volume.generation`,
  )
  const submissions = await many<OwnSubmission>(
    db,
    sql`select submission.id, course.key as course, submission.number, submission.created_at, submission.bytes,
          case when ${isDue(now)} then submissions_duty end as duty,
          case when ${isDue(now)} then submissions_duty_until end as duty_until
        from submission join workspace on workspace.id = workspace_id join course on course.id = workspace.course_id
        where workspace.person_id = ${personId} order by course.key, submission.number`,
  )
  const running = await many<{ key: string }>(
    db,
    sql`select course.key from workspace join course on course.id = course_id
        where person_id = ${personId} and workspace.state in ('starting', 'ready', 'resetting', 'stopping') order by 1`,
  )
  const records = await one<ErasurePlan['records']>(
    db,
    sql`select (select count(*)::int from login where person_id = ${personId}) as logins,
          (select count(*)::int from membership where person_id = ${personId}) as memberships,
          (select count(*)::int from course_share where person_id = ${personId}) as shares`,
  )
  return { volumes, submissions, running: running.map(({ key }) => key), records }
}

// What was never kept is no submission that a duty could hold.
const isDue = (now: Date) => sql`submission.state = 'kept' and submissions_duty_until > ${now}`
