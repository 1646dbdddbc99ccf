/** A teacher's plan over the pages: what it says while one works, who may, saving, review, undo, and two at once. */
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { lockHead } from '../../api/data/changes/blueprint.ts'
import { proposeWithin } from '../../api/data/changes/change.ts'
import { execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { BEFORE_CLASS, addLmsCourse, importDocuments, signIn, documentOf } from '../cast/record.ts'
import { allDocuments, networksDocument, poolDocument, zoneDocument } from '../cast/documents.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const PLAN = '/courses/networks-101/plan'
const site = await openWebsite(BEFORE_CLASS)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS, allDocuments())
const contextId = await addLmsCourse(pool, {
  courseKey: 'networks-101',
  contextId: '2',
  now: BEFORE_CLASS,
})
const teacher = await signIn(pool, { contextId, role: 'teacher', now: BEFORE_CLASS })
const assistant = await signIn(pool, { contextId, role: 'teacher', now: BEFORE_CLASS })
const student = await signIn(pool, { contextId, now: BEFORE_CLASS })
await execute(
  pool,
  sql`update membership set edits_plans = person_id = ${teacher.personId} where lms_context_id = ${contextId}`,
)

beforeEach(async () => {
  await importDocuments(pool, ring, BEFORE_CLASS, [
    { name: 'n.yaml', text: networksDocument() },
    { name: 'p.yaml', text: poolDocument },
  ])
})

const courseText = () => documentOf(pool, 'networks-101')

/** What the page's form holds when it is opened. */
async function opened(): Promise<Record<string, string>> {
  const { text } = await site.get(PLAN, { who: teacher })
  const [, read = ''] = /name="read" value="([0-9a-f]+)"/.exec(text) ?? []
  return {
    ...{ read, students: '30', atOnce: '30', state: 'ready' },
  }
}
const post = (form: Record<string, string>, to = PLAN) => site.post(to, form, { who: teacher })

it('shows the plan, in both languages', async () => {
  for (const locale of ['en', 'fr']) {
    const cookie = `__Host-labplan=${teacher.token}; __Host-labplan-locale=${locale}`
    const { text } = await site.get(PLAN, { headers: { cookie } })
    await expect(textOf(text)).toMatchFileSnapshot(`expected/plan.${locale}.txt`)
  }
})

it('is for who edits the LMS course, and says so to others', async () => {
  expect((await site.get(PLAN, { who: student })).status).toBe(403)
  const refused = await site.get(PLAN, { who: assistant })
  expect(refused.status).toBe(403)
  expect(refused.text).toContain('Plans are made by who may edit the LMS course')
  expect((await site.get('/courses/networks-101', { who: teacher })).text).toContain(PLAN)
  expect((await site.get('/courses/networks-101', { who: assistant })).text).not.toContain(PLAN)
})

it('says what a change means while one types, and keeps nothing of it', async () => {
  const form = { ...(await opened()), students: '20', atOnce: '20' }
  const { text, status } = await post(form, `${PLAN}/preview`)
  expect(status).toBe(200)
  expect(textOf(text)).toContain('It fits.')
  expect(textOf(text)).toContain('12 sessions go from 30 students to 20 students')
  expect(textOf(text)).toContain('Saved at once')
  const more = await post({ ...form, students: '140' }, `${PLAN}/preview`)
  expect(textOf(more.text)).toContain('It needs a review by the infra team')
  const wrong = await post({ ...form, students: '0' }, `${PLAN}/preview`)
  expect(textOf(wrong.text)).toContain('a whole number from 1 to 10000')
  expect(await courseText()).toBe(networksDocument())
})

it('saves inside the allowance at once, changing the lines that were edited, and undoes', async () => {
  const saved = await post({ ...(await opened()), students: '25', atOnce: '25' })
  expect(saved.status).toBe(303)
  expect(await courseText()).toBe(networksDocument(25))
  const page = await site.get(String(saved.headers['location']), { who: teacher })
  expect(textOf(page.text)).toContain('Saved.')
  const [, change = ''] = /name="change" value="([^"]+)"/.exec(page.text) ?? []
  expect((await post({ change }, `${PLAN}/undo`)).status).toBe(303)
  expect(await courseText()).toBe(networksDocument())
})

it('undoes nothing that was saved after it: by the back button, in an older tab, pressed twice', async () => {
  const changeOf = async (students: string) => {
    const saved = await post({ ...(await opened()), students, atOnce: students })
    return new URL(String(saved.headers['location']), site.origin).searchParams.get('saved') ?? ''
  }
  const change = await changeOf('25')
  const later = await changeOf('26')
  const refused = await post({ change }, `${PLAN}/undo`)
  expect(refused.status).toBe(409)
  expect(textOf(refused.text)).toContain('It was changed again since')
  expect(refused.text).toContain(`href="${PLAN}"`)
  expect(await courseText()).toBe(networksDocument(26))
  const page = await site.get(`${PLAN}?saved=${change}`, { who: teacher })
  expect(page.text).not.toContain(`${PLAN}/undo`)
  expect((await post({ change: later }, `${PLAN}/undo`)).status).toBe(303)
  expect((await post({ change: later }, `${PLAN}/undo`)).status).toBe(303)
  expect(await courseText()).toBe(networksDocument(25))
})

it('sends what is beyond the allowance to review, and leaves the course as it is', async () => {
  const sent = await post({ ...(await opened()), students: '150' })
  const page = await site.get(String(sent.headers['location']), { who: teacher })
  expect(textOf(page.text)).toContain('Sent to the infra team for review.')
  expect(await courseText()).toBe(networksDocument())
})

/** With a rule of the policy for this course, until this is over. */
async function ruled(lane: 'deny' | 'review', work: () => Promise<void>): Promise<void> {
  const policy = (gate: string) => ({
    name: 'policy.yaml',
    text: `apiVersion: labplan/v1\nkind: Policy\n${gate}`,
  })
  const rule = `{ key: july, title: { en: Closed in July, fr: Fermé en juillet }, lane: ${lane}, when: { courses: [networks-101] } }`
  await importDocuments(pool, ring, BEFORE_CLASS, [policy(`gate:\n  rules:\n    - ${rule}`)])
  await work()
  await execute(pool, sql`update change set state = 'superseded' where state = 'proposed'`)
  await importDocuments(pool, ring, BEFORE_CLASS, [policy('gate: {}')])
}

it('says that the rules do not allow it, and why, and keeps what was typed', async () => {
  await ruled('deny', async () => {
    const denied = await post({ ...(await opened()), students: '25', atOnce: '25' })
    expect(denied.status).toBe(422)
    expect(textOf(denied.text)).toContain('nothing was saved')
    expect(textOf(denied.text)).toContain('Closed in July')
    expect(denied.text).toContain('value="25"')
    expect(await courseText()).toBe(networksDocument())
  })
})

it('says of an undo that somebody has to agree to it', async () => {
  const saved = await post({ ...(await opened()), students: '25', atOnce: '25' })
  const location = new URL(String(saved.headers['location']), site.origin)
  const change = location.searchParams.get('saved') ?? ''
  await ruled('review', async () => {
    const undone = await post({ change }, `${PLAN}/undo`)
    const page = () => site.get(String(undone.headers['location']), { who: teacher })
    expect(textOf((await page()).text)).toContain('Sent to the infra team for review.')
    await execute(pool, sql`update change set state = 'rejected' where state = 'proposed'`)
    expect(textOf((await page()).text)).toContain('This change was not agreed to')
  })
})

it('plans one class of a series for fewer students', async () => {
  const form = {
    ...(await opened()),
    ...{ class: '0@2026-12-01T10:00', start: '2026-12-01T10:00', minutes: '120', scope: 'one' },
    classStudents: '12',
  }
  const { text } = await post(form, `${PLAN}/preview`)
  expect(textOf(text)).toContain('1 session goes from 30 students to 12 students')
  expect(textOf(text)).toContain('12 students')
  expect((await post(form)).status).toBe(303)
  expect(await courseText()).toContain('students: 12')
  expect(await courseText()).toContain('except: [ 2026-12-01T10:00 ]')
})

it('offers the nearest slots that fit, each one click away', async () => {
  await importDocuments(pool, ring, BEFORE_CLASS, [
    { name: 'p.yaml', text: poolDocument.replace('cpu: 64', 'cpu: 16') },
    {
      name: 'other.yaml',
      // One class: who moves away from it has room everywhere.
      text: networksDocument(20)
        .replaceAll('networks-101', 'networks-201')
        .replace(/\n +repeat: .*/, ''),
    },
  ])
  const form = { ...(await opened()), edits: 'move 0@2026-11-24T10:00 all 2026-11-24T10:00 115' }
  const { text } = await post(form, `${PLAN}/preview`)
  expect(textOf(text)).toContain('It does not fit as it is.')
  expect(text).toMatch(/class="event +is-unfit"/)
  const [, place = ''] = /name="place"\s+value="([^"]+)"/.exec(text) ?? []
  expect(place).toMatch(/^0\.[0-9a-f]{8}@2026-11-24T10:00(&gt;|>)2026-11-2\dT\d\d:\d\d$/)
  const moved = await post({ ...form, place: place.replace('&gt;', '>') })
  expect(moved.status).toBe(200)
  expect(textOf(moved.text)).toContain('the session on Tuesday 24 November at 10:00 moves to')
  expect((await post({ ...form, ...openFields(moved.text) })).status).toBe(303)
  expect(await courseText()).toMatch(/minutes: 115[^]*move:\s+2026-11-24T10:00: /)
})

/** What the form holds of the class that is chosen. */
function openFields(text: string): Record<string, string> {
  const names = ['edits', 'class', 'start', 'minutes', 'view']
  const values = names.map((name) => [
    name,
    new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(text)?.[1] ?? '',
  ])
  const scope = /value="(\w+)"\s+checked\s*\/>/.exec(text)?.[1] ?? 'one'
  return { ...Object.fromEntries(values), scope }
}

it('moves, lengthens, removes and adds classes without a script, and undoes step by step', async () => {
  let form = await opened()
  const step = async (gesture: Record<string, string>) => {
    const { text } = await post({ ...form, ...gesture })
    form = { ...form, ...openFields(text) }
    return text
  }
  const chosen = await step({ choose: '0@2026-12-01T10:00' })
  expect(chosen).toContain('<legend>Tue 1 Dec 10:00</legend>')
  expect(textOf(chosen)).toContain('This change is for')
  await step({ check: '1', start: '2026-12-02T14:00', minutes: '90', scope: 'following' })
  const other = await step({ choose: '0@2026-11-24T10:00' })
  expect(form['edits']).toMatch(
    /^move 0\.[0-9a-f]{8}@2026-12-01T10:00 following 2026-12-02T14:00 90$/,
  )
  expect(textOf(other)).toContain('10:00–12:00')
  await step({ act: 'remove', scope: 'one' })
  await step({ choose: 'new', start: '' })
  await step({ check: '1', start: '2026-12-04T08:00', minutes: '60', weeks: '2' })
  expect(textOf(await step({ act: 'close', go: 'week:2026-11-30' }))).toContain('08:00–09:00')
  await step({ act: 'undo', class: '' })
  expect((await post({ ...form, class: '' })).status).toBe(303)
  expect(await courseText()).not.toContain('2026-12-04')
  expect(await courseText()).toContain(`sessions:
  - start: 2026-12-02T14:00
    minutes: 90
    repeat: FREQ=WEEKLY;COUNT=11
`)
})

it('takes over what another changed and one did not touch', async () => {
  const base = JSON.stringify({ students: '30', atOnce: '30', state: 'ready', follow: 'no' })
  const [first, second] = [await opened(), await opened()]
  await post({ ...first, base, students: '20', atOnce: '20' })
  const late = await post({ ...second, base, atOnce: '10' })
  expect(late.status).toBe(409)
  const field = (name: string) =>
    new RegExp(`id="${name}"\\s+name="${name}"\\s+value="(\\d+)"`).exec(late.text)?.[1]
  expect([field('students'), field('atOnce')]).toEqual(['20', '10'])
})

it('lets nobody overwrite what another saved, and loses nothing of either', async () => {
  const first = await opened()
  const second = await opened()
  await post({ ...first, edits: 'move 0@2026-11-24T10:00 all 2026-11-24T10:00 90' })
  const late = await post({ ...second, students: '28', atOnce: '28' })
  expect(late.status).toBe(409)
  expect(textOf(late.text)).toContain('Somebody else saved this course meanwhile.')
  expect(late.text).toContain('value="28"')
  expect(await courseText()).toContain('minutes: 90')
})

/** Answers what was asked by somebody whose wish has read the course, and waits for a colleague who saves first. */
async function overtaken<Answer>(text: string, ask: () => Promise<Answer>): Promise<Answer> {
  const late = await withTransaction(pool, async (tx) => {
    await lockHead(tx)
    const asked = ask()
    await vi.waitUntil(async () => {
      const { waits } = await one<{ waits: number }>(
        pool,
        sql`select count(*)::int as waits from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return waits > 0
    }, 20_000)
    const actor = { name: 'colleague', role: 'teacher' } as const
    const sources = [{ name: 'n.yaml', text }]
    await proposeWithin(tx, { sources, actor, ring, now: BEFORE_CLASS })
    return { asked }
  })
  return late.asked
}
const movedDocument = networksDocument().replace('2026-11-24T10:00', '2026-11-24T14:00')

it('loses nothing of who saved while another’s save was on its way already', async () => {
  const form = { ...(await opened()), students: '28', atOnce: '28' }
  const { status, text } = await overtaken(movedDocument, () => post(form))
  expect(status).toBe(409)
  expect(textOf(text)).toContain('Somebody else saved this course meanwhile.')
  expect(text).toContain('value="28"')
  expect(await courseText()).toBe(movedDocument)
})

it('undoes nothing of who saved while the undo was on its way already', async () => {
  const saved = await post({ ...(await opened()), students: '25', atOnce: '25' })
  const location = new URL(String(saved.headers['location']), site.origin)
  const change = location.searchParams.get('saved') ?? ''
  const undone = await overtaken(movedDocument, () => post({ change }, `${PLAN}/undo`))
  expect(undone.status).toBe(409)
  expect(textOf(undone.text)).toContain('It was changed again since')
  expect(await courseText()).toBe(movedDocument)
})

it('says which steps are lost when somebody else took their classes away', async () => {
  const two = networksDocument().replace(
    'headroom',
    '  - start: 2026-11-26T08:00\n    minutes: 60\n    repeat: FREQ=WEEKLY;COUNT=3\nheadroom',
  )
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'n.yaml', text: two }])
  const steps = 'remove 1@2026-12-03T08:00 one,remove 0@2026-12-01T10:00 one'
  const open = {
    class: '1@2026-11-26T08:00',
    start: '2026-11-27T08:00',
    minutes: '60',
    scope: 'one',
  }
  const form = { ...(await opened()), edits: steps, ...open }
  expect(textOf((await post(form, `${PLAN}/preview`)).text)).not.toContain('no longer there')
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'n.yaml', text: networksDocument() }])
  const late = await post(form)
  expect(late.status).toBe(409)
  expect(textOf(late.text)).toContain('2 of your steps are for classes that are no longer there')
})

/** Two series at the same hour, each for a group, in this order. */
const parallel = (...groups: string[]): string => {
  const series = (group: string) =>
    `  - start: 2026-11-24T10:00\n    minutes: 120\n    repeat: FREQ=WEEKLY;COUNT=12\n    group: ${group}\n`
  return networksDocument(30)
    .replace(/ {2}- start[^]*?(?=headroom)/, groups.map(series).join(''))
    .concat('groups: [{ key: early, students: 15 }, { key: late, students: 15 }]\n')
}
const colleagueSaves = (text: string) =>
  importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'n.yaml', text }])
/** As the calendar names the class of a group. */
const classOf = (page: string, group: string): string =>
  page
    .split('</button>')
    .filter((one) => one.includes('data-start="2026-12-01T10:00"') && one.includes(group))
    .map((one) => /name="choose"\s+value="([^"]+)"/.exec(one)?.[1] ?? '')
    .at(0) ?? ''

it('takes no parallel class for one that a colleague took away', async () => {
  await colleagueSaves(parallel('early', 'late'))
  const form = { ...(await opened()), view: 'week:2026-11-30' }
  const { text: page } = await post({ ...form, go: 'week:2026-11-30' }, `${PLAN}/preview`)
  const removed = await post({ ...form, choose: classOf(page, 'early'), act: 'remove' })
  const edits = /name="edits"\s+value="([^"]+)"/.exec(removed.text)?.[1] ?? ''
  expect(edits).toMatch(/^remove /)
  await colleagueSaves(parallel('late'))
  const late = await post({ ...form, edits })
  expect(late.status).toBe(409)
  expect(textOf(late.text)).toContain('1 of your steps is for a class that is no longer there')
  // Saved all the same, with what is there by now.
  expect((await post({ ...(await opened()), edits })).status).toBe(303)
  expect(await courseText()).toBe(parallel('late'))
})

it('finds a class again before which a colleague put another', async () => {
  await colleagueSaves(parallel('late'))
  const form = { ...(await opened()), view: 'week:2026-11-30' }
  const { text: page } = await post({ ...form, go: 'week:2026-11-30' }, `${PLAN}/preview`)
  const removed = await post({ ...form, choose: classOf(page, 'late'), act: 'remove' })
  const edits = /name="edits"\s+value="([^"]+)"/.exec(removed.text)?.[1] ?? ''
  await colleagueSaves(parallel('early', 'late'))
  const late = await post({ ...form, edits })
  expect(textOf(late.text)).not.toContain('no longer there')
  expect((await post({ ...(await opened()), edits })).status).toBe(303)
  expect(await courseText()).toBe(
    parallel('early', 'late').replace(
      'group: late',
      'group: late\n    except: [ 2026-12-01T10:00 ]',
    ),
  )
})

it('says so, too, where a colleague took away the single class that one moves', async () => {
  const form = await opened()
  const edits = 'move 0@2026-12-01T10:00 one 2026-12-02T10:00 120'
  await colleagueSaves(
    networksDocument().replace('COUNT=12', 'COUNT=12\n    except: [2026-12-01T10:00]'),
  )
  const late = await post({ ...form, edits })
  expect(textOf(late.text)).toContain('1 of your steps is for a class that is no longer there')
})

it('shows what is wrong beside what was typed', async () => {
  const open = { class: '0@2026-11-24T10:00', start: '2026-11-24T10:00', minutes: '2' }
  const answer = await post({ ...(await opened()), ...open, students: '31' })
  expect(answer.status).toBe(422)
  expect(textOf(answer.text)).toContain('Minutes: a whole number from 5 to 20160')
  expect(answer.text).toContain('value="31"')
  expect(await courseText()).toBe(networksDocument())
})

it('shows a month with its holidays, and the week where somebody wants to look', async () => {
  const zone = `${zoneDocument}holidays:\n  - { title: Midwinter, from: 2026-12-21, to: 2027-01-02 }\n`
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'z.yaml', text: zone }])
  const form = await opened()
  const month = await post({ ...form, go: 'month:2026-12-01' }, `${PLAN}/preview`)
  expect(textOf(month.text)).toContain('December 2026')
  expect(textOf(month.text)).toContain('Midwinter')
  expect(month.text.match(/class="event /g)).toHaveLength(3)
  const week = await post({ ...form, go: 'week:2026-12-02' }, `${PLAN}/preview`)
  expect(textOf(week.text)).toContain('30 Nov – 6 Dec 2026')
  await importDocuments(pool, ring, BEFORE_CLASS, [{ name: 'z.yaml', text: zoneDocument }])
})
