/** One browser, several tabs: each launch signs in anew, and what an older tab shows still works. */
import { afterAll, expect, it } from 'vitest'
import { doorPass } from '../../api/door-pass.ts'
import { execute, one, sql, withTransaction } from '../../api/data/db.ts'
import { tokenHash } from '../../api/data/ids.ts'
import { markFailed } from '../../api/data/seats/seat-life.ts'
import { seatReady } from '../cast/record.ts'
import { ask } from '../lms/http.ts'
import {
  chosenActivity,
  launchAndEnter,
  openScene,
  plannedCourse,
  registerAndActivate,
} from './lti-scene.ts'

const scene = await openScene()
afterAll(() => scene.close())
const { pool, ring, now } = scene
const { publicUrl } = scene.config
const platformId = await registerAndActivate(scene)
const activityOf = async (key: string, lmsCourse: string) => {
  await plannedCourse(scene, key)
  return chosenActivity(scene, { platformId, lmsCourse, key: 'lab', courseKey: key })
}
const networks = await activityOf('networks', 'networks-101')
const learning = await activityOf('learning', 'machine-learning-lab')

/** What the browser has after a launch, and what its tab shows. */
async function tabOf(person: string, activity: string) {
  const { entered, page } = await launchAndEnter(scene, { person, activity })
  const cookie = entered.cookies.find((one) => /^__Host-labplan=./.test(one)) ?? ''
  const { text } = await ask(publicUrl + page, { headers: { cookie } })
  return { cookie, page, csrf: /name="csrf" value="([\w-]+)"/.exec(text)?.[1] ?? '' }
}

type Tab = Awaited<ReturnType<typeof tabOf>>

/** A press in a tab, with the cookie that the browser has by now. */
const press = (tab: Tab, act: string, cookie: string, more: Record<string, string> = {}) =>
  ask(`${publicUrl}${tab.page}/${act}`, {
    headers: { cookie, origin: publicUrl, 'accept-language': 'en' },
    form: { csrf: tab.csrf, ...more },
  })

/** What the tab's form of an act holds, as its page is now. */
async function fieldsOf(tab: Tab, act: string): Promise<Record<string, string>> {
  const { text } = await ask(publicUrl + tab.page, { headers: { cookie: tab.cookie } })
  const [, form = ''] = new RegExp(`action="[^"]*/${act}">([^]*?)</form>`).exec(text) ?? []
  return Object.fromEntries(
    [...form.matchAll(/name="(\w+)"\s+value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
}

it('works on in a tab whose student opened another course in the next', async () => {
  const first = await tabOf('student1', networks)
  const second = await tabOf('student1', learning)
  expect(second.page).not.toBe(first.page)
  expect((await press(first, 'stop', second.cookie)).status).toBe(303)
  expect((await press(second, 'stop', second.cookie)).status).toBe(303)
})

it('works in both of two tabs that were opened at the same moment', async () => {
  const [first, second] = await Promise.all([
    tabOf('student2', networks),
    tabOf('student2', networks),
  ])
  expect((await press(first, 'stop', second.cookie)).status).toBe(303)
  expect((await press(second, 'start', first.cookie)).status).toBe(303)
})

it('opens a door from a frame in a tab where somebody else came in, as who the frame is of', async () => {
  const frame = await tabOf('student3', networks)
  const other = await tabOf('student4', networks)
  await seatReady(pool, frame.page.split('/').at(-1) ?? '', now())
  const path = `${frame.page}/doors/8080`
  const loginHash = tokenHash(frame.cookie.split('=')[1] ?? '')
  const pass = doorPass(ring, { loginHash, path })
  const opened = await press(frame, 'doors/8080', other.cookie, { pass })
  expect(opened.status).toBe(303)
  expect(String(opened.headers['location'])).toContain('ticket=')
})

it('does nothing as somebody else, and says how to come back', async () => {
  const first = await tabOf('student5', networks)
  const other = await tabOf('student6', networks)
  const answer = await press(first, 'stop', other.cookie)
  expect(answer.status).toBe(403)
  expect(answer.text).toMatch(
    /Open the activity in your LMS again|Ouvrez de nouveau l’activité dans votre plateforme/,
  )
})

it('tries again, in a tab left open where it failed, only what is failed still', async () => {
  const tab = await tabOf('student8', networks)
  const workspaceId = tab.page.split('/').at(-1) ?? ''
  const row = () =>
    one<{ state: string; seat: string }>(
      pool,
      sql`select state, seat_id as seat from workspace where id = ${workspaceId}`,
    )
  const { seat } = await row()
  const fail = () =>
    withTransaction(pool, (tx) =>
      markFailed(tx, {
        ...{ id: seat, message: { code: 'seat.start_failed' } },
        ...{ retryAt: now(), now: now() },
      }),
    )
  await seatReady(pool, workspaceId, now())
  await fail()
  const fields = await fieldsOf(tab, 'restart')
  await seatReady(pool, workspaceId, now())
  const late = await press(tab, 'restart', tab.cookie, fields)
  expect([late.status, late.headers['location']]).toEqual([303, tab.page])
  expect((await row()).state).toBe('ready')
  await fail()
  await press(tab, 'restart', tab.cookie, fields)
  expect((await row()).state).toBe('starting')
})

it('leaves the line, in a tab left open while one waited, and stops nothing that runs by then', async () => {
  const tab = await tabOf('student9', networks)
  const workspaceId = tab.page.split('/').at(-1) ?? ''
  const becomes = (state: string) =>
    execute(
      pool,
      sql`update workspace set state = ${state}, queued_at = ${now()} where id = ${workspaceId}`,
    )
  const stateNow = () =>
    one<{ state: string }>(pool, sql`select state from workspace where id = ${workspaceId}`)
  await becomes('queued')
  const fields = await fieldsOf(tab, 'stop')
  await becomes('ready')
  expect((await press(tab, 'stop', tab.cookie, fields)).headers['location']).toBe(tab.page)
  expect(await stateNow()).toEqual({ state: 'ready' })
  await becomes('queued')
  await press(tab, 'stop', tab.cookie, fields)
  expect(await stateNow()).toEqual({ state: 'stopped' })
})

it('begins with another token once every earlier login is over', async () => {
  const first = await tabOf('student7', networks)
  scene.shiftMinutes(12 * 60 + 1)
  const later = await tabOf('student7', networks)
  scene.shiftMinutes(0)
  expect(later.csrf).not.toBe(first.csrf)
})
