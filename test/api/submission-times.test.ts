/** When something was handed in, and when its archive was made: pages and manifest say both, and what of it is after the deadline. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { submissionsOf, submissionsOfCourse } from '../../api/data/volumes/submission.ts'
import { manifest } from '../../api/storage/submissions-archive.ts'
import { findCourse } from '../../api/data/courses/course.ts'
import { keepSubmissions } from '../../workers/jobs/keep-submissions.ts'
import { textOf } from './page-text.ts'
import { type Hander, type SubmissionScene, submissionScene } from './submission-scene.ts'

/** 11:00 in Paris. */
const DUE = new Date('2026-11-24T10:00:00Z')
const at = (seconds: number) => new Date(DUE.getTime() + seconds * 1000)

let scene: SubmissionScene
let student: Hander

beforeAll(async () => {
  scene = await submissionScene('{ due: 2026-11-24T11:00 }')
  student = await scene.addStudent('Student One')
})
afterAll(() => scene.end())

const rows = () => submissionsOf(scene.site.pool, student.workspaceId)
const keep = (now: Date) =>
  keepSubmissions({ pool: scene.site.pool, agent: scene.agent, log: scene.log, now: () => now })
const pageOf = async (path: string, who: typeof student | SubmissionScene['teacher']) =>
  textOf((await scene.site.get(path, { who, headers: { 'accept-language': 'en' } })).text)
const files = () => pageOf(`/workspaces/${student.workspaceId}/files`, student)
const course = () => pageOf('/courses/networks-101', scene.teacher)

it('says when an archive was made, and marks none that was made in time', async () => {
  scene.site.setNow(at(-600))
  const { text } = await student.handIn()
  expect(textOf(text)).toContain('What you change from now on is not in it.')
  expect((await rows())[0]?.kept_at).toEqual(at(-600))
  expect(await files()).toContain('1 | 24 Nov 2026, 10:50 | 24 Nov 2026, 10:50 |')
  expect(await files()).not.toContain('after the deadline')
  expect(await course()).toContain('24 Nov 2026, 10:50 | 24 Nov 2026, 10:50 |')
})

it('marks what was handed in on time and archived after the deadline, with by how much', async () => {
  scene.site.setNow(at(-30))
  await scene.goAway()
  const { text } = await student.handIn()
  // It does not say that what is changed from now on is not in it.
  expect(textOf(text)).toContain('What you change until then is in it')
  expect(textOf(text)).not.toContain('What you change from now on')
  await scene.restart()
  await keep(at(754))
  expect((await rows())[0]).toMatchObject({ created_at: at(-30), kept_at: at(754) })
  for (const page of [await files(), await course()]) {
    expect(page).toMatch(/10:59 \| 24 Nov 2026, 11:12 12\smin after the deadline/)
    expect(page).toContain('Handed in on time, archived after the deadline')
  }
  const courseRows = await submissionsOfCourse(
    scene.site.pool,
    (await findCourse(scene.site.pool, 'networks-101'))!.id,
  )
  const [heads, first, second] = manifest(courseRows, 'Europe/Paris').split('\r\n')
  expect(heads).toContain(
    ',late,late by (s),archived (UTC),archived,archived after the deadline,state,',
  )
  expect(first).toContain(',,,2026-11-24T09:50:00.000Z,2026-11-24 10:50:00,,kept,')
  expect(second).toContain(',,,2026-11-24T10:12:34.000Z,2026-11-24 11:12:34,yes,kept,')
})

it('says what to do where the folder had gone', async () => {
  scene.site.setNow(at(-20))
  const { status, text } = await student.handIn('gone')
  expect(status).toBe(303)
  expect(textOf(text)).toContain('Number 3 was not kept: the folder was not there any more. Choose')
})

it('counts what was not kept as no submission for who teaches, and says so', async () => {
  // The last that is there is still the one of before.
  expect(await course()).toMatch(
    /Student One \| 2 submissions 1 not kept \| 24 Nov 2026, 10:59 \| 24 Nov 2026, 11:12/,
  )
  const nobody = await scene.addStudent('Student Three')
  await nobody.handIn('gone')
  expect(await course()).toMatch(
    /Student Three \| 0 submissions 1 not kept \| 24 Nov 2026, 10:59 \| not kept: no folder \| – \|/,
  )
  const ownPage = await pageOf(`/workspaces/${nobody.workspaceId}/files`, nobody)
  expect(ownPage).toMatch(/1 \| 24 Nov 2026, 10:59 \| not kept: no folder \| – \| – \|/)
})

it('has the time of the archive, not of the answer, where who asked for it had died', async () => {
  scene.site.setNow(at(-10))
  await scene.goAway()
  await student.handIn()
  await scene.restart()
  const [row] = await rows()
  // The archive is made, and nobody is left to hear it.
  const volume = 'lp-abcdefgh-abcdefgh-s001-g1'
  expect(await scene.agent.keep(row!.id, { volume, path: '' })).toMatchObject({ agoMs: 0 })
  await new Promise((resolve) => setTimeout(resolve, 20))
  const heard = await scene.agent.keep(row!.id, { volume, path: '' })
  const { agoMs } = heard as { agoMs: number }
  expect(agoMs).toBeGreaterThan(0)
  await keep(at(60))
  const { kept_at } = (await rows())[0]!
  expect(kept_at!.getTime()).toBeLessThanOrEqual(at(60).getTime() - agoMs)
})

it('takes what comes exactly at the deadline for on time, and says of a second by how much it is late', async () => {
  const punctual = await scene.addStudent('Student Two')
  const pageOfTwo = () => pageOf(`/workspaces/${punctual.workspaceId}/files`, punctual)
  scene.site.setNow(at(0))
  await punctual.handIn()
  expect(await pageOfTwo()).toContain('Deadline: 24 Nov 2026, 11:00.')
  expect(await pageOfTwo()).toContain('1 | 24 Nov 2026, 11:00 | 24 Nov 2026, 11:00 |')
  scene.site.setNow(at(0.001))
  await punctual.handIn()
  scene.site.setNow(at(30))
  await punctual.handIn()
  const page = await pageOfTwo()
  expect(page).toContain('The deadline was 24 Nov 2026, 11:00')
  expect(page).toMatch(/2 \| 24 Nov 2026, 11:00 late by 1\ss \|/)
  expect(page).toMatch(/3 \| 24 Nov 2026, 11:00 late by 30\ss \|/)
  expect(await course()).toMatch(/24 Nov 2026, 11:00 late by 30\ss \|/)
  const headers = { cookie: `__Host-labplan=${scene.teacher.token}; __Host-labplan-locale=fr` }
  const { text } = await scene.site.get('/courses/networks-101', { headers })
  expect(textOf(text)).toMatch(/en retard de 30\ss/)
  const { id } = (await findCourse(scene.site.pool, 'networks-101'))!
  const rowsOfTwo = (await submissionsOfCourse(scene.site.pool, id)).filter(
    (row) => row.workspace_id === punctual.workspaceId,
  )
  const [, ...lines] = manifest(rowsOfTwo, 'Europe/Paris').trimEnd().split('\r\n')
  expect(lines.map((line) => /T10:00:00.000Z,(late)?,([\d.]*),/.exec(line)?.[2])).toEqual([
    ...['', '0.001', '30'],
  ])
})
