/** What people are told of a change: that it waits, for whom and since when; what became of it. */
import type { Change } from './change.ts'
import type { StoredDocument } from '../courses/course.ts'
import { hasWaited, titleIn } from '../courses/new-course.ts'
import { type Db, findOne, many, sql } from '../db.ts'
import { type NoticeLine, sendNotice } from '../notice.ts'

const SHOWN_MS = 24 * 3_600_000
/** A change that waits is shown for as long as it does. */
const WAIT_SHOWN_MS = 365 * 24 * 3_600_000

const threadOf = (id: string) => `change/${id}`

/** To the infra team, and to the teachers of each course it is about. */
export async function tellOfWait(
  tx: Db,
  waits: { change: Change; documents: StoredDocument[]; now: Date },
): Promise<void> {
  const { change, documents, now } = waits
  const isDenied = change.lane === 'deny'
  const code = isDenied ? 'notice.change-denied' : 'notice.change-waits'
  const params = { title: change.title, createdAt: now.toISOString() }
  const why = change.rules.map(({ title }) => ({
    ...{ code: 'change.rule', params: { why: title.en, whyFr: title.fr } },
  }))
  const lines = isDenied ? why : [...why, waitsFor(change)]
  const shownUntil = new Date(now.getTime() + (isDenied ? SHOWN_MS : WAIT_SHOWN_MS))
  const common = { code, params, lines, thread: threadOf(change.id), now }
  await sendNotice(tx, { ...common, to: 'infra', dedupeKey: `${threadOf(change.id)}/infra` })
  for (const course of await coursesOf(tx, documents))
    await sendNotice(tx, {
      ...{ ...common, to: 'teachers', courseId: course, shownUntil },
      dedupeKey: `${threadOf(change.id)}/${course}`,
    })
}

/** Teachers read no word of Git: what may be merged there may be approved by the administrators, too. */
function waitsFor({ rules }: Pick<Change, 'rules'>): NoticeLine {
  const teams = [...new Set(rules.flatMap((rule) => rule.by))].filter((team) => team !== 'git')
  const by = teams.toSorted().join(', ')
  return by === '' || by === 'administrators'
    ? { code: 'change.with-administrators' }
    : { code: 'change.with', params: { by } }
}

/** To the infra team: a class under way took more than its course may have. */
export async function tellOfClass(
  tx: Db,
  took: { id: string; title: string; courses: string[]; now: Date },
): Promise<void> {
  await sendNotice(tx, {
    ...{ code: 'notice.change-in-class', to: 'infra', now: took.now },
    params: { title: took.title, courses: took.courses.join(', ') },
    dedupeKey: `${threadOf(took.id)}/in-class`,
  })
}

/**
 * To the teachers who were told that it waits, and to who made a course that is there only now: whatever the policy says of
 * it by now.
 */
export async function tellOfDecision(tx: Db, decided: { id: string; now: Date }): Promise<void> {
  const { id, now } = decided
  const change = await findOne<{
    title: string
    state: string
    has_waited: boolean
    message: string | null
    documents: StoredDocument[]
    author_role: string | null
  }>(
    tx,
    sql`select title, state, ${hasWaited} as has_waited, message, documents, author_role from change where id = ${id}`,
  )
  if (!change?.has_waited) return
  const made = change.state === 'approved' ? await coursesOf(tx, change.documents) : []
  const courses = new Set([...(await coursesTold(tx, id)), ...made])
  if (courses.size === 0 && change.author_role === 'teacher')
    await sendNotice(tx, {
      ...{ code: `notice.change-${change.state}`, to: 'teachers', now },
      params: { ...titleOf(change), reason: change.message ?? '' },
      ...{ thread: threadOf(id), dedupeKey: `${threadOf(id)}/author/${change.state}` },
    })
  for (const courseId of courses)
    await sendNotice(tx, {
      ...{ code: `notice.change-${change.state}`, to: 'teachers', courseId, now },
      params: { title: change.title, reason: change.message ?? '' },
      ...{ thread: threadOf(id), dedupeKey: `${threadOf(id)}/${courseId}/${change.state}` },
      shownUntil: new Date(now.getTime() + SHOWN_MS),
    })
}

/** As a course that is not there yet calls itself. */
function titleOf({ title, documents }: { title: string; documents: StoredDocument[] }) {
  const said = titleIn(documents[0]?.text ?? '')
  return said ? { title: said.en, titleFr: said.fr } : { title }
}

async function coursesOf(tx: Db, documents: StoredDocument[]): Promise<string[]> {
  const keys = documents.filter((one) => one.kind === 'Course').map((one) => one.key)
  const rows = await many<{ id: string }>(
    tx,
    sql`select id from course where key = any(${keys}::text[]) order by key`,
  )
  return rows.map((row) => row.id)
}

/** Once, to the infra team and to the teachers who were told that it waits: its deputies may decide too from now on. */
export async function tellDeputies(
  tx: Db,
  told: { change: Pick<Change, 'id' | 'title' | 'created_at' | 'rules'>; by: string[]; now: Date },
): Promise<boolean> {
  const { change, by, now } = told
  const key = `${threadOf(change.id)}/deputy/${by.join(',')}`
  const params = (teams: string[]) => ({
    ...{ title: change.title, by: teams.join(', ') },
    createdAt: change.created_at.toISOString(),
  })
  const common = { code: 'notice.change-deputy', now, thread: threadOf(change.id) }
  const isNew = await sendNotice(tx, {
    ...{ ...common, to: 'infra', params: params(by), dedupeKey: key },
  })
  // Teachers read no word of Git.
  const forTeachers = by.filter((team) => team !== 'git')
  if (!isNew || forTeachers.length === 0) return isNew
  const shownUntil = new Date(now.getTime() + WAIT_SHOWN_MS)
  for (const courseId of await coursesTold(tx, change.id))
    await sendNotice(tx, {
      ...{ ...common, to: 'teachers', courseId, shownUntil, params: params(forTeachers) },
      ...{ lines: [waitsFor(change)], dedupeKey: `${key}/${courseId}` },
    })
  return isNew
}

async function coursesTold(tx: Db, changeId: string): Promise<string[]> {
  const rows = await many<{ course_id: string }>(
    tx,
    sql`select distinct course_id from notice where thread = ${threadOf(changeId)} and course_id is not null`,
  )
  return rows.map((row) => row.course_id)
}
