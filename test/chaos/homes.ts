/** Students who come back: each to their own seat, and to the file they left there the first time. */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { many, sql } from '../../api/data/db.ts'
import type { World } from './world.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

const PATIENCE_MS = 90_000

type Home = { person: string; number: number; volume: string }

/** Everyone launches, all at once; a browser whose page does not come is reloaded. */
export async function comeBack(world: World): Promise<string[]> {
  const people = Array.from({ length: world.seats - 1 }, (_, i) => `student${i + 1}`)
  await Promise.all(
    people.map((person) =>
      patiently(`the launch of ${person}`, async () => {
        const { page } = await world.practice.launch(person)
        if (page.status !== 200 || !page.url.includes('/workspaces/'))
          throw new Error(`answered ${page.status} at ${page.url}: ${page.text.slice(0, 300)}`)
      }),
    ),
  )
  return people
}

/** Who is not in yet. */
export async function whoIsNotIn({ practice }: World): Promise<string[]> {
  const open = await many<{ state: string }>(
    practice.inst.pool,
    sql`select state from workspace where state <> 'ready'`,
  )
  return open.map((row) => `a workspace is ${row.state}`)
}

const homes = new WeakMap<World, Map<string, Home>>()

/** @throws who is not in the same seat as ever, or misses their file */
export async function everyoneIsHome(world: World, people: string[]): Promise<void> {
  const known = homes.get(world) ?? new Map<string, Home>()
  homes.set(world, known)
  const now = await homesNow(world)
  const numbers = new Set([...now.values()].map((home) => home.number))
  if (numbers.size !== people.length)
    throw new Error(`${people.length} students sit in ${numbers.size} seats`)
  for (const person of people) {
    const home = now.get(person)
    if (!home) throw new Error(`${person} has no seat`)
    const before = known.get(person)
    if (before && before.number !== home.number)
      throw new Error(`${person} was in seat ${before.number} and is in ${home.number}`)
    const file = fileIn(world, home, before ? 'read' : 'write')
    if (file !== person) throw new Error(`${person} found ${file || 'no file'} in their own seat`)
    known.set(person, home)
  }
}

async function homesNow({ practice }: World): Promise<Map<string, Home>> {
  const { inst, lms } = practice
  const rows = await many<{ sub: string; number: number; code: string }>(
    inst.pool,
    sql`select person.sub, seat.number, course.code from workspace join person on person.id = person_id
        join seat on seat.id = seat_id join course on course.id = seat.course_id`,
  )
  const names = new Map([...lms.cast.values()].map((one) => [String(one.id), one.username]))
  return new Map(
    rows.map(({ sub, number, code }) => {
      const person = names.get(sub) ?? sub
      const service = `lp-${inst.id}-${code}-s${String(number).padStart(3, '0')}`
      return [person, { person, number, volume: service }]
    }),
  )
}

/** Inside the seat's container, in the folder of its volume. */
function fileIn({ practice }: World, home: Home, act: 'read' | 'write'): string {
  const docker = (...words: string[]) =>
    execFileSync('docker', ['-H', practice.bed.dockerHost, ...words], { encoding: 'utf8' }).trim()
  const id = docker('ps', '-q', '--filter', `name=^${home.volume}\\.`)
  const file = '/home/whose.txt'
  if (act === 'write') docker('exec', id, 'sh', '-c', `echo ${home.person} > ${file}; sync ${file}`)
  return docker('exec', id, 'cat', file)
}

/** Again until it works: what a person does whose page did not come. */
export async function patiently(what: string, act: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      await act()
      return
    } catch (cause) {
      const why = whyOf(cause)
      if (performance.now() > deadline) throw new Error(`${what} never worked: ${why}`, { cause })
      await sleep(500)
    }
  }
}
