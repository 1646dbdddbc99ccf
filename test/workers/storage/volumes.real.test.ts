/**
 * Volumes with a limit, whole and real: the course through Terraform, seats on a Swarm, a storage agent that makes their
 * files. What a student can write, what happens when it is full, and when the agent or the files are away.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { many, one, sql } from '../../../api/data/db.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { mountsBelow } from '../../../scripts/steps/mounts.ts'
import { testDatabase } from '../../postgres.ts'
import { type PracticeClass, practiceClass, seatsReady, until } from '../../practice-class.ts'
import { formTo } from '../../visitor.ts'
import { loopFiles } from './storage-scene.ts'

const MIB = 1024 * 1024
const QUOTA_MB = 24
const STUDENTS = Number(process.env['LABPLAN_SEATS'] ?? 2)
const plan = { students: STUDENTS, volumeQuotaMb: QUOTA_MB }

const database = await testDatabase()
let practice: PracticeClass

beforeAll(async () => {
  practice = await practiceClass(plan, { databaseUrl: database.url })
  await seatsReady(practice.inst, STUDENTS)
}, 420_000)

afterAll(async () => {
  await practice?.close()
  await database.drop()
})

type Row = {
  name: string
  number: number
  state: string
  limit_bytes: number
  used_bytes: number
  message_code: string | null
  message_params: Record<string, number>
}

const volumes = () =>
  many<Row>(
    practice.inst.pool,
    sql`select volume.*, seat.number from volume join seat on seat.id = seat_id order by number, volume.generation`,
  )

const docker = (...args: string[]): string =>
  execFileSync('docker', ['-H', practice.bed.dockerHost, ...args], { stdio: 'pipe' })
    .toString()
    .trim()

/** As the student of this seat, inside it. */
function inSeat(number: number, script: string): string {
  const label = `label=labplan.seat=${course8()}/${String(number).padStart(3, '0')}`
  const container = docker('ps', '--quiet', '--filter', label)
  const [user = ''] = docker('exec', container, 'ls', '/home').split('\n')
  return docker('exec', '--user', user, container, 'sh', '-c', `cd /home/${user} && { ${script}; }`)
}

let code = ''
const course8 = () => code
beforeAll(async () => {
  code = (await one<{ code: string }>(practice.inst.pool, sql`select code from course`)).code
})

const fill = (number: number): number =>
  Number(inSeat(number, 'dd if=/dev/zero of=full bs=64k 2>/dev/null; stat -c %s full'))

it('lets each seat write to its limit, and not one more MiB; df shows it', async () => {
  expect((await volumes()).map(({ number, state }) => [number, state])).toEqual(
    Array.from({ length: STUDENTS }, (_, i) => [i + 1, 'ready']),
  )
  for (const { number } of await volumes()) {
    // What the image puts into a home is in it, too.
    const before = Number(inSeat(number, 'df --output=used -k . | tail -1')) * 1024
    const written = fill(number)
    expect(Math.abs(written + before - QUOTA_MB * MIB)).toBeLessThanOrEqual(MIB)
    const size = Number(inSeat(number, 'df --output=size -k . | tail -1')) / 1024
    expect(size - QUOTA_MB).toBeLessThan(2)
    expect(inSeat(number, 'head -c 1M /dev/zero > more 2>/dev/null || echo refused')).toBe(
      'refused',
    )
  }
})

it('says what is used to whoever asks the record', async () => {
  await until(
    async () => (await volumes()).every((row) => row.used_bytes > (QUOTA_MB - 1) * MIB),
    30_000,
    () => 'the agent to say that the volumes are full',
  )
})

it('lets its student in, out and in again while it is full', { timeout: 120_000 }, async () => {
  const { visitor, page } = await practice.launch('student1')
  const state = () =>
    one<{ state: string; number: number }>(
      practice.inst.pool,
      sql`select workspace.state, seat.number from workspace join seat on seat.id = seat_id`,
    )
  const becomes = (wanted: string) =>
    until(
      async () => (await state()).state === wanted,
      60_000,
      () => `a workspace that is ${wanted}:\n${practice.inst.log('worker').slice(-2000)}`,
    )
  await becomes('ready')
  const stop = formTo(page, '/stop')
  await visitor.post(stop.action, stop.fields)
  await becomes('stopped')
  await practice.launch('student1')
  await becomes('ready')
  expect(inSeat((await state()).number, 'ls full')).toBe('full')
})

it(
  'is resized by the course’s plan, and refuses to hold less than is in it',
  { timeout: 120_000 },
  async () => {
    await practice.replan({ ...plan, volumeQuotaMb: 12 })
    const refused = (rows: Row[]) => rows.every((row) => row.message_code === 'volume.below-use')
    await until(
      async () => refused(await volumes()),
      60_000,
      () => `a refusal:\n${practice.inst.log('worker').slice(-2000)}`,
    )
    const [first] = await volumes()
    expect(first?.message_params).toMatchObject({
      wantedMb: 12,
      usedMb: expect.closeTo(QUOTA_MB, -0.5),
    })
    expect(first!.limit_bytes / MIB).toBeCloseTo(QUOTA_MB, 0)

    inSeat(1, 'rm full more')
    await until(
      async () => Math.abs((await volumes())[0]!.limit_bytes / MIB - 12) < 1,
      30_000,
      () => 'a volume that holds 12 MiB',
    )
    await practice.replan({ ...plan, volumeQuotaMb: QUOTA_MB })
    await until(
      async () =>
        (await volumes()).every(
          (row) => Math.abs(row.limit_bytes / MIB - QUOTA_MB) < 1 && row.message_code === null,
        ),
      60_000,
      () => `volumes as they were:\n${practice.inst.log('worker').slice(-2000)}`,
    )
  },
)

it(
  'shows all seats one version of the course’s data, which none can write, and the next at a start',
  { timeout: 240_000 },
  async () => {
    const { inst } = practice
    const folder = join(inst.home, 'data')
    const publish = (text: string) => {
      mkdirSync(join(folder, 'set'), { recursive: true })
      writeFileSync(join(folder, 'set', 'subject.txt'), text, { mode: 0o600 })
      return inst.labplan('volume', 'data', 'networks-101', folder, '--size-mb', '8')
    }
    const has = async (number: number): Promise<string> => {
      const { state, version } = await one<{ state: string; version: string | null }>(
        inst.pool,
        sql`select state, body -> 'data' ->> 'version' as version from seat
              left join seat_template on digest = template_digest where number = ${number}`,
      )
      return state === 'ready' ? `version ${version}` : state
    }
    const comes = (number: number, wanted: string) =>
      until(
        async () => (await has(number)) === wanted,
        90_000,
        () => `seat ${number} with ${wanted}:\n${inst.log('worker').slice(-3000)}`,
      )
    const reads = (number: number) => inSeat(number, 'cat /data/set/subject.txt')

    const come = async () => {
      // While Docker is asked nothing else is heard: connections that were closed meanwhile have to be noticed first.
      await new Promise((resolve) => setTimeout(resolve, 50))
      return practice.launch('student1')
    }
    // Who has worked since the last test has to stop to get it.
    const visit = await come()
    const { number } = await one<{ number: number }>(
      inst.pool,
      sql`select seat.number from workspace join seat on seat.id = seat_id`,
    )
    const other = 3 - number
    const leave = async (): Promise<void> => {
      const stop = formTo(visit.page, '/stop')
      await visit.visitor.post(stop.action, stop.fields)
      await until(
        async () => (await has(number)) === 'cold',
        60_000,
        () => 'the seat to have stopped',
      )
    }
    await leave()
    expect(await publish('the first')).toContain('Version 1 is published')
    await comes(other, 'version 1')
    await come()
    await comes(number, 'version 1')
    expect([reads(1), reads(2)]).toEqual(['the first', 'the first'])
    for (const number of [1, 2]) {
      expect(inSeat(number, 'touch /data/mine 2>/dev/null || echo refused')).toBe('refused')
      const label = `label=labplan.seat=${course8()}/00${number}`
      const container = docker('ps', '--quiet', '--filter', label)
      const asRoot =
        'rm -rf /data/set 2>&1; mount -o remount,rw /data 2>&1; touch /data/x 2>&1; true'
      expect(docker('exec', container, 'sh', '-c', asRoot)).toContain('Read-only file system')
    }

    expect((await come()).page.text).toContain('Course data: version 1, in /data')
    expect(await publish('the second')).toContain('Version 2 is published')
    await comes(other, 'version 2')
    expect(reads(other)).toBe('the second')
    // Who works keeps what they have, and is told.
    expect(reads(number)).toBe('the first')
    expect((await come()).page.text).toContain('Version 2 is there')
    await leave()
    await come()
    await comes(number, 'version 2')
    expect(reads(number)).toBe('the second')

    expect(await inst.labplan('volume', 'data', 'networks-101')).toMatch(/2 +published.*in force/)
  },
)

it(
  'does not start a seat without its files, and does when they are back',
  { timeout: 180_000 },
  async () => {
    const { inst, bed } = practice
    await inst.stop('storage', 'SIGKILL')
    const [{ name = '' } = {}] = await volumes()
    const seat = () =>
      one<{ state: string }>(inst.pool, sql`select state from seat where number = 1`)
    const image = join(bed.volumes, 'images', `${name}.ext4`)
    execFileSync('umount', [join(bed.volumes, 'mounts', name)])
    renameSync(image, `${image}.away`)
    await inst.start('storage')
    await until(
      async () => (await volumes())[0]?.state === 'missing',
      30_000,
      () => 'the loss to be said',
    )
    // It runs on with what it has mounted; a restart is where it must not get an empty home.
    const { visitor, page } = await practice.launch('student1')
    const restart = formTo(page, '/restart')
    await visitor.post(restart.action, restart.fields)
    await until(
      async () => (await seat()).state === 'cold',
      60_000,
      () => 'a cold seat',
    )
    expect(existsSync(join(bed.volumes, 'mounts', name, 'home'))).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect((await seat()).state).toBe('cold')
    expect(
      readdirSync(join(bed.volumes, 'images')).filter((file) => file === `${name}.ext4`),
    ).toEqual([])

    renameSync(`${image}.away`, image)
    await until(
      async () => (await seat()).state === 'ready',
      90_000,
      () => `the seat to come back by itself:\n${inst.log('worker').slice(-3000)}`,
    )
    expect(inSeat(1, 'ls -a | wc -l')).not.toBe('0')
  },
)

it(
  'leaves nothing of purged volumes on disk, listed before and after',
  { timeout: 120_000 },
  async () => {
    const { inst, bed } = practice
    await inst.stop('worker')
    docker('service', 'rm', ...docker('service', 'ls', '--quiet').split('\n'))
    await until(
      async () => docker('ps', '--quiet', '--filter', 'label=labplan.seat') === '',
      30_000,
      () => 'seats to end',
    )
    const seen = () => ({
      files: readdirSync(join(bed.volumes, 'images')).filter((file) => file.endsWith('.ext4')),
      folders: readdirSync(join(bed.volumes, 'mounts')),
      mounts: mountsBelow(join(bed.volumes, 'mounts')).length,
      devices: loopFiles(bed.volumes).length,
    })
    const agent = storageAgent({ socket: join(inst.home, 'run', 'storage.sock') })
    const names = (await agent.list()).volumes.map(({ name }) => name)
    const count = names.length
    expect(names).toEqual(expect.arrayContaining((await volumes()).map(({ name }) => name)))
    expect(seen()).toEqual({
      ...{ files: names.map((name) => `${name}.ext4`), folders: names },
      ...{ mounts: count, devices: count },
    })
    for (const name of names)
      await until(
        async () => (await agent.purge(name)) !== undefined,
        30_000,
        () => `${name} to be let go of`,
      )
    expect(seen()).toEqual({ files: [], folders: [], mounts: 0, devices: 0 })
    expect((await agent.list()).volumes).toEqual([])
  },
)
