/** What was handed in and not kept yet: made side by side, in order for each student, and no pass waits for it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute, sql, withTransaction } from '../../../api/data/db.ts'
import { handIn, submissionsOf } from '../../../api/data/volumes/submission.ts'
import { submissionKeeper } from '../../../workers/jobs/keep-submissions.ts'
import { type Hander, type SubmissionScene, submissionScene } from '../../api/submission-scene.ts'
import { IN_CLASS } from '../../cast/record.ts'

let scene: SubmissionScene
const students: Hander[] = []
const actor = { name: 'test', role: 'student' } as const
/** Volumes whose archive is being made, and how each is let go on. */
const held: { volume: string; go: () => void }[] = []

beforeAll(async () => {
  scene = await submissionScene('{}')
  for (const name of ['One', 'Two', 'Three', 'Four', 'Five'])
    students.push(await scene.addStudent(`Student ${name}`))
  scene.onPlace(
    (volume) => new Promise<void>((resolve) => held.push({ volume, go: () => resolve() })),
  )
})
afterAll(() => scene.end())

const keeper = () =>
  submissionKeeper({
    ...{ pool: scene.site.pool, agent: scene.agent, log: scene.log },
    now: () => new Date(IN_CLASS.getTime() + 600_000),
  })
const ask = ({ workspaceId }: Hander, secondsAfter = 0) =>
  withTransaction(scene.site.pool, (tx) => {
    const now = new Date(IN_CLASS.getTime() + secondsAfter * 1000)
    return handIn(tx, { workspaceId, path: '', actor, now })
  })
const statesOf = async ({ workspaceId }: Hander) =>
  (await submissionsOf(scene.site.pool, workspaceId)).map(({ state }) => state)
const letGo = () => held.splice(0).forEach(({ go }) => go())

it('makes three side by side while passes go on, and each student’s one after the other', async () => {
  const [first, ...others] = students
  await ask(first!)
  await ask(first!, 1)
  for (const one of others) await ask(one, 2)
  const keeping = keeper()
  // Nothing of it is answered, and the pass is over.
  await keeping.look()
  await expect.poll(() => held.length).toBe(3)
  await keeping.look()
  expect(new Set(held.map(({ volume }) => volume)).size).toBe(3)
  let most = held.length
  await expect
    .poll(async () => {
      most = Math.max(most, held.length)
      letGo()
      return Promise.all(students.map(statesOf))
    })
    .toEqual([['kept', 'kept'], ...others.map(() => ['kept'])])
  await keeping.rest()
  expect(most).toBe(3)
})

it('is not held up by some that fail each time', async () => {
  const [last, ...broken] = students
  scene.onPlace(async (volume) => {
    if (volume !== 'lp-abcdefgh-abcdefgh-s001-g1') throw new Error('It is damaged.')
  })
  for (const one of broken) await ask(one, 10)
  await ask(last!, 20)
  const keeping = keeper()
  await keeping.look()
  await keeping.rest()
  expect((await statesOf(last!))[0]).toBe('kept')
  expect((await statesOf(broken[0]!))[0]).toBe('making')
  // And those are tried again.
  scene.onPlace(async () => {})
  await keeping.look()
  await keeping.rest()
  for (const one of broken) expect((await statesOf(one))[0]).toBe('kept')
})

it('makes nothing of what went while it waited, with who handed it in', async () => {
  const [one] = students
  const made = (await ask(one!, 30)) as { id: string }
  const left = { workspace_id: one!.workspaceId, id: made.id }
  const keeping = keeper()
  // As an erasure does it.
  await execute(scene.site.pool, sql`delete from submission where id = ${left.id}`)
  await keeping.look()
  await keeping.rest()
  expect(await scene.agent.handedIn()).not.toContain(left.id)
})
