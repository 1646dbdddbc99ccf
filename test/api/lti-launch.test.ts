import { afterAll, describe, expect, it } from 'vitest'
import { many, one, sql } from '../../api/data/db.ts'
import { findLogin } from '../../api/data/people/login.ts'
import { ask } from '../lms/http.ts'
import {
  chosenActivity,
  counts,
  launchAndEnter,
  openScene,
  plannedCourse,
  refusalOf,
  registerAndActivate,
} from './lti-scene.ts'

// Nothing is sent here; with a mail server something could be.
const scene = await openScene({ env: { LABPLAN_SMTP_URL: 'smtp://127.0.0.1:9' } })
afterAll(() => scene.close())
const { pool, lms, config } = scene
const platformId = await registerAndActivate(scene)
await plannedCourse(scene, 'networks', { seats: 10 })
const lab = chosenActivity(scene, {
  ...{ platformId, lmsCourse: 'networks-101', key: 'lab', courseKey: 'networks' },
})

const member = (sub: string) =>
  one<Record<string, unknown>>(
    pool,
    sql`select person.display_name, person.locale, person.pseudonym, membership.role, membership.edits_plans,
          lms_context.context_id, lms_context.title
        from person join membership on membership.person_id = person.id
        join lms_context on lms_context.id = membership.lms_context_id where person.sub = ${sub}`,
  )

describe('a launch', () => {
  it('takes a student to their workspace, in the language of the LMS', async () => {
    const { launched, entered, page } = await launchAndEnter(scene, {
      ...{ person: 'student2', activity: lab },
    })
    expect(launched.status).toBe(303)
    expect(entered.status).toBe(303)
    expect(page).toMatch(/^\/workspaces\/[0-9a-f-]{36}$/)
    expect(await member('12')).toMatchObject({
      ...{ display_name: 'Student Two', locale: 'fr', role: 'student', edits_plans: false },
      ...{ context_id: '2', title: 'Networks 101' },
    })
    const shown = await ask(config.publicUrl + page, {
      headers: { cookie: entered.cookies.join('; ') },
    })
    expect(shown.status).toBe(200)
    expect(shown.text).toContain('<html lang="fr">')
  })

  it('leads to the path that the activity names, if it is one of the environment', async () => {
    const pathAfter = async (path: string | undefined) => {
      const { custom } = lms.activity(lab)
      lms.putActivity({
        ...{ course: 'networks-101', key: 'lab', title: 'Lab' },
        custom: { ...custom, ...(path !== undefined && { path }) },
      })
      const { page } = await launchAndEnter(scene, { person: 'student6', activity: lab })
      lms.putActivity({ course: 'networks-101', key: 'lab', title: 'Lab', custom })
      const id = page.split('/').at(-1)!
      const row = await one<{ open_path: string | null }>(
        pool,
        sql`select open_path from workspace where id = ${id}`,
      )
      return row.open_path
    }
    expect(await pathAfter('/lab/tree/week3.ipynb')).toBe('/lab/tree/week3.ipynb')
    expect(await pathAfter(undefined)).toBeNull()
    expect(await pathAfter('//other.example/')).toBeNull()
  })

  it('gives the same person the same workspace every time, and tabs their own way in', async () => {
    const order = { person: 'student3', activity: lab }
    const both = await Promise.all([launchAndEnter(scene, order), launchAndEnter(scene, order)])
    const again = await launchAndEnter(scene, order)
    const pages = [...both, again].map(({ page }) => page)
    expect(pages[0]).toMatch(/^\/workspaces\//)
    expect(new Set(pages).size).toBe(1)
  })

  it.each([
    ['teacher1', '3', 'teacher'],
    ['assistant1', '4', 'teacher'],
    ['manager1', '5', 'teacher'],
    ['admin', '2', 'teacher'],
    ['student5', '15', 'student'],
  ])(
    'of %s gives the role the LMS course gives, and no plan to edit',
    async (person, sub, role) => {
      const { page } = await launchAndEnter(scene, { person, activity: lab })
      expect(page).toMatch(role === 'teacher' ? /^\/courses\/networks$/ : /^\/workspaces\//)
      expect(await member(sub)).toMatchObject({ role, edits_plans: false })
    },
  )

  it('makes a teacher of one LMS course nobody in another', async () => {
    await launchAndEnter(scene, { person: 'teacher1', activity: lab })
    const rows = await many(
      pool,
      sql`select context_id from membership join person on person.id = person_id
          join lms_context on lms_context.id = lms_context_id where sub = '3'`,
    )
    expect(rows).toEqual([{ context_id: '2' }])
  })

  it('lets in who has no name, and forgets names the LMS no longer sends', async () => {
    await launchAndEnter(scene, { person: 'student6', activity: lab })
    expect(await member('16')).toMatchObject({ display_name: 'Student Six' })
    const { page } = await launchAndEnter(scene, {
      ...{ person: 'student6', activity: lab, faults: ['names-missing', 'email-missing'] },
    })
    expect(page).toMatch(/^\/workspaces\//)
    expect(await member('16')).toMatchObject({ display_name: null })
  })

  it('keeps the e-mail address of who teaches, and forgets it when the LMS no longer sends it', async () => {
    const email = async (sub: string) =>
      (await one<{ email: string | null }>(pool, sql`select email from person where sub = ${sub}`))
        .email
    await launchAndEnter(scene, { person: 'teacher1', activity: lab })
    await launchAndEnter(scene, { person: 'student4', activity: lab })
    expect([await email('3'), await email('14')]).toEqual(['teacher1@invented.example', null])
    await launchAndEnter(scene, { person: 'teacher1', activity: lab, faults: ['email-missing'] })
    expect(await email('3')).toBeNull()
  })

  it('keeps the address of a student only while they wait for a turn', async () => {
    const id = await plannedCourse(scene, 'gpus', { seats: 1 })
    await pool.query(
      `update course set gpus = 1, lifecycle = lifecycle || '{"turnHours": 1}' where id = $1`,
      [id],
    )
    const activity = chosenActivity(scene, {
      ...{ platformId, lmsCourse: 'networks-101', key: 'gpus', courseKey: 'gpus' },
    })
    for (const person of ['student2', 'student3']) await launchAndEnter(scene, { person, activity })
    await launchAndEnter(scene, { person: 'student4', activity, faults: ['email-missing'] })
    const kept = await many(
      pool,
      sql`select person.sub, workspace.turn_mail from workspace join person on person.id = person_id
          where turn_mail is not null`,
    )
    expect(kept).toEqual([{ sub: '13', turn_mail: 'student3@invented.example' }])
  })

  it('keeps names out of the audit log and students’ e-mail addresses out of everything', async () => {
    await launchAndEnter(scene, { person: 'student7', activity: lab })
    const { pseudonym } = await member('17')
    const lines = await many<{ actor: string; detail: unknown }>(
      pool,
      sql`select actor, detail from audit where actor = ${pseudonym}`,
    )
    expect(lines.length).toBeGreaterThan(0)
    const dump = await many(pool, sql`select person::text as row from person`)
    expect(JSON.stringify([lines, dump])).not.toMatch(/student\d@|student7/)
    expect(JSON.stringify(lines)).not.toContain('@')
  })
})

describe('cookies', () => {
  /** Express and we write the same attributes in another order. */
  const attributes = (cookie = '') => cookie.split('; ').slice(1).toSorted()
  const framable = ['HttpOnly', 'Partitioned', 'SameSite=None', 'Secure']

  it('live in a frame: each is Secure, SameSite=None and Partitioned', async () => {
    const order = { person: 'student8', activity: lab }
    const { asked } = await lms.login(order)
    expect(asked.get('state')).toMatch(/^[0-9a-f]{50}$/)
    const login = await ask(`${config.publicUrl}/lti/login`, {
      form: { iss: lms.url, login_hint: '18', target_link_uri: 'x', client_id: clientId() },
    })
    const [state] = login.headers['set-cookie'] ?? []
    expect(state).toMatch(/^state[0-9a-f]{50}=s%3A/)
    expect(attributes(state)).toEqual(expect.arrayContaining([...framable, 'Path=/lti']))
    const { launched, entered } = await launchAndEnter(scene, order)
    const [gone, code] = launched.headers['set-cookie'] ?? []
    expect(gone).toMatch(/^state[0-9a-f]{50}=.*; Expires=Thu, 01 Jan 1970 /)
    expect(attributes(gone)).toEqual(expect.arrayContaining([...framable, 'Path=/lti']))
    expect(code).toMatch(/^__Host-labplan-enter-[\w-]{8}=[\w-]{43};/)
    expect(attributes(code)).toEqual([...framable, 'Max-Age=60', 'Path=/'].toSorted())
    const [own] = entered.headers['set-cookie'] ?? []
    expect(own).toMatch(/^__Host-labplan=[\w-]{43};/)
    expect(attributes(own)).toEqual([...framable, 'Max-Age=43200', 'Path=/'].toSorted())
  })

  it('keep the language of the LMS for who is not signed in any more', async () => {
    // Who reads French, in a browser that asks for English.
    const order = { person: 'student10', activity: lab }
    const { entered, page } = await launchAndEnter(scene, order)
    const cookie = entered.cookies.filter((one) => !one.startsWith('__Host-labplan=')).join('; ')
    const headers = { accept: 'text/html', 'accept-language': 'en', cookie }
    const ended = await ask(config.publicUrl + page, { headers })
    expect([ended.status, ended.text.includes('Passez par votre plateforme')]).toEqual([401, true])
    const refused = await ask(`${config.publicUrl}/lti/launch`, { headers })
    expect(refused.text).toContain('L’activité n’a pas pu être ouverte')
  })

  it('are looked for before the LMS answers, when the login runs in a frame', async () => {
    const form = { iss: lms.url, login_hint: '18', target_link_uri: 'x', client_id: clientId() }
    const framed = { 'sec-fetch-dest': 'iframe' }
    const first = await ask(`${config.publicUrl}/lti/login`, { form, headers: framed })
    expect(first.status).toBe(303)
    const [probe] = first.headers['set-cookie'] ?? []
    expect(probe).toMatch(/^labplan-framed=1;/)
    expect(attributes(probe)).toEqual(expect.arrayContaining(framable))
    const again = new URL(String(first.headers['location']), config.publicUrl).href
    const kept = await ask(again, { headers: { ...framed, cookie: first.cookies.join('; ') } })
    expect(kept.headers['location']).toMatch(new RegExp(`^${lms.url}/lti/auth\\?`))
    const blocked = await ask(again, { headers: framed })
    expect(blocked.status).toBe(200)
    expect(blocked.text).toContain('target="_blank"')
    expect(blocked.text).toContain('name="login_hint" value="18"')
    expect(blocked.headers['content-security-policy']).toContain(
      `form-action 'self' ${new URL(lms.url).origin}`,
    )
  })
})

const clientId = () => lms.tools().at(-1)?.clientId ?? ''

describe('the way in', () => {
  const enter = (location: string, cookies: string[]) =>
    ask(new URL(location, config.publicUrl).href, { headers: { cookie: cookies.join('; ') } })

  it('works once, and a reload of it leads to the start page', async () => {
    const launched = await lms.launch({ person: 'student9', activity: lab })
    const location = String(launched.headers['location'])
    const first = await enter(location, launched.cookies)
    expect(first.headers['location']).toMatch(/^\/workspaces\//)
    const reloaded = await enter(location, first.cookies)
    expect(reloaded.headers['location']).toBe('/')
    const elsewhere = await enter(location, launched.cookies)
    expect([elsewhere.status, refusalOf(elsewhere)]).toEqual([410, 'code-used'])
  })

  it('signs nobody in without the cookie of the browser that launched', async () => {
    const launched = await lms.launch({ person: 'student9', activity: lab })
    const location = String(launched.headers['location'])
    const before = await counts(scene)
    const victim = await enter(location, [])
    expect([victim.status, refusalOf(victim)]).toEqual([410, 'code-used'])
    expect(await counts(scene)).toEqual(before)
    const own = await enter(location, launched.cookies)
    expect(own.status).toBe(303)
  })

  it('is closed after half a minute', async () => {
    const launched = await lms.launch({ person: 'student9', activity: lab })
    scene.shiftMinutes(1)
    const late = await enter(String(launched.headers['location']), launched.cookies)
    scene.shiftMinutes(0)
    expect(refusalOf(late)).toBe('code-used')
  })

  it('opens a login that ends after twelve hours', async () => {
    const { entered } = await launchAndEnter(scene, { person: 'student9', activity: lab })
    const token = entered.cookies[0]?.split('=')[1] ?? ''
    const hours = (count: number) => new Date(Date.now() + count * 3_600_000)
    expect(await findLogin(pool, token, hours(11.9))).toMatchObject({ role: 'student' })
    expect(await findLogin(pool, token, hours(12.1))).toBeUndefined()
  })

  it('puts no token into any address', async () => {
    const { launched, entered } = await launchAndEnter(scene, {
      ...{ person: 'student9', activity: lab },
    })
    const addresses = `${launched.headers['location']} ${entered.headers['location']}`
    expect(addresses).not.toMatch(/ltik|id_token|eyJ/)
  })
})
