/** Every page in Chromium has no barrier that axe knows of, and fits: wide, on a telephone, and in the dark. */
import { afterAll, expect, it } from 'vitest'
import { execute, sql } from '../../api/data/db.ts'
import { isFitEverywhere } from '../page-fit.ts'
import { type SignedIn, seatReady } from '../cast/record.ts'
import { SEATS_STACK } from '../cast/runs.ts'
import { pagesScene } from './pages-scene.ts'

const scene = await pagesScene()
const { visit, student, waiting, teacher, administrator, mine, queued, change } = scene
await seatReady(scene.pool, mine.id, scene.now)
// Of one course a disk is full, one is missing and one is of before a reset; of the other all is well.
await execute(
  scene.pool,
  sql`insert into volume (id, seat_id, generation, name, backend, limit_mb, limit_bytes, used_bytes, state, state_at, created_at)
      select gen_random_uuid(), seat.id, g, 'lp-' || course.key || number || g, 'local', 256, 268435456,
        case when number = 2 and course.key = 'networks-101' then 268435456 else 20000000 * number end, case when number = 3 and course.key = 'networks-101' then 'missing' else 'ready' end,
        ${scene.now}, ${scene.now}
      from seat join course on course.id = course_id cross join generate_series(1, 2) g
      where number <= 12 and (g = 1 or number = 4 and course.key = 'networks-101')`,
)
await execute(
  scene.pool,
  sql`update seat set generation = 2, wanted_generation = 2 where number = 4`,
)
afterAll(() => scene.close())

const everyPage: [name: string, path: string, who: SignedIn | undefined, says?: RegExp][] = [
  ['front', '/', undefined],
  ['home', '/', student],
  ['workspace-ready', `/workspaces/${mine.id}`, student],
  ['workspace-queued', `/workspaces/${queued.id}`, waiting],
  ['reset', `/workspaces/${mine.id}/reset`, student],
  ['course', '/courses/networks-101', teacher],
  ['plan', '/courses/networks-101/plan', teacher],
  ['timetable', '/courses/networks-101/timetable', teacher],
  ['sharing', '/courses/networks-101/sharing?find=teacher', teacher],
  ['plan-does-not-fit', '/courses/machine-learning-lab/plan', teacher, /does not fit/],
  ['course-does-not-fit', '/courses/machine-learning-lab', teacher, /does not fit/],
  ['admin', '/admin', administrator],
  ['admin-platforms', '/admin/platforms', administrator],
  ['admin-courses', '/admin/courses', administrator],
  ['admin-pools', '/admin/pools', administrator],
  ['admin-pool', '/admin/pools/cloud', administrator],
  ['admin-pool-volumes', '/admin/pools/local', administrator],
  ['admin-runs', '/admin/runs', administrator],
  ['admin-run', `/admin/runs/${SEATS_STACK}`, administrator],
  ['admin-changes', '/admin/changes', administrator],
  ['admin-inventory', '/admin/inventory', administrator],
  ['admin-receipts', '/admin/receipts', administrator],
  ['admin-forecast', '/admin/forecast', administrator],
  ['admin-change', `/admin/changes/${change.id}`, administrator],
  ['sign-in-first', `/workspaces/${mine.id}`, undefined],
]

it.each(everyPage)(
  '%s has no barrier and fits, wide, narrow and dark',
  async (name, path, who, says = /./) => {
    const page = await visit(path, who)
    expect(await page.locator('main').innerText()).toMatch(says)
    // What is behind a click on the change's page is as much of it to its reviewer.
    if (name === 'admin-change')
      for (const one of await page.locator('main summary').all()) await one.click()
    await isFitEverywhere(page, name)
    await page.context().close()
  },
)
