/** What a teacher may make a course of, and whose a course is that they made. */
import { parseDocuments } from '../../../stacks/schema-parse.ts'
import type { SeatNeeds, Text } from '../../../stacks/terms.ts'
import type { Pool as Described } from '../../../stacks/terms-pool.ts'
import type { Actor } from '../audit.ts'
import type { Propose } from '../changes/change.ts'
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { merged, valuesOf } from './documents.ts'
import { randomLabel } from '../ids.ts'
import { leakIn } from '../people/known-people.ts'

const USUAL_SEAT: SeatNeeds = { cpu: 0.5, memoryMb: 512, volumeQuotaMb: 1024 }

export type EnvironmentOffer = { key: string; title: Text; seat: SeatNeeds; pool: string }
export type CourseOffers = {
  environments: EnvironmentOffer[]
  pools: { key: string; title: Text }[]
}

/** Environments that can run and pools of a zone; each environment with what a usual course of it asks for. */
export async function courseOffers(db: Db, zoneKey: string): Promise<CourseOffers> {
  const stored = await many<{ kind: string; key: string; text: string }>(
    db,
    sql`select document.kind, document.key, document.text from document
        where document.kind in ('Environment', 'Pool') order by document.key`,
  )
  const documents = merged(stored, [])
  const open = await poolsOpen(db)
  // What runs seats today comes first; nodes are made by nobody where the cloud is not entered.
  const runs = (one: Pick<Described, 'key' | 'nodes'>) =>
    open.get(one.key)?.isEntered === true || (open.has(one.key) && one.nodes.length > 0)
  const pools = valuesOf(documents, 'Pool')
    .filter((one) => one.zone === zoneKey)
    .toSorted((a, b) => Number(runs(b)) - Number(runs(a)))
  const environments = valuesOf(documents, 'Environment').filter(
    (one) => one.zone === zoneKey && one.image !== undefined,
  )
  const offers = await Promise.all(
    environments.map(async ({ key, title }) => {
      const like = await smallestCourseOf(db, key)
      const pool = pools.find((one) => one.key === like?.pool) ?? pools[0]
      return { key, title, seat: like?.seat ?? USUAL_SEAT, pool: pool?.key ?? '' }
    }),
  )
  return { environments: offers, pools: pools.map(({ key, title }) => ({ key, title })) }
}

/** Pools that take new seats, and whether Labplan has the way into the cloud of each. */
async function poolsOpen(db: Db): Promise<Map<string, { isEntered: boolean }>> {
  const rows = await many<{ key: string; is_entered: boolean }>(
    db,
    sql`select key, exists (select from pool_credential where pool_id = pool.id) as is_entered
        from pool where closed is null`,
  )
  return new Map(rows.map((row) => [row.key, { isEntered: row.is_entered }]))
}

const LOOKED_AT = 20

/** Of the newest courses with it the one whose seats are smallest: what is special is asked for. */
async function smallestCourseOf(
  db: Db,
  environment: string,
): Promise<{ seat: SeatNeeds; pool: string } | undefined> {
  const rows = await many<{ document: string }>(
    db,
    sql`select document from course where document ~ ${`(?n)^environment: *${environment} *(#.*)?$`}
        order by created_at desc, id desc limit ${LOOKED_AT}`,
  )
  const courses = rows.flatMap(({ document }) => {
    const [read] = parseDocuments(document, environment).documents
    return read?.kind === 'Course' ? [read.value] : []
  })
  const size = ({ gpu, cpu }: SeatNeeds) => (gpu?.count ?? 0) * 1000 + cpu
  return courses.toSorted((a, b) => size(a.seat) - size(b.seat))[0]
}

/** The title's words and four characters that nobody has yet: a key never names two courses. */
export async function freeCourseKey(db: Db, base: string): Promise<string> {
  for (;;) {
    const key = `${base}-${randomLabel(4)}`
    const taken = await findOne(db, sql`select 1 as taken from course where key = ${key}`)
    if (!taken) return key
  }
}

type Making = {
  key: string
  text: string
  /** A teacher, whose course it is once it is in force. */
  actor: Actor
  now: Date
}

/** Refused: its texts name somebody, or look like a secret; or the policy denies it. */
export type Made = 'made' | 'waits' | { refused: 'person' | 'secret' | 'denied' }

/** In force and theirs; or, beyond what a course may have, asked for. Of a document that can be read. */
export async function makeCourse(making: Making, propose: Propose): Promise<Made> {
  const { key, text, actor, now } = making
  const outcome = await propose({ actor, now, sources: [{ name: key, text }] })
  const leak = outcome.outcome === 'wrong' ? leakIn(outcome.errors) : undefined
  if (leak) return { refused: leak }
  if (outcome.outcome !== 'changed')
    throw new Error(`A new course was ${outcome.outcome}: ${JSON.stringify(outcome)}`)
  if (outcome.change.lane === 'deny') return { refused: 'denied' }
  return outcome.change.state === 'approved' ? 'made' : 'waits'
}

/** New courses of a change that is approved now, at once or after a review: of the teacher who asked for them. */
export async function giveToMaker(
  tx: Db,
  of: { changeId: string; courseKeys: string[]; now: Date },
): Promise<void> {
  if (of.courseKeys.length === 0) return
  const maker = await findOne<{ id: string }>(
    tx,
    sql`select person.id from change join person on person.pseudonym = change.author
        where change.id = ${of.changeId} and change.author_role = 'teacher' and person.erased_at is null`,
  )
  if (!maker) return
  for (const courseKey of of.courseKeys)
    await ownCourse(tx, { courseKey, personId: maker.id, now: of.now })
}

/** Somebody made it: it is theirs to plan and to share, and nobody else's until they say so. */
async function ownCourse(
  tx: Db,
  own: { courseKey: string; personId: string; now: Date },
): Promise<void> {
  await execute(tx, sql`update course set usable_by_all = false where key = ${own.courseKey}`)
  await execute(
    tx,
    sql`insert into course_share (course_id, person_id, capability, created_at)
        select id, ${own.personId}, 'edit', ${own.now} from course where key = ${own.courseKey}
        on conflict (course_id, person_id) do update set capability = excluded.capability`,
  )
}

const REFUSED_SHOWN_DAYS = 30

export type AskedCourse = {
  title: Text
  state: 'proposed' | 'rejected'
  /** Asked for then, or decided. */
  at: Date
  reason: string | null
  time_zone: string
}

/** Of a change: somebody was told that it waits. Its lane does not say so: the policy may be another since. */
export const hasWaited = sql`exists (select from notice
  where notice.dedupe_key = 'change/' || change.id || '/infra' and notice.code = 'notice.change-waits')`

/** Courses that a teacher asked for and that are not there: they wait, or were not agreed to lately. Newest first. */
export async function askedCourses(
  db: Db,
  { personId, now }: { personId: string; now: Date },
): Promise<AskedCourse[]> {
  const rows = await many<Omit<AskedCourse, 'title'> & { name: string; text: string }>(
    db,
    sql`select change.state, change.state_at as at, change.message as reason, zone.time_zone, change.title as name,
          change.documents->0->>'text' as text
        from change join person on person.pseudonym = change.author join zone on zone.id = change.zone_id
        where person.id = ${personId} and change.author_role = 'teacher' and ${hasWaited}
          and (change.state = 'proposed' or change.state = 'rejected'
            and change.state_at > ${now}::timestamptz - make_interval(days => ${REFUSED_SHOWN_DAYS}))
          and change.documents->0->>'kind' = 'Course'
          and not exists (select from course where key = change.documents->0->>'key')
        order by change.created_at desc, change.id desc limit 10`,
  )
  return rows.map(({ name, text, ...row }) => ({ ...row, title: titleIn(text) ?? plain(name) }))
}

const plain = (name: string): Text => ({ en: name, fr: name })

/** As the course of a document calls itself. */
export function titleIn(text: string): Text | undefined {
  const [read] = parseDocuments(text, 'course.yaml').documents
  return read?.kind === 'Course' ? read.value.title : undefined
}

/** Whether somebody makes courses: they edit an LMS course, have a course that is theirs, or administer. Answers their zone's key. */
export async function zoneOfMaker(db: Db, personId: string): Promise<string | undefined> {
  const found = await findOne<{ key: string }>(
    db,
    sql`select zone.key from person join zone on zone.id = person.zone_id
        where person.id = ${personId} and (person.administrator
          or exists (select from membership where person_id = person.id and role = 'teacher' and edits_plans)
          or exists (select from course_share where person_id = person.id and capability = 'edit'))`,
  )
  return found?.key
}
