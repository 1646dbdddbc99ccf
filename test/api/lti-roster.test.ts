/** Lists of LMS courses, read from the practice LMS over its Names and Roles service. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { many, one, sql } from '../../api/data/db.ts'
import { backoffMs, isDue, rostersDue } from '../../api/data/lms/roster-due.ts'
import { rostersOfCourse } from '../../api/data/lms/roster-view.ts'
import { takeRoster } from '../../api/data/lms/roster.ts'
import { readRoster } from '../../api/lti/roster.ts'
import { reachFrom } from '../../api/reach.ts'
import { Visitor, formTo } from '../visitor.ts'
import {
  chosenActivity,
  launchAndEnter,
  openScene,
  plannedCourse,
  registerAndActivate,
} from './lti-scene.ts'

const scene = await openScene()
afterAll(() => scene.close())
const { pool, lms, config, ring, now } = scene
const platformId = await registerAndActivate(scene)
const courseId = await plannedCourse(scene, 'networks', { seats: 60 })
const lab = chosenActivity(scene, {
  ...{ platformId, lmsCourse: 'networks-101', key: 'lab', courseKey: 'networks' },
})
const everyone = Array.from({ length: 40 }, (_, i) => `student${i + 1}`)
const parts = { pool, ring, now, reach: reachFrom({ ...config, networks: config.lmsNetworks }) }

await launchAndEnter(scene, { person: 'teacher1', activity: lab })
await launchAndEnter(scene, { person: 'assistant1', activity: lab })
const { id: context } = await one<{ id: string }>(pool, sql`select id from lms_context`)

beforeEach(() => {
  lms.spoilRoster()
  lms.setStudents('networks-101', everyone)
  scene.shiftMinutes(0)
})

const subs = (of: string[]) => of.map((name) => lms.cast.get(name)?.id ?? '').toSorted()
const members = async (state: string, role = 'student') => {
  const rows = await many<{ sub: string }>(
    pool,
    sql`select sub from membership join person on person.id = person_id
        where membership.state = ${state} and role = ${role}`,
  )
  return rows.map((row) => row.sub).toSorted()
}
const lists = () => rostersOfCourse(pool, courseId)

describe('a list', () => {
  it('is due once a teacher came, and makes everybody on it known, by number and without a name', async () => {
    expect(await rostersDue(pool, now())).toEqual([{ platform: platformId, ids: [context] }])
    const outcome = await readRoster(parts, context)
    expect(outcome).toEqual({ read: { students: 40, joined: 40, left: 0 } })
    expect(await members('active')).toEqual(subs(everyone))
    expect(await rostersDue(pool, now())).toEqual([])
    const named = await many(
      pool,
      sql`select sub from person where display_name is not null or email is not null`,
    )
    expect(named).toHaveLength(2)
    expect(await lists()).toMatchObject([{ students: 40, dormant: 0, code: null, failures: 0 }])
  })

  it('proves who edits plans: the list calls an assistant a student, who stays a teacher by their launch', async () => {
    const rows = await many(
      pool,
      sql`select display_name as name, role, edits_plans as edits from membership
          join person on person.id = person_id where role = 'teacher' order by 1`,
    )
    expect(rows).toEqual([
      { name: 'Assistant One', role: 'teacher', edits: false },
      { name: 'Teacher One', role: 'teacher', edits: true },
      { name: null, role: 'teacher', edits: true }, // manager1, who never came
    ])
  })

  it('may come in many pages', async () => {
    lms.enrolGeneratedStudents('networks-101', 450)
    const outcome = await readRoster(parts, context)
    expect(outcome).toEqual({ read: { students: 490, joined: 450, left: 0 } })
  })

  it('lets those go who left it, but not who was here today, and takes them back to their seat', async () => {
    const { page } = await launchAndEnter(scene, { person: 'student1', activity: lab })
    await launchAndEnter(scene, { person: 'student2', activity: lab })
    const seatOf = (name: string) =>
      one<{ number: number }>(
        pool,
        sql`select seat.number from workspace join seat on seat.id = seat_id
            join person on person.id = person_id where sub = ${lms.cast.get(name)?.id ?? ''}`,
      )
    const seat = await seatOf('student1')
    lms.setStudents('networks-101', everyone.slice(2))
    expect(await readRoster(parts, context)).toMatchObject({ read: { students: 40, left: 450 } })
    scene.shiftMinutes(25 * 60)
    expect(await readRoster(parts, context)).toMatchObject({ read: { students: 38, left: 2 } })
    expect(await members('dormant')).toEqual(expect.arrayContaining(subs(['student1', 'student2'])))
    const changed = { joined: 0, left: 2, at: expect.any(Date) }
    expect(await lists()).toMatchObject([{ students: 38, dormant: 452, changed }])
    lms.setStudents('networks-101', everyone)
    const again = await launchAndEnter(scene, { person: 'student1', activity: lab })
    expect(again.page).toBe(page)
    expect(await seatOf('student1')).toEqual(seat)
    expect(await lists()).toMatchObject([{ students: 39 }])
  })

  it('counts who may see the activity, where the LMS shows it to a group', async () => {
    const ml = await plannedCourse(scene, 'ml', { seats: 60 })
    const group = lms.activity('machine-learning-lab/gpu-class-group')
    chosenActivity(scene, {
      ...{ platformId, lmsCourse: 'machine-learning-lab', key: group.key, courseKey: 'ml' },
    })
    await launchAndEnter(scene, { person: 'teacher1', activity: group.id })
    const { id } = await one<{ id: string }>(
      pool,
      sql`select id from lms_context where id <> ${context}`,
    )
    // With the assistant, whom the list calls a student until they launch.
    expect(await readRoster(parts, id)).toMatchObject({ read: { students: 41 } })
    expect(await rostersOfCourse(pool, ml)).toMatchObject([{ students: 21 }])
    lms.putActivity({ course: 'machine-learning-lab', key: 'all', title: 'All' })
    chosenActivity(scene, {
      ...{ platformId, lmsCourse: 'machine-learning-lab', key: 'all', courseKey: 'ml' },
    })
    await launchAndEnter(scene, { person: 'student3', activity: 'machine-learning-lab/all' })
    expect(await readRoster(parts, id)).toHaveProperty('read')
    expect(await rostersOfCourse(pool, ml)).toMatchObject([{ students: 41 }])
  })
})

it('counts everybody while the LMS hides the activity from them all, as before a class', async () => {
  expect(await readRoster(parts, context)).toHaveProperty('read')
  const [{ students } = { students: 0 }] = await lists()
  expect(students).toBeGreaterThanOrEqual(40)
  lms.spoilRoster('hidden')
  expect(await readRoster(parts, context)).toHaveProperty('read')
  expect(await lists()).toMatchObject([{ students, dormant: expect.any(Number), code: null }])
})

describe('a list that cannot be read', () => {
  it.each([
    ['error', { code: 'roster.status', params: { status: 500 } }],
    ['refused', { code: 'roster.refused', params: {} }],
    ['nonsense', { code: 'roster.bad-answer', params: {} }],
    ['elsewhere', { code: 'roster.bad-answer', params: {} }],
    ['endless', { code: 'roster.bad-answer', params: {} }],
    ['numberless', { code: 'roster.bad-answer', params: {} }],
    ['nobody', { code: 'roster.nobody', params: {} }],
  ] as const)('(%s) says so, and what it said last holds', async (fault, failure) => {
    const before = await members('active')
    lms.spoilRoster(fault)
    expect(await readRoster(parts, context)).toEqual({ failed: failure })
    expect(await members('active')).toEqual(before)
    expect(await lists()).toMatchObject([{ code: failure.code, read_at: expect.any(Date) }])
  })

  it('is tried again later and later', async () => {
    const known = { read_at: null, asked_at: null, leads: [], opened: [] }
    const at = (minutes: number) => new Date(minutes * 60_000)
    const due = (failures: number, minutes: number) =>
      isDue({ ...known, failures, tried_at: at(0) }, at(minutes))
    expect([due(1, 0.9), due(1, 1), due(3, 3), due(3, 4)]).toEqual([false, true, false, true])
    expect([backoffMs(9), backoffMs(30)]).toEqual([256 * 60_000, 6 * 3_600_000])
  })

  it('takes a new token when the LMS took the old one back', async () => {
    lms.spoilRoster('token-revoked')
    expect(await readRoster(parts, context)).toHaveProperty('read')
    expect(await lists()).toMatchObject([{ code: null, failures: 0 }])
  })

  it('is read by one at a time, and by another when that one died', async () => {
    expect(await takeRoster(pool, { lmsContextId: context, now: now() })).toBeDefined()
    expect(await readRoster(parts, context)).toEqual({ skipped: true })
    scene.shiftMinutes(6)
    expect(await readRoster(parts, context)).toHaveProperty('read')
  })
})

it('of nobody holds where nobody was listed before', async () => {
  await plannedCourse(scene, 'crypto')
  const { key: lmsCourse } = lms.copyCourse('networks-101')
  const activity = chosenActivity(scene, {
    ...{ platformId, lmsCourse, key: 'crypto', courseKey: 'crypto' },
  })
  await launchAndEnter(scene, { person: 'teacher1', activity })
  const { id } = await one<{ id: string }>(
    pool,
    sql`select id from lms_context order by created_at desc limit 1`,
  )
  lms.spoilRoster('nobody')
  expect(await readRoster(parts, id)).toMatchObject({ read: { joined: 0, left: 0 } })
})

it('is read each day, when a teacher comes, before a class is prepared and when it opens', () => {
  const at = (hours: number) => new Date(Date.UTC(2026, 10, 24) + hours * 3_600_000)
  const known = { tried_at: at(0), asked_at: null, failures: 0, leads: [], opened: [] }
  const due = (more: object, hours: number) =>
    isDue({ ...known, read_at: at(0), ...more }, at(hours))
  expect([due({}, 23.9), due({}, 24)]).toEqual([false, true])
  expect([due({ asked_at: at(0.1) }, 1), due({ asked_at: at(0.2) }, 1)]).toEqual([false, true])
  expect(due({ leads: [at(2)] }, 1.5)).toBe(false)
  expect(due({ leads: [at(2)] }, 1.75)).toBe(true)
  expect(due({ leads: [at(2)], read_at: at(1.8) }, 2)).toBe(false)
  expect(due({ leads: [at(2)], read_at: at(1.8), opened: [at(3)] }, 3)).toBe(true)
})

it('is read when its teacher presses the button, who sees what came of it', async () => {
  const visitor = new Visitor()
  const form = await lms.launchForm({ person: 'teacher1', activity: lab })
  visitor.adopt(form.action, form.cookies)
  const page = await visitor.post(form.action, form.fields, lms.url)
  expect(page.text).toContain('Read the list now')
  lms.spoilRoster('refused')
  const button = formTo(page, '/roster')
  const failed = await visitor.post(button.action, button.fields)
  expect(failed.text).toContain('allow “Names and Roles” for this tool')
  lms.spoilRoster()
  const read = await visitor.post(button.action, button.fields)
  expect(read.text).toContain('The list of the LMS was last read on')
  expect(read.text).not.toContain('could not be read')
  expect(read.text).toMatch(/It last changed on [^:]+:\d\d: \d+ more, \d+ fewer\./u)
})
