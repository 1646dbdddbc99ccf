/**
 * A class on shares of a real OpenStack's Manila, beyond its homes: a student's own folder, the course's data, Manila away in the
 * middle of it, a student who is erased at work, and the next sessions on one node and then on the other. Takes some five minutes.
 */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { findOne, many, one, sql } from '../../../api/data/db.ts'
import { boardName } from '../../../stacks/parts/names.ts'
import { whyNoSharesNow } from '../../beds/cloud/shares.ts'
import { type PracticeClass, until } from '../../practice-class.ts'
import { formTo, type Page, type Visitor } from '../../visitor.ts'
import { comesWith, publish, readData, versionsOf } from './course-data-inside.ts'
import { type ManilaScene, manilaScene, volumesStack } from './manila-scene.ts'
import { nextSessions } from './next-sessions.ts'
import { countRefused, mountAttempts, pathAttempts } from './seat-attempts.ts'
import { docker, seatsInside } from '../swarm/seats-inside.ts'

vi.setConfig({ testTimeout: 420_000, hookTimeout: 600_000 })

const STARTS_MS = 180_000
const plan = {
  ...{ students: 2, seats: 2, volumeQuotaMb: 1024, nodes: 2 },
  ...{ personalVolume: true, personalQuotaMb: 1024 },
}
const why =
  process.env['LABPLAN_LONG'] === undefined
    ? 'takes five minutes: LABPLAN_LONG=1 runs it; homes on shares are in each run'
    : whyNoSharesNow()

let scene: ManilaScene
let practice: PracticeClass

beforeEach(({ skip }) => skip(why !== undefined, why))
beforeAll(async () => {
  if (why !== undefined) return
  scene = await manilaScene(plan, STARTS_MS)
  practice = scene.practice
})
afterAll(() => scene?.close())

const seats = seatsInside(() => practice)
const { place, inSeat } = seats

/** Of each person who launched. */
const workspaces = new Map<string, string>()

type Seat = { number: number; state: string; home: string; own: string | null }
const findSeat = (person: string): Promise<Seat | undefined> =>
  findOne<Seat>(
    practice.inst.pool,
    sql`select seat.number, seat.state, home.name as home, slot.name as own from workspace
          join seat on seat.id = workspace.seat_id
          join volume home on home.seat_id = seat.id and home.generation = seat.generation
          left join volume slot on slot.id = slot_volume_id
        where workspace.id = ${workspaces.get(person) ?? null}`,
  )
async function seatOf(person: string): Promise<Seat> {
  const seat = await findSeat(person)
  if (!seat) throw new Error(`${person} has no seat.`)
  return seat
}
/** Who waits for a place has no seat yet. */
const becomes = (person: string, state: string) =>
  until(
    async () => (await findSeat(person))?.state === state,
    STARTS_MS,
    () => `${person} ${state}:\n${practice.inst.log('worker').slice(-3000)}`,
  )
/** Launches, and waits until the seat runs with their own folder in it; answers its number and their page. */
async function enter(person: string): Promise<{ number: number; visitor: Visitor; page: Page }> {
  const { visitor, page } = await practice.launch(person)
  workspaces.set(person, /workspaces\/([0-9a-f-]{36})/.exec(page.url)?.[1] ?? '')
  await becomes(person, 'ready')
  await until(
    async () => (await seatOf(person)).own !== null,
    STARTS_MS,
    () => `${person}’s own folder:\n${practice.inst.log('storage').slice(-3000)}`,
  )
  return { number: (await seatOf(person)).number, visitor, page }
}
async function leave({ visitor, page }: { visitor: Visitor; page: Page }, person: string) {
  const stop = formTo(page, '/stop')
  await visitor.post(stop.action, stop.fields)
  await becomes(person, 'cold')
}

const shareNames = async (): Promise<string[]> =>
  (await (await scene.pool.sharesOf(practice.inst.id)).list())
    .map(({ name }) => name ?? '')
    .toSorted()
/** Of the record, with the agents' board. */
const wantedNames = async (): Promise<string[]> => {
  const rows = sql`select name from volume where state <> 'purged'`
  const volumes = await many<{ name: string }>(practice.inst.pool, rows)
  const data = await versionsOf(practice)
  const board = boardName(practice.inst.id)
  return [...[...volumes, ...data].map(({ name }) => name), board].toSorted()
}

it('brings a student’s own folder, a share of its own, into the seat that runs already', async () => {
  const begun = performance.now()
  const { number } = await enter('student1')
  console.log(`own folder on a share, from launch on: ${Math.round(performance.now() - begun)} ms`)
  expect(Number(inSeat(number, 'df --output=size -B1M /personal | tail -1'))).toBe(1024)
  inSeat(number, 'echo mine > mine; echo by student1 > /personal/essay; sync')
  const other = (await enter('student2')).number
  expect(inSeat(other, 'ls -A /personal')).toBe('')
  inSeat(other, 'echo mine > mine; echo by student2 > /personal/essay; sync')
  expect(await shareNames()).toEqual(await wantedNames())
})

it('shows a seat nothing of others, of keys or of the way to them, and lets it mount nothing', async () => {
  const { number } = await enter('student1')
  const seen = inSeat(number, 'ls -a / /home /personal; cat /proc/mounts; env')
  expect(seen).not.toMatch(/keyring|secret=|lp-\w{8}-\w{8}-s\d|personal-s\d|OS_/)
  // Of its own slot it says where that is on the node.
  expect(inSeat(number, 'cat /proc/self/mountinfo')).not.toMatch(/personal-s\d|volumes\/keys/)
  const ways = pathAttempts(practice.bed.volumes).join(' ')
  expect(inSeat(number, `ls -d ${ways} 2>/dev/null || true`)).toBe('')
  const attempts = mountAttempts('/personal')
  for (const tryIn of [inSeat, seats.asRoot])
    expect(tryIn(number, countRefused(attempts))).toBe(`${attempts.length} refused`)
})

it('has its own folder, its files and the course’s data in the next start, on the other node', async () => {
  const { bed } = practice
  expect(await publish(practice, 'the first')).toContain('Version 1 is published')
  const again = await enter('student1')
  const before = place(again.number).host
  await leave(again, 'student1')
  const { name } = bed.nodes.find(({ dockerHost }) => dockerHost === before)!
  docker(bed.dockerHost, 'node', 'update', '--availability', 'pause', name)
  const { number } = await enter('student1')
  await comesWith(practice, { number, version: 1, withinMs: STARTS_MS })
  expect(place(number).host).not.toBe(before)
  expect(inSeat(number, 'cat mine /personal/essay')).toBe('mine\nby student1')
  expect(readData(seats, number)).toBe('the first')
  docker(bed.dockerHost, 'node', 'update', '--availability', 'active', name)
  expect(await shareNames()).toEqual(await wantedNames())
})

it('works, stops and starts while Manila is away; another size waits for it', async () => {
  const { inst } = practice
  const { promise: isBack, resolve: back } = Promise.withResolvers<void>()
  const { number } = await seatOf('student1')
  const container = place(number)
  const shown = async (person: string) => (await seatOf(person)).own
  const before = await shown('student2')
  await scene.beds.manila.killApi(isBack)
  try {
    inSeat(number, 'echo meanwhile > meanwhile; sync; cp meanwhile /personal')
    const other = await enter('student2')
    await leave(other, 'student2')
    const again = await enter('student2')
    expect(inSeat(again.number, 'cat mine /personal/essay')).toBe('mine\nby student2')
    expect(await shown('student2')).toBe(before)
    await practice.replan({ ...plan, volumeQuotaMb: 2048 })
    // Something was tried for it, and did not come about.
    await until(
      async () => ['failed', 'needs_reconcile'].includes((await volumesStack(practice)).stack),
      STARTS_MS,
      () => `a run that cannot reach Manila:\n${inst.log('worker').slice(-3000)}`,
    )
    expect(seats.sizeIn(number)).toBe(1024)
  } finally {
    back()
  }
  await until(
    async () => seats.sizeIn(number) === 2048,
    STARTS_MS,
    () =>
      `a larger share:\n${inst.log('worker').slice(-3000)}\n${inst.log('storage').slice(-2000)}`,
  )
  expect(place(number)).toEqual(container)
  expect(inSeat(number, 'cat meanwhile /personal/meanwhile')).toBe('meanwhile\nmeanwhile')
})

it('erases a student who is at work, from cloud and Ceph too, and leaves what is others’', async () => {
  const { inst } = practice
  const { home, own, number } = await seatOf('student2')
  inSeat(number, '(while :; do date >> log; sleep 0.2; done) >/dev/null 2>&1 & echo begun')
  const before = await shareNames()
  const theirs = [home, own!]
  for (const name of theirs) expect(before).toContain(name)
  const { pseudonym } = await one<{ pseudonym: string }>(
    inst.pool,
    sql`select pseudonym from person join workspace on person_id = person.id
        where workspace.id = ${workspaces.get('student2') ?? null}`,
  )
  await inst.labplan('person', 'erase', pseudonym, '--yes')
  await until(
    async () => (await shareNames()).every((name) => !theirs.includes(name)),
    STARTS_MS,
    () => `their shares to go:\n${inst.log('storage').slice(-3000)}`,
  )
  const users = await scene.beds.ceph.run('ceph', 'auth', 'ls')
  for (const name of theirs) expect(users).not.toContain(`client.${name}`)
  const after = await shareNames()
  for (const name of before.filter((one) => !theirs.includes(one))) expect(after).toContain(name)
  const first = await seatOf('student1')
  expect(inSeat(first.number, 'cat mine /personal/essay')).toBe('mine\nby student1')
  // Whoever comes next has another home, with nothing of before in it.
  await until(
    async () => (await shareNames()).join() === (await wantedNames()).join(),
    STARTS_MS,
    () => `a home of the next generation:\n${inst.log('worker').slice(-3000)}`,
  )
  const next = await enter('student3')
  expect(next.number).toBe(number)
  const left = 'ls -d mine log /personal/essay 2>/dev/null || true'
  expect(inSeat(number, left)).toBe('')
  inSeat(number, 'echo mine > mine; sync')
})

it('has everybody’s files in the next session on the one node, and in the one after it on the other', async () => {
  const larger = { ...plan, volumeQuotaMb: 2048 }
  const seen = await nextSessions(practice, seats, { plan: larger, startsMs: STARTS_MS })
  const wanted = practice.bed.nodes.flatMap(({ dockerHost: host }) =>
    Array<object>(plan.students).fill({ host, mine: 'mine' }),
  )
  expect(seen).toEqual(wanted)
  expect(await shareNames()).toEqual(await wantedNames())
})
