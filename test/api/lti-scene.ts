/**
 * Labplan's api and the practice LMS on free ports with a database of their own: what the LTI tests play in.
 * Everything is real; only the browser is played, by `test/lms/client.ts`.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, readConfig } from '../../api/config.ts'
import { type Pool, one, sql, withTransaction } from '../../api/data/db.ts'
import { newId } from '../../api/data/ids.ts'
import { type KeyRing, readKeyRing } from '../../api/data/key-ring.ts'
import { activatePlatform, listPlatforms } from '../../api/data/lms/platform.ts'
import { issueRegistrationLink } from '../../api/data/lms/registration-link.ts'
import { ensureSeats } from '../../api/data/seats/seat.ts'
import { signChoice } from '../../api/lti/course-choice.ts'
import { startServer } from '../../api/server.ts'
import type { LaunchFault } from '../lms/faults.ts'
import { type HttpAnswer, ask } from '../lms/http.ts'
import { type Lms, startLms } from '../lms/lms.ts'
import { type TestDatabase, testDatabase } from '../postgres.ts'
import { freePort } from '../free-port.ts'

export const actor = { name: 'operator', role: 'operator' } as const

export type Scene = {
  database: TestDatabase
  pool: Pool
  ring: KeyRing
  lms: Lms
  config: Config
  /** Moves Labplan's clock; the LMS keeps the machine's. */
  shiftMinutes(minutes: number): void
  now(): Date
  close(): Promise<void>
}

export type SceneOptions = { env?: Record<string, string>; publicUrl?: (port: number) => string }

export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const database = await testDatabase()
  const home = mkdtempSync(join(tmpdir(), 'labplan-lti-'))
  const key = randomBytes(32).toString('base64')
  writeFileSync(join(home, 'keys.json'), JSON.stringify({ current: 'k1', keys: { k1: key } }))
  const port = await freePort()
  const config = readConfig({
    LABPLAN_HOME: home,
    DATABASE_URL: database.url,
    LABPLAN_INSTALLATION: database.installation,
    LABPLAN_PUBLIC_URL: options.publicUrl?.(port) ?? `http://labplan.localhost:${port}`,
    LABPLAN_API_LISTEN: `127.0.0.1:${port}`,
    LABPLAN_LOG_LEVEL: 'silent',
    ...options.env,
  })
  let shiftMs = 0
  const now = () => new Date(Date.now() + shiftMs)
  const server = await startServer(config, { now })
  const lms = await startLms({ hostname: 'lms.localhost' })
  return {
    ...{ database, lms, config, now },
    pool: database.pool,
    ring: readKeyRing(config.keyFile),
    shiftMinutes: (minutes) => void (shiftMs = minutes * 60_000),
    async close() {
      await lms.close()
      await server.stop()
      await database.drop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** A one-time registration link, as an administrator makes it. */
export async function registrationLink(scene: Scene, name = 'Practice LMS'): Promise<string> {
  const { token } = await withTransaction(scene.pool, (tx) =>
    issueRegistrationLink(tx, { name, actor, now: scene.now() }),
  )
  return `${scene.config.publicUrl}/lti/register?token=${token}`
}

/** The LMS registers itself and both sides activate; answers the platform's id. */
export async function registerAndActivate(scene: Scene): Promise<string> {
  await scene.lms.registerTool(await registrationLink(scene), { activate: true })
  const platform = (await listPlatforms(scene.pool)).at(-1)
  if (!platform) throw new Error('The practice LMS did not get registered.')
  await withTransaction(scene.pool, (tx) =>
    activatePlatform(tx, { id: platform.id, actor, now: scene.now() }),
  )
  return platform.id
}

/** A course with `seats` numbers and one session that is open now. */
export async function plannedCourse(
  scene: Scene,
  key: string,
  plan: { seats: number; state?: string } = { seats: 10 },
): Promise<string> {
  const id = newId()
  const minutes = (count: number) => new Date(scene.now().getTime() + count * 60_000)
  await withTransaction(scene.pool, async (tx) => {
    const zone = await one<{ id: string }>(tx, sql`select id from zone where key = 'default'`)
    const poolId = newId()
    await tx.query('insert into pool (id, zone_id, key, created_at) values ($1, $2, $3, $4)', [
      poolId,
      zone.id,
      `pool-${key}`,
      minutes(-600),
    ])
    await tx.query(
      `insert into course (id, zone_id, key, code, state, state_at, document, title, created_at, allowance_seats)
       values ($1, $2, $3, $4, $5, $6, '', $7, $6, $8)`,
      [
        id,
        zone.id,
        key,
        randomBytes(4).toString('hex'),
        plan.state ?? 'ready',
        minutes(-600),
        JSON.stringify({ en: `Course ${key}`, fr: `Cours ${key}` }),
        plan.seats,
      ],
    )
    await tx.query(
      `insert into session (id, course_id, pool_id, key, starts_at, ends_at, opens_at, lead_starts_at, grace_ends_at,
         students, at_once, state, state_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, 'planned', $8)`,
      [
        newId(),
        id,
        poolId,
        `${key}/1`,
        minutes(-30),
        minutes(240),
        minutes(-40),
        minutes(-60),
        minutes(255),
        plan.seats,
      ],
    )
    await ensureSeats(tx, scene.ring, {
      ...{ id, poolId, seats: plan.seats, now: minutes(-600) },
      ports: [
        {
          number: 8080,
          name: 'terminal',
          kind: 'web' as const,
          required: true,
          title: { en: 'Terminal', fr: 'Terminal' },
        },
      ],
    })
  })
  return id
}

/** An activity whose course was chosen by deep linking, as far as its custom parameters tell. */
export function chosenActivity(
  scene: Scene,
  activity: { platformId: string; lmsCourse: string; key: string; courseKey: string },
): string {
  const { platformId, lmsCourse, key, courseKey } = activity
  const contextId = scene.lms.courses().find((course) => course.key === lmsCourse)?.id ?? ''
  scene.lms.putActivity({
    ...{ course: lmsCourse, key, title: key },
    custom: signChoice(scene.ring, { platformId, contextId, courseKey }),
  })
  return `${lmsCourse}/${key}`
}

const counted = [
  'person',
  'membership',
  'workspace',
  'login',
  'login_code',
  'lms_context',
  'lms_resource',
  'deep_link',
  'audit',
]

/** How many rows there are of everything a launch may make, seats taken included. */
export async function counts(scene: Scene): Promise<Record<string, number>> {
  const rows = await Promise.all(
    counted.map(async (table) => {
      const { rows } = await scene.pool.query<{ n: number }>(`select count(*) as n from ${table}`)
      return [table, rows[0]?.n ?? -1] as const
    }),
  )
  const seats = await one<{ n: number }>(
    scene.pool,
    sql`select count(*) as n from workspace where seat_id is not null`,
  )
  return { ...Object.fromEntries(rows), seats: seats.n }
}

export type Order = { person: string; activity: string; faults?: readonly LaunchFault[] }

/** A whole launch: the LMS's, then the way in; answers both, and the cookies of a browser afterwards. */
export async function launchAndEnter(scene: Scene, order: Order) {
  const launched = await scene.lms.launch(order)
  const location = String(launched.headers['location'])
  const entered = await ask(new URL(location, scene.config.publicUrl).href, {
    headers: { cookie: launched.cookies.join('; ') },
  })
  return { launched, entered, page: String(entered.headers['location']) }
}

/** The code a refusal page shows. */
export function refusalOf(answer: HttpAnswer): string {
  return /<code>([\w-]+) \w+<\/code>/.exec(answer.text)?.[1] ?? `none: ${answer.text.slice(0, 400)}`
}
