// What a student's page shows of a workspace that changes while it is read.
import { afterAll, expect, it } from 'vitest'
import { type Db, withTransaction } from '../../api/data/db.ts'
import { stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
import { workspaceView } from '../../api/data/workspaces/workspace-view.ts'
import { testDatabase } from '../postgres.ts'
import { actor, at, launchAt, newPerson, plannedCourse, ring } from './class-scene.ts'

const database = await testDatabase()
afterAll(() => database.drop())
const { pool } = database

it('is shown as it was or as it is, and nothing between, when it stops while it is looked at', async () => {
  const course = await plannedCourse(pool, { seats: 1, atOnce: 1, ready: 1 })
  const { id } = await launchAt(pool, course, await newPerson(pool), 1)
  const stop = () =>
    withTransaction(pool, (tx) => stopWorkspace(tx, { workspaceId: id, actor, now: at(2) }))
  const view = await workspaceView(afterFirstQuestion(stop), ring, id, at(2))
  expect(view).toMatchObject({ state: 'stopping', stopsAt: null })
})

/** The pool, with something that happens as soon as its first question was answered. */
function afterFirstQuestion(happen: () => Promise<unknown>): Db {
  let isFirst = true
  const query = async (...question: Parameters<Db['query']>) => {
    const answer: unknown = await pool.query(...question)
    if (isFirst) await happen()
    isFirst = false
    return answer
  }
  return { query: query as Db['query'] }
}
