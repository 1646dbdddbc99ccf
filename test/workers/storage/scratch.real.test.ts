/**
 * A class whose storage is away, whole and real: one at work stays as they are, one who waits begins on a scratch home because
 * their teacher says so, and has their files in their own home afterwards, also when the worker is killed on the way.
 */
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { many, one, sql } from '../../../api/data/db.ts'
import { openOutages } from '../../../api/data/volumes/storage-outage.ts'
import { openLog } from '../../../api/log.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { storageWatch } from '../../../workers/jobs/watch-storage.ts'
import { testDatabase } from '../../postgres.ts'
import { type PracticeClass, practiceClass, seatsReady, until } from '../../practice-class.ts'
import { formTo, type Visitor } from '../../visitor.ts'

vi.setConfig({ testTimeout: 420_000, hookTimeout: 420_000 })

const database = await testDatabase()
let practice: PracticeClass
let stopped = false

beforeAll(async () => {
  practice = await practiceClass({ students: 2, volumeQuotaMb: 24 }, { databaseUrl: database.url })
  await seatsReady(practice.inst, 2)
})
afterAll(async () => {
  if (stopped) answer(true)
  await practice?.close()
  await database.drop()
})

/** The storage agent of this installation hangs, as in a disk that does not answer; or goes on. */
function answer(isThere: boolean): void {
  process.kill(practice.inst.pid('storage'), isThere ? 'SIGCONT' : 'SIGSTOP')
  stopped = !isThere
}

const runFile = promisify(execFile)
const docker = async (...args: string[]): Promise<string> =>
  (await runFile('docker', ['-H', practice.bed.dockerHost, ...args])).stdout.trim()

type Row = { code: string; number: number; state: string; task_id: string | null; volume: string }
const ids = new Map<string, string>()
const seatOf = (person: string) =>
  one<Row>(
    practice.inst.pool,
    sql`select course.code, seat.number, workspace.state, seat.task_id, volume.name as volume
        from workspace join seat on seat.id = workspace.seat_id join course on course.id = seat.course_id
          join volume on volume.seat_id = seat.id
        where workspace.id = ${ids.get(person)}`,
  )

async function launch(person: string) {
  const { visitor, page } = await practice.launch(person)
  ids.set(person, /workspaces\/([0-9a-f-]{36})/.exec(page.url)?.[1] ?? '')
  return { visitor, page }
}

const becomes = (person: string, state: string) =>
  until(
    async () => (await seatOf(person)).state === state,
    120_000,
    () => `${person} ${state}:\n${practice.inst.log('worker').slice(-3000)}`,
  )

/** As the student of this seat, inside it. */
async function inSeat(person: string, script: string): Promise<string> {
  const { code, number } = await seatOf(person)
  const label = `label=labplan.seat=${code}/${String(number).padStart(3, '0')}`
  const container = await docker('ps', '--quiet', '--filter', label)
  const [user = ''] = (await docker('exec', container, 'ls', '/home')).split('\n')
  return docker('exec', '--user', user, container, 'sh', '-c', `cd /home/${user} && { ${script}; }`)
}

async function stop(visitor: Visitor, person: string): Promise<void> {
  const page = await visitor.get(`${practice.inst.publicUrl}/workspaces/${ids.get(person)}`)
  const form = formTo(page, '/stop')
  await visitor.post(form.action, form.fields)
}

const isAway = async () => (await openOutages(practice.inst.pool)).length > 0
const homes = () =>
  many<{ state: string; result: string | null; folder: string }>(
    practice.inst.pool,
    sql`select state, result, folder from scratch_home order by created_at`,
  )

it('begins who waits, leaves who works, and brings the files home once', async () => {
  const { inst, bed } = practice
  await launch('student1')
  const { visitor } = await launch('student2')
  await Promise.all([becomes('student1', 'ready'), becomes('student2', 'ready')])
  await inSeat('student2', 'echo last week > report')
  await stop(visitor, 'student2')
  await becomes('student2', 'stopped')
  const before = await seatOf('student1')

  answer(false)
  // The worker's own two looks take half a minute, and have tests of their own: these are as real, and less patient.
  const agent = storageAgent({ socket: join(inst.home, 'run', 'storage.sock'), lookMs: 1_000 })
  const log = openLog('worker', 'silent')
  const watch = storageWatch({ pool: inst.pool, agent, log, now: () => new Date() })
  await watch.look()
  await watch.look()
  expect(await isAway()).toBe(true)
  await launch('student2')
  expect((await seatOf('student2')).state).toBe('starting')
  const [session] = await many<{ key: string }>(inst.pool, sql`select key from session`)
  await inst.labplan('session', 'scratch', session!.key)
  await becomes('student2', 'ready')
  expect(
    await inSeat('student2', 'ls report 2>/dev/null; echo today > report; echo $LABPLAN_SCRATCH'),
  ).toBe('1')
  const page = await visitor.get(`${inst.publicUrl}/workspaces/${ids.get('student2')}`)
  const [home] = await homes()
  expect(page.text).toContain('Vous êtes sur un dossier provisoire')
  expect(page.text).toContain(home!.folder)
  await expect(inst.labplan('session', 'scratch', session!.key, '--undo')).rejects.toThrow(/begun/)
  expect(await seatOf('student1')).toEqual(before)

  answer(true)
  await watch.look()
  expect(await isAway()).toBe(false)
  await stop(visitor, 'student2')
  await until(
    async () => (await homes())[0]?.state !== 'open',
    90_000,
    () => `a merge:\n${inst.log('worker').slice(-3000)}`,
  )
  await inst.stop('worker', 'SIGKILL')
  await launch('student2')
  await inst.start('worker')
  await becomes('student2', 'ready')
  // The start has waited for it.
  expect(['merged', 'cleared']).toContain((await homes())[0]?.state)
  await until(
    async () => (await homes())[0]?.state === 'cleared',
    90_000,
    () => `nothing left on the node:\n${inst.log('worker').slice(-3000)}`,
  )
  expect(await homes()).toEqual([{ ...home, state: 'cleared', result: 'folder' }])
  const { volume } = await seatOf('student2')
  const at = join(bed.volumes, 'mounts', volume, 'home')
  const there = globSync('*/{report,from-scratch-*/report}', { cwd: at }).toSorted()
  expect(there.map((file) => readFileSync(join(at, file), 'utf8').trim()).toSorted()).toEqual([
    'last week',
    'today',
  ])
  expect(
    await docker(
      'run',
      '--rm',
      '--entrypoint',
      'ls',
      '-v',
      `${volume}-scratch:/s`,
      `${bed.registry}/${practice.image}`,
      '-A',
      '/s',
    ),
  ).toBe('')

  expect(await inSeat('student2', `cat report ${home!.folder}/report; echo $LABPLAN_SCRATCH`)).toBe(
    'last week\ntoday',
  )
  expect(await seatOf('student1')).toEqual(before)
  const carriers = () => docker('service', 'ls', '--quiet', '--filter', 'label=labplan.scratch')
  await until(
    async () => (await carriers()) === '',
    20_000,
    () => 'no carrier',
  )
})
