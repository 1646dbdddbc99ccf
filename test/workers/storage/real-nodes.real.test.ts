/**
 * Machines with a kernel of their own, from a cloud that was told of them by Terraform to the student's seat: they boot with
 * the user_data of their server and nothing else, join, run a class, one dies in it, and they leave when it is over. The
 * whole worker is at work; only its clock is the test's.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { execute, many, sql } from '../../../api/data/db.ts'
import { livingNodes } from '../../../api/data/pools/node.ts'
import { openOutages } from '../../../api/data/volumes/storage-outage.ts'
import { storageAgent } from '../../../api/storage/storage-agent.ts'
import { listNodes } from '../../../workers/swarm/node.ts'
import { whyNoMachinesNow } from '../../beds/machines/install.ts'
import { asRoot, WEB_PORT } from '../../beds/machines/small-image.ts'
import { whyNoCloudNow } from '../../beds/openstack.ts'
import { openWebShell, type WebShell } from '../../beds/web-shell.ts'
import { testErasure } from './nfs-erasure.ts'
import { testPersonalFolders } from './nfs-personal.ts'
import { testServedSlots } from './nfs-slots.ts'
import { courseWith, IS_LONG, type NodesScene, nodesScene, SEATS } from './real-nodes-scene.ts'
import { countRefused, mountAttempts, pathAttempts } from './seat-attempts.ts'

vi.setConfig({ testTimeout: 900_000, hookTimeout: 600_000 })

const why = whyNoMachinesNow() ?? whyNoCloudNow()
/** From 10:00 to 12:00 in Paris; of two, unless LABPLAN_SEATS says how many. With LABPLAN_LONG again a week later. */
const CLASS = Date.parse('2026-11-24T09:00:00Z')
const WEEK_MINUTES = 7 * 24 * 60
const QUOTA_MB = 24
/** A container takes ten seconds and more to start on such a machine. */
const STARTS_S = 180 + 30 * SEATS
const MIB = 1024 * 1024
let scene: NodesScene
let shells: WebShell[] = []

/** Minutes after class began; runs on from there. */
let clock = { atMs: 0, since: 0 }
const setClock = (minutes: number): void => {
  clock = { atMs: CLASS + minutes * 60_000, since: performance.now() }
}
const now = (): Date => new Date(clock.atMs + performance.now() - clock.since)

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  setClock(-30)
  scene = await nodesScene(QUOTA_MB, now)
  // While its machines boot.
  await scene.publish('the first')
  await scene.plan(courseWith(QUOTA_MB, 1))
})
afterAll(async () => {
  for (const shell of shells) shell.cut()
  await scene?.down()
})

const machines = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await livingNodes(scene.database.pool)).map(({ key, state }) => [key, state]))

type SeatSeen = { number: number; state: string; address: string | null }
const seats = () =>
  many<SeatSeen>(
    scene.database.pool,
    sql`select number, seat.state, node_address as address from seat join course on course.id = course_id
        where key = 'networks' and seat.state <> 'absent' order by number`,
  )

/** How long each step took, for docs/pools.md. */
const took: string[] = []

/** What each process of a seat waits for, in the kernel's words. */
const WAITS_SEEN =
  'for p in /proc/[0-9]*; do echo ${p##*/} $(cat $p/wchan 2>/dev/null) $(tr "\\0" " " <$p/cmdline); done'

/** What a person would look at first when it does not come. */
async function trouble(): Promise<string> {
  const runs = await many(scene.database.pool, sql`select kind, state, message from run`)
  const consoles = [...scene.hypervisor.machines().values()].map((one) =>
    one.console().slice(-1500),
  )
  return JSON.stringify(
    { machines: await machines(), seats: await seats(), runs, consoles },
    null,
    1,
  )
}

async function until(
  what: string,
  limitSeconds: number,
  is: () => Promise<boolean>,
): Promise<void> {
  const began = performance.now()
  while (!(await is())) {
    if (performance.now() - began > limitSeconds * 1000)
      throw new Error(`${what}: not within ${limitSeconds} s\n${await trouble()}`)
    await sleep(250)
  }
  took.push(`${what} ${Math.round((performance.now() - began) / 1000)} s`)
}

const isEvery = (all: { state: string }[], state: string, count = SEATS): boolean =>
  all.length === count && all.every((one) => one.state === state)

/** Of the machines of the first session. */
let addresses: string[] = []
const addressOf = (key: string): string => scene.hypervisor.machines().get(key)!.address

async function untilClass(): Promise<void> {
  await until('two machines that ran a container', 480, async () =>
    isEvery(
      Object.values(await machines()).map((state) => ({ state })),
      'ready',
      2,
    ),
  )
  await until(`${SEATS} seats`, STARTS_S, async () => isEvery(await seats(), 'ready'))
}

it('has two machines join from their user_data alone, and run the seats of a class', async () => {
  await untilClass()
  addresses = ['m-small-1', 'm-small-2'].map(addressOf)
  for (const { address } of await seats()) expect(addresses).toContain(address)
})

const asStudent = (script: string): string => script

/** A shell in each seat, where it is now. */
async function openShells(): Promise<WebShell[]> {
  for (const shell of shells) shell.cut()
  const doors = await many<{ host: string }>(
    scene.database.pool,
    sql`select node_address || ':' || published_port as host from seat join seat_port on seat_id = seat.id
          join course on course.id = course_id
        where key = 'networks' and container_port = ${WEB_PORT} and seat.state = 'ready' order by number`,
  )
  shells = await Promise.all(doors.map(({ host }) => openWebShell(host)))
  return shells
}

const sizeSeen = async (shell: WebShell): Promise<number> =>
  Number((await shell.run("df -k $HOME | tail -1 | tr -s ' ' | cut -d' ' -f2")).trim()) / 1024

/** The folders of volumes on the server: of seats, and of the course's data. */
const kept = async (): Promise<string[]> =>
  (await scene.storage.sh('ls /srv/labplan/volumes'))
    .split('\n')
    .filter((name) => name && name !== 'slots')
const keptData = async () => (await kept()).filter((name) => name.includes('-data-'))
const keptHomes = async () => (await kept()).filter((name) => /-s\d{3}-g\d+$/.test(name))

it('lets each seat write to the limit of its volume, and not one MiB more; df shows it', async () => {
  for (const shell of await openShells()) {
    expect(await sizeSeen(shell)).toBe(QUOTA_MB)
    await shell.run('mkdir $HOME/tray; echo own > $HOME/tray/own; echo mine > $HOME/mine; sync')
    await shell.run(`dd if=/dev/zero of=$HOME/full bs=256k count=200 conv=fsync 2>/dev/null; sync`)
    // Blocks, not length: NFS writes side by side, and one refused before another that still fitted leaves a hole.
    const blocks = Number(await shell.run("stat -c '%b' $HOME/full"))
    expect(Math.abs(QUOTA_MB * MIB - blocks * 512)).toBeLessThanOrEqual(MIB)
  }
  for (const name of await keptHomes()) {
    const onServer = Number(
      (await scene.storage.sh(`du -sk /srv/labplan/volumes/${name}`)).split('\t')[0],
    )
    expect(Math.abs(onServer / 1024 - QUOTA_MB)).toBeLessThanOrEqual(1)
  }
})

/** What each seat reads of the course's data, and that nobody in it writes there. */
async function dataSeen(): Promise<string[]> {
  const seen: string[] = []
  for (const shell of await openShells()) {
    expect(await shell.run('(echo x > /data/mine) 2>/dev/null || echo refused')).toBe('refused')
    const mounts = (await shell.run('cat /proc/mounts')).split('\n').map((line) => line.split(' '))
    // Of the mount and not of whom it is asked by: root is refused as well.
    const [, , type, options = ''] = mounts.find(([, at]) => at === '/data') ?? []
    expect([type, ...options.split(',')]).toEqual(expect.arrayContaining(['nfs4', 'ro']))
    expect((await shell.run('ls -a /data')).split(/\s+/)).toEqual(['.', '..', 'subject.txt'])
    seen.push(await shell.run('cat /data/subject.txt'))
  }
  return seen
}

it('shows each seat the course’s data, which it cannot write', async () => {
  expect(await dataSeen()).toEqual(Array.from({ length: SEATS }, () => 'the first'))
})

it('opens nothing of another: by no path, no mount and no way to its server, as root of the seat neither', async () => {
  const [first] = shells
  const { address } = scene.storage
  const [, theirs = ''] = await keptHomes()
  const before = await first!.run('cat /proc/mounts')
  const server = `mount -i -t nfs4 -o addr=${address},vers=4.2 ${address}:/${theirs}/home /mnt`
  const attempts = [...mountAttempts('/home'), server]
  const paths = pathAttempts('/srv/labplan').join(' ')
  const reach = (host: string, port: number) =>
    `echo | nc -w 3 ${host} ${port} >/dev/null 2>&1 && echo done || echo refused`
  for (const who of [asStudent, asRoot]) {
    const run = (script: string): Promise<string> => first!.run(who(script))
    expect(await run('echo $(id -u)')).toBe(who === asRoot ? '0' : '1000')
    const said: string[] = []
    for (const tried of attempts) said.push(await run(countRefused([tried])))
    expect(said).toEqual(attempts.map(() => '1 refused'))
    expect(await run(`ls -d ${paths} 2>/dev/null`)).toBe('')
    expect(await run(reach('127.0.0.1', WEB_PORT))).toBe('done')
    expect(await run(reach(address, 2049))).toBe('refused')
  }
  expect(await first!.run('cat /proc/mounts')).toBe(before)
})

it('is resized while its seat runs', async () => {
  await scene.plan(courseWith(QUOTA_MB + 8, 1))
  await until('larger volumes', 120, async () => {
    const sizes = await Promise.all(shells.map(sizeSeen))
    return sizes.length === SEATS && sizes.every((size) => size === QUOTA_MB + 8)
  })
  // No service is made anew for it: who is inside stays, once all that the change asked for is through.
  await until('nothing left to do', 120, async () => {
    const open = sql`select 1 from stack where applied_digest is distinct from wanted_digest`
    return (await many(scene.database.pool, open)).length === 0
  })
  for (const shell of shells) {
    expect(await shell.run('cat $HOME/mine')).toBe('mine')
    const more = 'dd if=/dev/zero of=$HOME/more bs=64k count=16 conv=fsync 2>/dev/null'
    expect(await shell.run(`${more}; stat -c %s $HOME/more; rm $HOME/more`)).toBe(String(MIB))
  }
})

it('has no link of a student lead out of their volume: not as a file, not in an archive', async () => {
  const [first] = shells
  const [mine = '', theirs = ''] = await keptHomes()
  const user = await first!.run('echo ${HOME##*/}')
  const other = `../../../../${theirs}/home`
  // In what room is left: a full volume takes no link either.
  expect(await first!.run(`cd $HOME/tray && ln -s ${other} other && ln -s / root`)).toBe('')
  // Whoever followed it would be there.
  const tray = `/srv/labplan/volumes/${mine}/home/${user}/tray`
  const them = await scene.storage.sh(`ls ${tray}/other`)
  expect(await scene.storage.sh(`cat ${tray}/other/${them}/mine`)).toBe('mine')
  const agent = storageAgent({ socket: scene.socket })
  const own = await agent.read(mine, 'content', { path: `${user}/tray/own` })
  expect(own?.bytes).toBe('own\n'.length)
  own?.stream.destroy()
  const ways = ['other', `other/${them}`, `other/${them}/mine`, 'root', other, '../../../uploads']
  for (const path of ways.map((way) => `${user}/tray/${way}`))
    for (const what of ['content', 'archive'] as const)
      expect([path, await agent.read(mine, what, { path })]).toEqual([path, undefined])
  const whole = await agent.read(mine, 'archive', { path: `${user}/tray` })
  const list =
    'import io, sys, zipfile; print(zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())).namelist())'
  const input = Buffer.concat(await whole!.stream.toArray())
  const listed = execFileSync('python3', ['-c', list], { input }).toString()
  expect(listed).toMatch(/own'/)
  expect(listed).not.toMatch(/other|root/)
})

it('has the next version of the course’s data at the next start, and nothing of a purged one', async () => {
  await scene.publish('the second')
  await scene.plan(courseWith(QUOTA_MB + 8, 2))
  // Where nobody works a seat is made anew by itself.
  const withNext = sql`select 1 from seat join seat_template on digest = template_digest
    where state = 'ready' and (body -> 'data' ->> 'version')::int = 2`
  await until('all seats with it', STARTS_S, async () => {
    return (await many(scene.database.pool, withNext)).length === SEATS
  })
  expect(await dataSeen()).toEqual(Array.from({ length: SEATS }, () => 'the second'))
  const [first = ''] = await keptData()
  const agent = storageAgent({ socket: scene.socket })
  // As one that was cut once it was out of the export.
  await scene.storage.sh(`cd /srv/labplan && mv volumes/${first} purging/${first}`)
  const wasMade = { wasMade: true, wasFound: false }
  const gone = await agent.purge(first, wasMade)
  expect(gone).toMatchObject({
    before: { bytes: expect.any(Number) },
    after: { file: false, mounted: false, listed: false },
  })
  expect(gone).not.toHaveProperty('before.bytes', 0)
  // Nothing is left that could say where it went: from another disk it would look the same.
  expect(await agent.purge(first, wasMade)).toBe('not-there')
  expect(await keptData()).toEqual([first.replace(/1$/, '2')])
  expect(await scene.storage.sh(`find /srv/labplan -name '${first}*'`)).toBe('')
})

testPersonalFolders(() => ({ scene, now, until, openClass: () => setClock(0) }))

it('stands still while its server is cut off, and goes on by itself', async ({ skip }) => {
  skip(!IS_LONG, 'takes two minutes: LABPLAN_LONG=1 runs it; a Ceph stands still in each run')
  const [first, second] = shells
  const { pool } = scene.database
  const isAway = async () => (await openOutages(pool)).length > 0
  const seen = () =>
    many(
      pool,
      sql`select number, seat.state, task_id, start_failures from seat join course on course.id = course_id
          where key = 'networks' order by number`,
    )
  const before = await seen()
  await first!.run('rm $HOME/full; sync')
  // A file that is closed is on the server. `sync` would wait for the disk of the whole machine: minutes where ten seats share it.
  await first!.run(
    '{ (i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo $i >> $HOME/count; echo $i > /dev/shm/n; sleep 0.1; done) >/dev/null 2>&1 & }',
  )
  await until('its program at work', 60, async () => Number(await first!.run('cat /dev/shm/n')) > 1)
  scene.storage.machine.cutWire()
  try {
    await until('an outage that is noticed', 90, isAway)
    const then = await first!.run('cat /dev/shm/n')
    // One that must start anew: it is left alone as long as nothing of it can be saved.
    await execute(pool, sql`update seat set wanted_start = wanted_start + 1 where number = 2`)
    await sleep(20_000)
    expect(await first!.run('cat /dev/shm/n')).toBe(then)
    expect(await second!.run('echo there')).toBe('there')
    expect(await seen()).toEqual(before)
  } finally {
    scene.storage.machine.mendWire()
  }
  await until('the server to be heard of again', 120, async () => !(await isAway()))
  const then = Number(await first!.run('cat /dev/shm/n'))
  const goesOn = async () => Number(await first!.run('cat /dev/shm/n')) > then
  await until('the program to go on', 120, goesOn).catch(async (cause: unknown) => {
    throw new Error(await first!.run(WAITS_SEEN), { cause })
  })
  await until('the other seat to start anew', 120, async () => {
    const rows = (await seen()) as { number: number; state: string; task_id: string | null }[]
    return rows[1]!.state !== 'ready' || rows[1]!.task_id !== (before as typeof rows)[1]!.task_id
  })
  await until('all seats', STARTS_S, async () => isEvery(await seats(), 'ready'))
  const lines = (await first!.run('cat $HOME/count')).split('\n').map(Number)
  expect(lines).toEqual(lines.map((_, i) => i + 1))
})

it('brings the seat of a machine that dies in class back on the other, with its files', async () => {
  setClock(30)
  const [first] = await seats()
  const dead = [...scene.hypervisor.machines()].find(
    ([, { address }]) => address === first!.address,
  )!
  await dead[1].kill()
  const other = addressOf(dead[0] === 'm-small-1' ? 'm-small-2' : 'm-small-1')
  await until('the seat on the other machine', STARTS_S, async () =>
    (await seats()).every(({ state, address }) => state === 'ready' && address === other),
  )
  for (const shell of await openShells()) expect(await shell.run('cat $HOME/mine')).toBe('mine')
  setClock(35)
  await until(
    'the machine to be given up',
    180,
    async () => (await machines())[dead[0]] !== 'ready',
  )
  expect((await listNodes(scene.engine)).filter(({ isManager }) => !isManager)).toHaveLength(1)
})

testErasure(() => ({ scene, now, until }))

async function untilNoMachines(): Promise<void> {
  const servers = async () =>
    (await scene.tenant.contents()).filter((one) => one.startsWith('servers '))
  await until('a tenant without servers', 300, async () => (await servers()).length === 0)
  const isNone = async () => Object.keys(await machines()).length === 0
  await until('a record without machines', 60, isNone)
  expect((await listNodes(scene.engine)).map(({ isManager }) => isManager)).toEqual([true])
  await until('no power', 10, async () => scene.hypervisor.machines().size === 0)
}

it('empties the machines after class and takes them away', async () => {
  setClock(180)
  await untilNoMachines()
  // What students keep outlives it all, until somebody orders its end.
  expect(await keptHomes()).toHaveLength(SEATS)
})

it('has its files in the next session, on machines that are made for it', async ({ skip }) => {
  skip(!IS_LONG, 'takes three minutes: LABPLAN_LONG=1 runs it')
  setClock(WEEK_MINUTES - 30)
  await untilClass()
  for (const { address } of await seats()) expect(addresses).not.toContain(address)
  const seen = []
  for (const shell of await openShells())
    seen.push(await shell.run('cat $HOME/mine 2>/dev/null || echo none'))
  // The second seat’s student was erased.
  expect(seen).toEqual(seen.map((_, i) => (i === 1 ? 'none' : 'mine')))
  setClock(WEEK_MINUTES + 180)
  await untilNoMachines()
})

it('leaves nothing in the cloud when no class is planned any more', async () => {
  await until('an empty tenant', 120, async () => (await scene.tenant.contents()).length === 0)
})

it('leaves nothing of purged volumes on the server, listed before and after', async () => {
  const projects = async () =>
    (await scene.storage.sh('xfs_quota -x -c "report -p -N -n" /srv/labplan')).match(/^#1\d{3} /gm)
  // Of each seat one, the data in force, and two students’ own; of one that was erased, none.
  const count = SEATS + 1 + (IS_LONG ? 1 : 2)
  const names = await kept()
  expect(names).toHaveLength(count)
  expect(await projects()).toHaveLength(count)
  const agent = storageAgent({ socket: scene.socket })
  await expect.poll(() => agent.slots(), { timeout: 30_000 }).toEqual([])
  for (const name of names) expect(await agent.purge(name)).toBeDefined()
  const not = ['clients/*', 'volumes/slots'].map((path) => `-not -path "/srv/labplan/${path}"`)
  const left = `find /srv/labplan -mindepth 2 ${not.join(' ')}`
  expect(await scene.storage.sh(left)).toBe('')
  expect(await projects()).toBeNull()
  console.log(took.join('; '))
})

testServedSlots(() => scene)
