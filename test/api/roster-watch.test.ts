/** Lists of several LMSs are read side by side: one that does not answer keeps no other waiting. */
import { once } from 'node:events'
import { type Socket, createServer } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { Listening } from '../../api/data/listen.ts'
import { activatePlatform, listPlatforms } from '../../api/data/lms/platform.ts'
import { askForRoster } from '../../api/data/lms/roster.ts'
import { openLog } from '../../api/log.ts'
import { watchRosters } from '../../api/lti/roster-watch.ts'
import { readRoster } from '../../api/lti/roster.ts'
import { reachFrom } from '../../api/reach.ts'
import { startLms } from '../lms/lms.ts'
import {
  type Scene,
  actor,
  chosenActivity,
  launchAndEnter,
  openScene,
  plannedCourse,
  registrationLink,
} from './lti-scene.ts'

const scene = await openScene()
const lms = await startLms({ hostname: 'other.localhost' })
const other: Scene = { ...scene, lms }
// Takes what is said, and says nothing.
const callers: Socket[] = []
const silent = createServer((caller) => void callers.push(caller)).listen(0, '127.0.0.1')
await once(silent, 'listening')
const { pool, config, ring, now, database } = scene
const listening = await new Listening(database.url).open()
afterAll(async () => {
  silent.close()
  await listening.close()
  await lms.close()
  await scene.close()
})
const parts = { pool, ring, now, reach: reachFrom({ ...config, networks: config.lmsNetworks }) }

/** An LMS course that opens a course of ours; answers our id of it. */
async function listed(at: Scene, key: string): Promise<string> {
  await at.lms.registerTool(await registrationLink(at), { activate: true })
  const { id: platformId = '' } =
    (await listPlatforms(pool)).find(({ state }) => state === 'pending') ?? {}
  await withTransaction(pool, (tx) => activatePlatform(tx, { id: platformId, actor, now: now() }))
  await plannedCourse(at, key)
  const activity = chosenActivity(at, {
    ...{ platformId, lmsCourse: 'networks-101', key: 'lab', courseKey: key },
  })
  await launchAndEnter(at, { person: 'teacher1', activity })
  const { id } = await one<{ id: string }>(
    pool,
    sql`select id from lms_context where platform_id = ${platformId}`,
  )
  return id
}

const readAt = async (id: string) =>
  (
    await one<{ at: Date | null }>(
      pool,
      sql`select roster_read_at as at from lms_context where id = ${id}`,
    )
  ).at

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resume) => setTimeout(resume, 20))
}

it('reads those of an LMS that answers while another says nothing, also what is asked for meanwhile', async () => {
  const stuck = await listed(scene, 'networks')
  const well = await listed(other, 'systems')
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  await execute(
    pool,
    sql`update lti_platform set token_url = ${`http://silent.localhost:${port}/`}
        where platform_id = (select platform_id from lms_context where id = ${stuck})`,
  )
  const lti = { readRoster: (id: string) => readRoster(parts, id) }
  const log = openLog('api', 'silent')
  const asked = once(silent, 'connection')
  const watch = watchRosters({ pool, listening, lti, log, now })
  await asked
  await until(async () => (await readAt(well)) !== null)
  // Its teacher comes again, a quarter of an hour later by the clock of the list.
  await execute(
    pool,
    sql`update lms_context set roster_read_at = roster_read_at - interval '15 minutes' where id = ${well}`,
  )
  const before = await readAt(well)
  await askForRoster(pool, { lmsContextId: well, now: now() })
  await until(async () => (await readAt(well))?.getTime() !== before?.getTime())
  expect(await readAt(stuck)).toBeNull()
  for (const caller of callers) caller.destroy()
  await watch.stop()
})
