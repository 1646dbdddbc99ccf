/**
 * A student's own volume, whole and real: two courses through Terraform, seats on a Swarm that run already when their student
 * comes, a storage agent that brings each student's files into the seats they have, and nobody else's.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql } from '../../../api/data/db.ts'
import { mountsBelow } from '../../../scripts/steps/mounts.ts'
import { testDatabase } from '../../postgres.ts'
import { type PracticeClass, practiceClass, seatsReady, until } from '../../practice-class.ts'
import { formTo } from '../../visitor.ts'
import { countRefused, mountAttempts, pathAttempts } from './seat-attempts.ts'

const MIB = 1024 * 1024
const QUOTA_MB = 24
const OTHER = 'physics-202'

const database = await testDatabase()
let practice: PracticeClass

beforeAll(async () => {
  const plan = { students: 2, volumeQuotaMb: 16, personalVolume: true, personalQuotaMb: QUOTA_MB }
  practice = await practiceClass({ ...plan, also: [OTHER] }, { databaseUrl: database.url })
  await seatsReady(practice.inst, 4)
}, 420_000)

afterAll(async () => {
  await practice?.close()
  await database.drop()
})

const runFile = promisify(execFile)

/** Without holding up this process, whose connections to Labplan would be found dead. */
const docker = async (...args: string[]): Promise<string> =>
  (await runFile('docker', ['-H', practice.bed.dockerHost, ...args])).stdout.trim()

type Row = {
  course: string
  code: string
  number: number
  state: string
  service_id: string
  shown: string | null
}

/** Workspaces by who launched into which course. */
const workspaces = new Map<string, string>()

/** The seat that a person of the cast has in a course. */
const seatOf = (person: string, course = 'networks-101') =>
  one<Row>(
    practice.inst.pool,
    sql`select course.key as course, course.code, seat.number, workspace.state, seat.service_id, volume.name as shown
        from workspace join seat on seat.id = workspace.seat_id join course on course.id = seat.course_id
          left join volume on volume.id = seat.slot_volume_id
        where workspace.id = ${workspaces.get(`${person} ${course}`) ?? null}`,
  )

async function launch(person: string, course = 'networks-101') {
  const { visitor, page } = await practice.launch(person, course)
  const id = /workspaces\/([0-9a-f-]{36})/.exec(page.url)?.[1] ?? ''
  workspaces.set(`${person} ${course}`, id)
  return { visitor, page }
}

/** As the student of this seat, inside it. */
async function inSeat(
  { code, number }: Pick<Row, 'code' | 'number'>,
  script: string,
): Promise<string> {
  const label = `label=labplan.seat=${code}/${String(number).padStart(3, '0')}`
  const container = await docker('ps', '--quiet', '--filter', label)
  const [user = ''] = (await docker('exec', container, 'ls', '/home')).split('\n')
  return docker('exec', '--user', user, container, 'sh', '-c', `cd /personal && { ${script}; }`)
}

/** As the root that its first process is. */
async function asRoot({ code, number }: Row, script: string): Promise<string> {
  const label = `label=labplan.seat=${code}/${String(number).padStart(3, '0')}`
  const container = await docker('ps', '--quiet', '--filter', label)
  return docker('exec', container, 'sh', '-c', script)
}

/** Until the seat of who launched shows a volume that is mounted; answers the milliseconds since the launch. */
async function launchUntilShown(person: string, course?: string) {
  const begun = performance.now()
  const { visitor, page } = await launch(person, course)
  await until(
    async () => (await seatOf(person, course)).state === 'ready',
    60_000,
    () => `a seat for ${person}:\n${practice.inst.log('worker').slice(-2000)}`,
  )
  await until(
    async () => (await seatOf(person, course)).shown !== null,
    30_000,
    () => `the volume of ${person}:\n${practice.inst.log('worker').slice(-2000)}`,
  )
  const milliseconds = Math.round(performance.now() - begun)
  return { visitor, page, milliseconds, seat: await seatOf(person, course) }
}

const figures: Record<string, number> = {}
afterAll(() =>
  console.log(`personal volume, from launch to files in the seat: ${JSON.stringify(figures)} ms`),
)

it('has an empty folder in every seat, in which nobody can write', async () => {
  const seats = await many<Row>(
    practice.inst.pool,
    sql`select course.code, seat.number from seat join course on course.id = course_id where seat.state = 'ready'`,
  )
  expect(seats).toHaveLength(4)
  for (const seat of seats)
    expect(await inSeat(seat, 'ls -A; touch mine 2>/dev/null || echo refused')).toBe('refused')
  expect(
    await many(practice.inst.pool, sql`select name from volume where person_id is not null`),
  ).toEqual([])
})

it('appears in the seat that runs already, with its limit', { timeout: 90_000 }, async () => {
  const { seat, milliseconds } = await launchUntilShown('student1')
  figures['first launch, seat warm'] = milliseconds
  await inSeat(seat, 'echo by student1 > essay')
  const size = Number(await inSeat(seat, 'df --output=size -k . | tail -1')) / 1024
  expect(Math.abs(size - QUOTA_MB)).toBeLessThan(2)
  const written = Number(
    await inSeat(seat, 'dd if=/dev/zero of=full bs=64k 2>/dev/null; stat -c %s full'),
  )
  expect(Math.abs(written - QUOTA_MB * MIB)).toBeLessThanOrEqual(MIB)
  await inSeat(seat, 'rm full')
})

it(
  'follows its student to the seat of another course, at the same time',
  { timeout: 90_000 },
  async () => {
    const { seat, page, visitor, milliseconds } = await launchUntilShown('student1', OTHER)
    figures['second course, seat warm'] = milliseconds
    expect(await inSeat(seat, 'cat essay; echo more > second')).toBe('by student1')
    expect(await inSeat(await seatOf('student1'), 'cat second')).toBe('more')
    const again = await visitor.get(page.url)
    expect(again.text).toContain('Networks 101')
  },
)

it('is never in the seat of another', { timeout: 90_000 }, async () => {
  const { seat, milliseconds } = await launchUntilShown('student2')
  figures['another student, seat warm'] = milliseconds
  expect(await inSeat(seat, 'ls -A')).toBe('')
  await inSeat(seat, 'echo by student2 > essay')
  expect(await inSeat(await seatOf('student1'), 'cat essay')).toBe('by student1')
  expect(await seatOf('student2')).not.toMatchObject({ shown: (await seatOf('student1')).shown })
})

it('is opened from another’s seat by no path and no mount', async () => {
  const seat = await seatOf('student2')
  const { shown } = await seatOf('student1')
  const root = practice.bed.volumes
  const paths = [...pathAttempts(root), `${root}/mounts/${shown}`]
  const mounts = mountAttempts('/personal')
  for (const inside of [inSeat, asRoot]) {
    expect(await inside(seat, `ls -d ${paths.join(' ')} 2>/dev/null || true`)).toBe('')
    expect(await inside(seat, countRefused(mounts))).toBe(`${mounts.length} refused`)
  }
  expect(await inSeat(seat, 'cat /proc/self/mountinfo')).not.toContain(shown)
})

it('is in no specification and no plan', async () => {
  const { pool } = practice.inst
  const names = await many<{ name: string }>(
    pool,
    sql`select name from volume where person_id is not null`,
  )
  expect(names).toHaveLength(2)
  const services = (await docker('service', 'ls', '--quiet')).split('\n')
  const specs = await docker('service', 'inspect', ...services)
  const [blueprint] = await many<{ bytes: Buffer }>(
    pool,
    sql`select bytes from blueprint order by created_at desc limit 1`,
  )
  for (const { name } of names) {
    expect(specs).not.toContain(name)
    expect(blueprint?.bytes.toString()).not.toContain(name)
  }
  expect(specs).toContain('/personal')
})

it(
  'goes out of a seat that stops, and is there again at the next launch',
  { timeout: 120_000 },
  async () => {
    const slot = async () => {
      const { code, number } = await seatOf('student1')
      return join(
        practice.bed.volumes,
        'slots',
        `lp-${practice.inst.id}-${code}-s${String(number).padStart(3, '0')}`,
      )
    }
    const at = await slot()
    expect(mountsBelow(practice.bed.volumes)).toContain(at)
    const { visitor, page } = await practice.launch('student1')
    const stop = formTo(page, '/stop')
    await visitor.post(stop.action, stop.fields)
    await until(
      async () =>
        !mountsBelow(practice.bed.volumes).includes(at) &&
        (await seatOf('student1')).shown === null,
      60_000,
      () => `an empty slot:\n${practice.inst.log('worker').slice(-2000)}`,
    )
    const { seat, milliseconds } = await launchUntilShown('student1')
    figures['second launch, seat stopped'] = milliseconds
    expect(await inSeat(seat, 'cat essay second')).toBe('by student1\nmore')
  },
)

it(
  'goes on after agent and worker were killed between any two steps',
  { timeout: 120_000 },
  async () => {
    const { inst } = practice
    const { visitor, page } = await practice.launch('student1')
    const restart = formTo(page, '/restart')
    await visitor.post(restart.action, restart.fields)
    await inst.stop('storage', 'SIGKILL')
    await inst.stop('worker', 'SIGKILL')
    await Promise.all([inst.start('storage'), inst.start('worker')])
    const { seat } = await launchUntilShown('student1')
    expect(await inSeat(seat, 'cat essay second')).toBe('by student1\nmore')
    const slots = mountsBelow(practice.bed.volumes).filter((one) => one.includes('/slots/'))
    expect(slots.toSorted()).toEqual([...new Set(slots)].toSorted())
    expect(slots).toHaveLength(3)
  },
)
