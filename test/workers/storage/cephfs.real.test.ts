/**
 * Volumes in a real Ceph, whole: the course through Terraform, seats on a Swarm of two nodes, the storage agent that mounts
 * them. Limits as a student meets them, another size in class, files on another node in the next start, and the purge.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { many, one, sql } from '../../../api/data/db.ts'
import { openOutages } from '../../../api/data/volumes/storage-outage.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { tidyProgram } from '../../../stacks/parts/volume-tidy.ts'
import { mountsBelow } from '../../../scripts/steps/mounts.ts'
import { type CephBed, cephBed } from '../../beds/ceph.ts'
import { whyNoCephNow } from '../../beds/cluster/install.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'
import { type PracticeClass, practiceClass, seatsReady, until } from '../../practice-class.ts'
import { formTo, type Page, type Visitor } from '../../visitor.ts'
import { textOf } from '../../api/page-text.ts'
import { comesWith, publish, readData, versionsOf } from './course-data-inside.ts'
import { bringBack, snapshotNow } from './from-before.ts'
import { nextSessions } from './next-sessions.ts'
import { countRefused, mountAttempts, pathAttempts } from './seat-attempts.ts'
import { docker, seatsInside } from '../swarm/seats-inside.ts'
import { wholeRecord } from '../whole-record.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 600_000 })

const MIB = 1024 * 1024
const QUOTA_MB = 24
const STUDENTS = Number(process.env['LABPLAN_SEATS'] ?? 2)
const IS_LONG = process.env['LABPLAN_LONG'] !== undefined
const STARTS_MS = 120_000 + 30_000 * STUDENTS
const PERSONAL_MB = 16
const plan = {
  ...{ students: STUDENTS, volumeQuotaMb: QUOTA_MB, nodes: 2 },
  ...{ personalVolume: true, personalQuotaMb: PERSONAL_MB },
}
const larger = { ...plan, volumeQuotaMb: QUOTA_MB + 8 }
const why = whyNoCephNow()

let database: TestDatabase
let ceph: CephBed
let practice: PracticeClass

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  ;[ceph, database] = await Promise.all([cephBed(), testDatabase()])
  const means = { databaseUrl: database.url, env: ceph.env, poolStorage: '{ backend: cephfs }' }
  practice = await practiceClass(plan, means)
  await seatsReady(practice.inst, STUDENTS, STARTS_MS)
})
afterAll(async () => {
  await practice?.close()
  await ceph?.down()
  await database?.drop()
})

type Row = {
  name: string
  number: number
  backend: string
  state: string
  limit_bytes: number
  used_bytes: number
  message_code: string | null
  message_params: Record<string, number>
}
const volumes = () =>
  many<Row>(
    practice.inst.pool,
    sql`select volume.*, seat.number from volume join seat on seat.id = seat_id order by number`,
  )

const seats = seatsInside(() => practice)
const { place, inSeat, asRoot, sizeIn } = seats

it('lets each seat write to its limit, and not one more MiB; df shows it', async () => {
  const rows = await volumes()
  expect(rows.map(({ number, state, backend }) => [number, state, backend])).toEqual(
    Array.from({ length: STUDENTS }, (_, i) => [i + 1, 'ready', 'cephfs']),
  )
  for (const { number } of rows) {
    expect(sizeIn(number)).toBe(QUOTA_MB)
    inSeat(
      number,
      'echo mine > mine; dd if=/dev/zero of=full bs=64k conv=fsync 2>/dev/null || true',
    )
    // What the image puts into a home is in it, too.
    const sizes = inSeat(number, "find . -type f -printf '%s\\n'").split('\n').map(Number)
    const written = sizes.reduce((sum, size) => sum + size, 0)
    expect(Math.abs(written - QUOTA_MB * MIB)).toBeLessThanOrEqual(MIB)
    expect(inSeat(number, 'head -c 1M /dev/zero > more 2>/dev/null || echo refused')).toBe(
      'refused',
    )
  }
  const isSaid = async () => (await volumes()).every((row) => row.used_bytes > (QUOTA_MB - 1) * MIB)
  await until(isSaid, 30_000, () => 'the record to say that they are full')
})

const seatOfStudent = () =>
  one<{ state: string; number: number; shown: string | null }>(
    practice.inst.pool,
    sql`select seat.state, seat.number, volume.name as shown from workspace join seat on seat.id = seat_id
          left join volume on volume.id = slot_volume_id
        order by workspace.created_at limit 1`,
  )
/** Until their own volume is in their seat; answers the milliseconds since then. */
async function isShown(begun: number): Promise<number> {
  await until(
    async () => (await seatOfStudent()).shown !== null,
    30_000,
    () => `a student’s own volume:\n${practice.inst.log('worker').slice(-2000)}`,
  )
  return Math.round(performance.now() - begun)
}
/** All that Ceph keeps for us, students' own volumes, too. */
const allVolumes = async (): Promise<string[]> =>
  (
    await many<{ name: string }>(practice.inst.pool, sql`select name from volume order by name`)
  ).map(({ name }) => name)
const becomes = (wanted: string) =>
  until(
    async () => (await seatOfStudent()).state === wanted,
    90_000,
    () => `a seat that is ${wanted}:\n${practice.inst.log('worker').slice(-3000)}`,
  )

it('brings a student’s own volume into the seat that runs already, with its limit', async () => {
  const { number } = (await volumes())[0]!
  expect(inSeat(number, 'ls -A /personal; touch /personal/lost 2>/dev/null || echo refused')).toBe(
    'refused',
  )
  const begun = performance.now()
  await practice.launch('student1')
  await becomes('ready')
  const ms = await isShown(begun)
  console.log(`personal volume of a Ceph, from launch to files in the seat: ${ms} ms`)
  const { number: own } = await seatOfStudent()
  const write = 'dd if=/dev/zero of=full bs=64k conv=fsync 2>/dev/null; stat -c %s full; rm full'
  const size = 'df --output=size -B1M . | tail -1'
  const said = inSeat(own, `cd /personal; echo by student1 > essay; ${size}; ${write}`).split('\n')
  const [shown, written] = said.map(Number)
  expect(shown).toBe(PERSONAL_MB)
  expect(Math.abs(written! - PERSONAL_MB * MIB)).toBeLessThanOrEqual(MIB)
})

it('is resized by the course’s plan while its student works, and refuses to hold less than is in it', async () => {
  const { number } = await seatOfStudent()
  const { container } = place(number)
  const own = async () => (await volumes()).find((row) => row.number === number)!
  await practice.replan({ ...plan, volumeQuotaMb: 12 })
  await until(
    async () => (await own()).message_code === 'volume.below-use',
    60_000,
    () => `a refusal:\n${practice.inst.log('worker').slice(-2000)}`,
  )
  const refused = await own()
  expect(refused.message_params).toMatchObject({ wantedMb: 12 })
  expect(Math.abs(refused.message_params['usedMb']! - QUOTA_MB)).toBeLessThanOrEqual(1)
  expect(refused.limit_bytes).toBe(QUOTA_MB * MIB)
  await practice.replan(larger)
  await until(
    async () => (await volumes()).every((row) => sizeIn(row.number) === QUOTA_MB + 8),
    60_000,
    () => `larger volumes:\n${practice.inst.log('worker').slice(-2000)}`,
  )
  expect(inSeat(number, 'head -c 1M /dev/zero > more && stat -c %s more')).toBe(String(MIB))
  expect(place(number).container).toBe(container)
})

it('shows its seat nothing of others, of its key or of the way to it', async () => {
  const { number } = await seatOfStudent()
  const seen = inSeat(number, 'ls -a / /home /personal; cat /proc/mounts; env')
  expect(seen).not.toMatch(/keyring|secret=|lp-\w{8}-\w{8}-s\d|personal-s\d/)
  expect(inSeat(number, 'cat /proc/self/mountinfo')).not.toMatch(/personal-s\d|volumes\/keys/)
  const ways = pathAttempts(practice.bed.volumes).join(' ')
  expect(inSeat(number, `ls -d ${ways} 2>/dev/null || true`)).toBe('')
})

it('lets a seat mount nothing: not another’s volume, and not the slot of another', async () => {
  const { number } = await seatOfStudent()
  const attempts = mountAttempts('/personal')
  const script = countRefused(attempts)
  expect(inSeat(number, script)).toBe(`${attempts.length} refused`)
  // As the root that its first process is.
  expect(asRoot(number, script)).toBe(`${attempts.length} refused`)
})

it('has its files and the course’s data in the next start, on the other node; meanwhile they come back from before', async () => {
  const { bed } = practice
  const { visitor, page } = await practice.launch('student1')
  const { number } = await seatOfStudent()
  const other = 3 - number
  const before = place(number).host
  const volume = (await volumes()).find((row) => row.number === number)!.name
  inSeat(number, 'echo first > essay; sync essay')
  const asOf = await snapshotNow(practice, volume)
  inSeat(number, 'echo second > essay; sync essay')
  const stop = formTo(page, '/stop')
  expect(await publish(practice, 'the first')).toContain('Version 1 is published')
  // Where nobody works the seat is made anew by itself.
  await comesWith(practice, { number: other, version: 1 })
  expect(readData(seats, other)).toBe('the first')
  await visitor.post(stop.action, stop.fields)
  await becomes('cold')
  const root = join(bed.volumes, 'mounts', volume, 'home')
  await bringBack(visitor, `${page.url.split('?')[0]}/files`, { asOf, root })
  const name = bed.nodes.find((node) => node.dockerHost === before)!.name
  docker(bed.dockerHost, 'node', 'update', '--availability', 'pause', name)
  const begun = performance.now()
  await practice.launch('student1')
  await comesWith(practice, { number, version: 1 })
  const ms = await isShown(begun)
  console.log(`personal volume of a Ceph, second launch, seat stopped, other node: ${ms} ms`)
  expect(place(number).host).not.toBe(before)
  expect(inSeat(number, 'cat mine /personal/essay')).toBe('mine\nby student1')
  expect(readData(seats, number)).toBe('the first')
  expect(inSeat(number, 'cat essay essay\\ *')).toBe('second\nfirst')
  docker(bed.dockerHost, 'node', 'update', '--availability', 'active', name)
})

it('gives who starts anew the next version of the course’s data, and who works keeps theirs', async () => {
  const { number } = await seatOfStudent()
  const other = 3 - number
  expect(await publish(practice, 'the second')).toContain('Version 2 is published')
  // On whichever node: with ten seats it may be the same one, which then has both versions.
  await comesWith(practice, { number: other, version: 2 })
  expect([readData(seats, number), readData(seats, other)]).toEqual(['the first', 'the second'])
})

const said = async (visitor: Visitor, page: Page): Promise<string> =>
  textOf((await visitor.get(page.url)).text)
const isAway = async () => (await openOutages(practice.inst.pool)).length > 0
const rowOf = (number: number) =>
  one<{ state: string; task_id: string | null; start_failures: number }>(
    practice.inst.pool,
    sql`select state, task_id, start_failures from seat where number = ${number}`,
  )

it('stands still with its storage, ends and begins nothing meanwhile, and goes on by itself', async () => {
  const { inst } = practice
  const atWork = await practice.launch('student1')
  await becomes('ready')
  const { number } = await seatOfStudent()
  const other = number === 1 ? 2 : 1
  const waiting = await practice.launch('student2')
  const isOther = (state: string) => async () => (await rowOf(other)).state === state
  await until(isOther('ready'), 60_000, () => 'the seat of the other')
  const stop = formTo(waiting.page, '/stop')
  await waiting.visitor.post(stop.action, stop.fields)
  await until(isOther('cold'), 60_000, () => 'the other seat to stop')
  const before = await rowOf(number)
  const { host, container } = place(number)
  const counter =
    'cd /home/*; i=0; while :; do i=$((i+1)); echo $i >> count; sync count; sleep 0.1; done'
  docker(host, 'exec', '-d', container, 'sh', '-c', counter)
  const counted = () => Number(inSeat(number, 'tail -n 1 count'))
  await until(
    async () => counted() > 5,
    20_000,
    () => 'a program at work',
  )

  ceph.freeze()
  let awake: Promise<void> | undefined
  try {
    await until(isAway, 60_000, () => `somebody to notice:\n${inst.log('worker').slice(-2000)}`)
    await practice.launch('student2')
    expect(await said(waiting.visitor, waiting.page)).toContain(
      'démarrera de lui-même dès que vos fichiers seront de nouveau accessibles',
    )
    expect(await said(atWork.visitor, atWork.page)).toContain('it goes on where it was')
    expect(await inst.labplan('pool', 'show', 'local')).toContain('no answer since')
    await sleep(3_000)
    // Neither begun nor ended, and nothing counted as a failure.
    expect(await rowOf(other)).toMatchObject({ state: 'cold', start_failures: 0 })
    expect(await rowOf(number)).toEqual(before)
  } finally {
    awake = ceph.thaw()
  }
  await until(
    async () => !(await isAway()),
    60_000,
    () => 'the storage to be back',
  )
  // Who looks into a seat keeps this process waiting, which wakes what sleeps on.
  await awake
  const then = counted()
  await until(
    async () => counted() > then,
    20_000,
    () => 'the program to go on',
  )
  await until(
    isOther('ready'),
    60_000,
    () => `the other seat to start:\n${inst.log('worker').slice(-2000)}`,
  )
  expect(place(number).container).toBe(container)
  expect(await rowOf(number)).toEqual(before)
  expect(await said(atWork.visitor, atWork.page)).not.toContain('cannot be reached')
  // Each line it wrote is there once, in order.
  const lines = inSeat(number, 'cat count').split('\n').map(Number)
  expect(lines).toEqual(lines.map((_, i) => i + 1))
  expect((await ceph.kept()).subvolumes).toEqual(await keptNames())
})

it(
  'has everybody’s files in the next session on the one node, and in the one after it on the other',
  { timeout: 4 * STARTS_MS },
  async ({ skip }) => {
    skip(!IS_LONG, 'takes two minutes: LABPLAN_LONG=1 runs it')
    const seen = await nextSessions(practice, seats, { plan: larger, startsMs: STARTS_MS })
    const wanted = practice.bed.nodes.flatMap(({ dockerHost: host }) =>
      Array<object>(STUDENTS).fill({ host, mine: 'mine' }),
    )
    expect(seen).toEqual(wanted)
  },
)

/** Of seats' volumes, of students' own, and of the course's data. */
const keptNames = async (): Promise<string[]> =>
  [...(await allVolumes()), ...(await versionsOf(practice)).map(({ name }) => name)].toSorted()

it('has no key of a volume in plan, state, specification, record or log', async () => {
  const { inst, bed } = practice
  const keys = readdirSync(join(bed.volumes, 'keys'))
    .filter((file) => file.endsWith('.keyring'))
    .map((file) => /key = (\S+)/.exec(readFileSync(join(bed.volumes, 'keys', file), 'utf8'))![1]!)
  // Of each, and of the board of the agents.
  expect(keys).toHaveLength((await keptNames()).length + 1)
  const services = docker(bed.dockerHost, 'service', 'ls', '--quiet').split('\n')
  const record = await wholeRecord(inst.pool)
  expect(record).toContain((await volumes())[0]!.name)
  const said = [
    docker(bed.dockerHost, 'service', 'inspect', ...services),
    ...bed.nodes.map(({ dockerHost }) => {
      const names = docker(dockerHost, 'volume', 'ls', '--quiet').split('\n').filter(Boolean)
      return names.length > 0 ? docker(dockerHost, 'volume', 'inspect', ...names) : ''
    }),
    ...(['storage', 'worker', 'api'] as const).map(inst.log),
    record,
  ].join('\n')
  for (const key of keys)
    for (const form of [key, Buffer.from(key).toString('hex')])
      expect(said.includes(form)).toBe(false)
})

it('is gone from Ceph once it is purged: folder, blocks, key and mount, listed before and after', async () => {
  const { inst, bed } = practice
  const names = await keptNames()
  expect(names).toHaveLength(STUDENTS + 2 + 2)
  const users = names.map((name) => `client.${name}`)
  expect(await ceph.kept()).toEqual({ subvolumes: names, users })
  await inst.stop('worker')
  for (const { dockerHost } of bed.nodes) {
    const services = docker(bed.dockerHost, 'service', 'ls', '--quiet').split('\n').filter(Boolean)
    if (services.length > 0) docker(bed.dockerHost, 'service', 'rm', ...services)
    await until(
      async () => docker(dockerHost, 'ps', '--quiet', '--filter', 'label=labplan.seat') === '',
      30_000,
      () => 'seats to end',
    )
  }
  const agent = storageAgent({ socket: join(inst.home, 'run', 'storage.sock') })
  for (const { name } of (await agent.slots()) ?? []) await agent.setSlot(name, 'remove')
  for (const name of names)
    expect(await agent.purge(name)).toMatchObject({
      after: { file: false, mounted: false, listed: false },
    })
  expect(await ceph.kept()).toEqual({ subvolumes: [], users: [] })
  const board = `${ceph.group}-board`
  expect(mountsBelow(join(bed.volumes, 'mounts'))).toEqual([join(bed.volumes, 'mounts', board)])
  expect(readdirSync(join(bed.volumes, 'keys')).join(' ')).not.toContain('lp-')
  const blocks = () => ceph.run('rados', '-p', 'data', 'ls', '--all')
  await expect.poll(blocks, { timeout: 60_000, interval: 500 }).not.toContain('fsvolumens_lp-')
  // Objects of Docker that pointed there go with the nodes' own tidying.
  for (const node of bed.nodes) {
    const tidy = ['sh', '-c', tidyProgram(inst.id)]
    const inside = ['--mount', '--pid', '--target', String(node.pid), ...tidy]
    const env = { ...process.env, DOCKER_HOST: node.dockerHost }
    execFileSync('nsenter', inside, { env, stdio: 'pipe' })
    const left = docker(node.dockerHost, 'volume', 'ls', '--quiet', '--filter', 'name=-data-g')
    expect(left).toBe('')
  }
})
