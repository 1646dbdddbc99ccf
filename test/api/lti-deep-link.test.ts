/** How an activity of the LMS comes to open a course: chosen, typed by hand, copied, decided. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { many, one, sql } from '../../api/data/db.ts'
import { readChoice, signChoice } from '../../api/lti/course-choice.ts'
import { type HttpAnswer, ask } from '../lms/http.ts'
import {
  chosenActivity,
  counts,
  launchAndEnter,
  openScene,
  plannedCourse,
  refusalOf,
  registerAndActivate,
} from './lti-scene.ts'

const scene = await openScene()
afterAll(() => scene.close())
const { pool, lms, config, ring } = scene
const platformId = await registerAndActivate(scene)
await plannedCourse(scene, 'routing')
await plannedCourse(scene, 'crypto')
await plannedCourse(scene, 'old', { seats: 1, state: 'archived' })

/** A browser's own requests to Labplan, with the cookies it got. */
const browse = (cookies: string[], path: string, form?: Record<string, string>) =>
  ask(new URL(path, config.publicUrl).href, {
    headers: { cookie: cookies.join('; '), origin: config.publicUrl },
    ...(form && { form }),
  })

/** A teacher presses "Select content" and arrives at our page. */
async function choosing(person = 'teacher1', into?: string) {
  const launched = await lms.launch({ person, course: 'networks-101', ...(into && { into }) })
  const location = String(launched.headers['location'])
  const entered = await browse(launched.cookies, location)
  const path = String(entered.headers['location'])
  const page = await browse(entered.cookies, path)
  return { launched, cookies: entered.cookies, path, page }
}

const csrfOf = (page: HttpAnswer) => /name="csrf" value="([\w-]+)"/.exec(page.text)?.[1] ?? ''
const fieldOf = (page: HttpAnswer, name: string) =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1] ?? ''
const actionOf = (page: HttpAnswer) =>
  (/<form method="post" action="([^"]*)" data-submit>/.exec(page.text)?.[1] ?? '').replaceAll(
    '&amp;',
    '&',
  )

/** Chooses a course as a teacher does; answers the key of the activity that now opens it. */
async function choose(course: string, into?: string, startAt = ''): Promise<string> {
  const { cookies, path, page } = await choosing('teacher1', into)
  const sent = await browse(cookies, path, { csrf: csrfOf(page), course, path: startAt })
  const known = new Set(lms.activities('networks-101').map(({ id }) => id))
  const returned = await ask(actionOf(sent), {
    form: { JWT: fieldOf(sent, 'JWT') },
    headers: { cookie: 'practice_lms=teacher1' },
  })
  expect(returned.status).toBe(200)
  return lms.activities('networks-101').find(({ id }) => !known.has(id))?.id ?? into ?? ''
}

describe('choosing a course inside the LMS', () => {
  it('shows the courses there are, in a page the LMS may frame', async () => {
    const { path, page } = await choosing()
    expect(path).toMatch(/^\/deep-links\/[0-9a-f-]{36}$/)
    expect(page.status).toBe(200)
    expect(page.text).toContain('Course routing')
    expect(page.text).toContain('value="crypto"')
    expect(page.text).not.toContain('value="old"')
    expect(page.headers['content-security-policy']).toContain(
      `frame-ancestors ${new URL(lms.url).origin}`,
    )
  })

  it('sends the choice back signed, once, and students get in by it', async () => {
    const { cookies, path, page } = await choosing()
    const sent = await browse(cookies, path, { csrf: csrfOf(page), course: 'routing' })
    expect(sent.status).toBe(200)
    expect(sent.text).toContain('submit.js')
    expect(sent.headers['content-security-policy']).toMatch(
      new RegExp(`form-action [^;]*${new URL(lms.url).origin}`),
    )
    const twice = await browse(cookies, path, { csrf: csrfOf(page), course: 'crypto' })
    expect(twice.status).toBe(410)
    const activity = await choose('routing')
    expect(lms.activity(activity).custom).toMatchObject({ course: 'routing' })
    const { page: workspace } = await launchAndEnter(scene, { person: 'student1', activity })
    expect(workspace).toMatch(/^\/workspaces\//)
  })

  it('gives the activity the path at which students begin, never one elsewhere', async () => {
    const activity = await choose('routing', undefined, '/lab/tree/week3.ipynb')
    expect(lms.activity(activity).custom).toMatchObject({ path: '/lab/tree/week3.ipynb' })
    const { cookies, path, page } = await choosing()
    const bad = { csrf: csrfOf(page), course: 'routing', path: '//other.example/' }
    expect((await browse(cookies, path, bad)).status).toBe(400)
  })

  it('makes the teacher one who edits plans, in this LMS course', async () => {
    await choosing()
    const rows = await many(
      pool,
      sql`select context_id, edits_plans from membership join person on person.id = person_id
          join lms_context on lms_context.id = lms_context_id where sub = '3'`,
    )
    expect(rows).toEqual([{ context_id: '2', edits_plans: true }])
  })

  it('is nobody else’s: another login does not find the page', async () => {
    const { path } = await choosing()
    const other = await choosing('manager1')
    expect((await browse(other.cookies, path)).status).toBe(410)
    expect((await browse([], path)).status).toBe(401)
    const forged = await browse(other.cookies, path, {
      csrf: csrfOf(other.page),
      course: 'routing',
    })
    expect(forged.status).toBe(410)
  })

  it('is over after an hour', async () => {
    const { cookies, path } = await choosing()
    scene.shiftMinutes(61)
    expect((await browse(cookies, path)).status).toBe(410)
    scene.shiftMinutes(0)
  })

  it('does not choose what is not offered', async () => {
    const { cookies, path, page } = await choosing()
    const answer = await browse(cookies, path, { csrf: csrfOf(page), course: 'old' })
    expect(answer.status).toBe(400)
    const again = await browse(cookies, path, { csrf: csrfOf(page), course: 'routing' })
    expect(again.status).toBe(200)
  })

  it('keeps the session key of the LMS out of the clear', async () => {
    await choosing()
    const stored = await many<{ row: string }>(
      pool,
      sql`select deep_link::text as row from deep_link`,
    )
    expect(stored.length).toBeGreaterThan(0)
    expect(JSON.stringify(stored)).not.toContain('sesskey')
  })

  it('can change what an activity opens: the last choice holds', async () => {
    const activity = await choose('routing')
    const first = await launchAndEnter(scene, { person: 'student2', activity })
    await choose('crypto', activity)
    const second = await launchAndEnter(scene, { person: 'student2', activity })
    expect(second.page).toMatch(/^\/workspaces\//)
    expect(second.page).not.toBe(first.page)
  })
})

describe('an activity nobody chose a course for', () => {
  beforeAll(() => {
    const typed = signChoice(ring, { platformId, contextId: '2', courseKey: 'routing' })
    const by = { course: 'networks-101', title: 'typed' }
    lms.putActivity({ ...by, key: 'nothing' })
    lms.putActivity({ ...by, key: 'typed', custom: { course: 'routing' } })
    lms.putActivity({ ...by, key: 'other', custom: { ...typed, course: 'crypto' } })
    lms.putActivity({
      ...{ ...by, key: 'elsewhere' },
      custom: signChoice(ring, { platformId: 'x', contextId: '2', courseKey: 'routing' }),
    })
    lms.putActivity({
      ...{ ...by, key: 'gone' },
      custom: signChoice(ring, { platformId, contextId: '2', courseKey: 'never-was' }),
    })
  })

  it.each(['nothing', 'typed', 'other', 'elsewhere', 'gone'])(
    '(%s) opens nothing and makes nothing; its teacher is told how to choose',
    async (key) => {
      const before = await counts(scene)
      const activity = `networks-101/${key}`
      const student = await lms.launch({ person: 'student3', activity })
      expect([student.status, refusalOf(student)]).toEqual([403, 'activity-unlinked'])
      const teacher = await lms.launch({ person: 'teacher1', activity })
      expect(refusalOf(teacher)).toBe('activity-unlinked-teacher')
      expect(teacher.text).toContain('Select content')
      expect(await counts(scene)).toEqual(before)
    },
  )

  it('is closed to students when its course is archived', async () => {
    const activity = chosenActivity(scene, {
      ...{ platformId, lmsCourse: 'networks-101', key: 'archived', courseKey: 'old' },
    })
    expect(refusalOf(await lms.launch({ person: 'student3', activity }))).toBe('course-not-open')
  })
})

describe('an activity copied with its LMS course', () => {
  const madeForPeople = async () => {
    const { person, membership, workspace, login } = await counts(scene)
    return { person, membership, workspace, login }
  }

  it('opens nothing until its teacher says which course it is', async () => {
    const original = await choose('routing')
    const { key } = lms.activity(original)
    const copy = lms.copyCourse('networks-101', { withStudents: true })
    const activity = `${copy.key}/${key}`
    const before = await madeForPeople()
    const student = await lms.launch({ person: 'student4', activity })
    expect(refusalOf(student)).toBe('activity-copied')
    expect(await madeForPeople()).toEqual(before)

    const { entered, page } = await launchAndEnter(scene, { person: 'teacher1', activity })
    expect(page).toMatch(/^\/copied-activities\//)
    const asked = await browse(entered.cookies, page)
    expect(asked.status).toBe(200)
    expect(asked.text).toContain('It opened “Course routing” in Networks 101')
    const decided = await browse(entered.cookies, page, { csrf: csrfOf(asked), decision: 'same' })
    expect([decided.status, decided.headers['location']]).toEqual([303, '/courses/routing'])
    const seated = await launchAndEnter(scene, { person: 'student4', activity })
    expect(seated.page).toMatch(/^\/workspaces\//)
    expect((await browse(entered.cookies, page)).status).toBe(410)
  })

  it('is not decided by an assistant, who teaches but may not edit either course', async () => {
    const original = await choose('routing')
    const copy = lms.copyCourse('networks-101')
    const activity = `${copy.key}/${lms.activity(original).key}`
    const { entered, page } = await launchAndEnter(scene, { person: 'assistant1', activity })
    const asked = await browse(entered.cookies, page)
    expect(asked.text).not.toContain('value="same"')
    const other = await choosing('manager1')
    const csrf = csrfOf(asked) || csrfOf(await browse(entered.cookies, '/'))
    const answer = await browse(entered.cookies, page, { csrf, decision: 'same' })
    expect(answer.status).toBe(403)
    expect((await browse(other.cookies, page)).status).toBe(404)
    const resource = await one<{ course_id: string | null }>(
      pool,
      sql`select course_id from lms_resource where id = ${page.split('/').at(-1)}`,
    )
    expect(resource.course_id).toBeNull()
  })
})

describe('the signature of a choice', () => {
  const choice = { platformId: 'p', contextId: 'context é/1', courseKey: 'routing' }

  it('reads back what was signed', () => {
    expect(readChoice(ring, 'p', signChoice(ring, choice))).toEqual(choice)
  })

  it('holds for nothing else', () => {
    const custom = signChoice(ring, choice)
    expect(readChoice(ring, 'q', custom)).toBeUndefined()
    expect(readChoice(ring, 'p', { ...custom, course: 'crypto' })).toBeUndefined()
    const [key, , signature] = (custom['course_choice'] ?? '').split('.')
    const moved = `${key}.${Buffer.from('other').toString('base64url')}.${signature}`
    expect(readChoice(ring, 'p', { ...custom, course_choice: moved })).toBeUndefined()
    expect(readChoice(ring, 'p', { ...custom, course_choice: `k9.${moved}` })).toBeUndefined()
    const unknownKey = (custom['course_choice'] ?? '').replace(/^k1/, 'k9')
    expect(readChoice(ring, 'p', { ...custom, course_choice: unknownKey })).toBeUndefined()
    expect(readChoice(ring, 'p', {})).toBeUndefined()
  })
})
