/**
 * What a semester cannot do without: each launch of each class through the real functions of api/data, its seat up, the stop, its seat
 * down, and nothing else. No reconciler, no runs, no look of the driver, no clock that waits: what a whole semester takes is never less.
 */
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { markMade } from '../../api/data/seats/seat-life.ts'
import { rememberTemplate } from '../../api/data/seats/seat-template.ts'
import { settlePlaces } from '../../api/data/workspaces/settle-places.ts'
import { seatsOfCourse } from '../../api/data/seats/seat.ts'
import { claimWorkspace } from '../../api/data/workspaces/workspace-begin.ts'
import { stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
import type { Blueprint, BlueprintSession } from '../../stacks/blueprint.ts'
import { seatNotes } from '../../workers/swarm/seat-notes.ts'
import type { ApprovedCampus } from './approved.ts'
import { personKey } from './students.ts'
import type { Traffic } from './traffic.ts'

const minute = 60_000
const TEMPLATE = 'floor'
const DOORS = { nodeAddress: '10.0.0.5', identityPort: 32_001, ports: new Map([[8080, 32_768]]) }

type Means = ApprovedCampus & { pool: Pool; traffic: Traffic }
/** By course id and number, the ids of seats. */
type Seats = Map<string, Map<number, string>>
export type Floor = {
  launches: number
  statements: number
  wallSeconds: number
  nodeSeconds: number
}

/** A class comes and goes as one: as few statements as the worker would ask if all of them moved at the same moment. */
export async function floorOf(means: Means, students: number): Promise<Floor> {
  const classes = classesOf(means.blueprint)
  const seats = await makeSeats(means, students, new Date(classes[0]?.session.opensAt ?? 0))
  const before = { statements: means.traffic.statements, cpu: process.cpuUsage() }
  const began = performance.now()
  let launches = 0
  for (const { course, session } of classes) {
    const people = Array.from({ length: students }, (_, student) =>
      means.people.get(personKey(course, student)),
    ).filter((id) => id !== undefined)
    const courseId = means.courses.get(course) ?? ''
    launches += await hold(means.pool, { courseId, people, session, seats })
  }
  const { user, system } = process.cpuUsage(before.cpu)
  return {
    launches,
    statements: means.traffic.statements - before.statements,
    wallSeconds: (performance.now() - began) / 1000,
    nodeSeconds: (user + system) / 1e6,
  }
}

/** In the order they begin; what a project period lets in is not a class. */
const classesOf = ({ courses }: Blueprint): { course: string; session: BlueprintSession }[] =>
  courses
    .flatMap(({ key, sessions }) => sessions.map((session) => ({ course: key, session })))
    .filter(({ session }) => session.warm > 0)
    .toSorted((a, b) => (a.session.startsAt < b.session.startsAt ? -1 : 1))

async function makeSeats({ pool, courses }: Means, students: number, now: Date): Promise<Seats> {
  const all: Seats = new Map()
  await rememberTemplate(pool, { digest: TEMPLATE, body: { pidsLimit: 256 } })
  for (const id of courses.values()) {
    const seats = (await seatsOfCourse(pool, id)).slice(0, students)
    all.set(id, new Map(seats.map((seat) => [seat.number, seat.id])))
    const made = { generation: 1, templateDigest: TEMPLATE }
    await markMade(pool, {
      seats: seats.map((seat) => ({ id: seat.id, serviceId: `service-${seat.id}`, ...made })),
      now,
    })
  }
  return all
}

/** Answers how many came. */
async function hold(
  pool: Pool,
  of: { courseId: string; people: string[]; session: BlueprintSession; seats: Seats },
): Promise<number> {
  const { courseId, people, session } = of
  let now = new Date(Date.parse(session.startsAt) + minute)
  // Its doors open: the reconciler's part, once a class.
  await withTransaction(pool, (tx) => settlePlaces(tx, { id: courseId, now }))
  const notes = seatNotes({ pool, now: () => now })
  const claims = await Promise.all(
    people.map((personId) =>
      withTransaction(pool, (tx) => claimWorkspace(tx, { courseId, personId, now })),
    ),
  )
  const seats = claims.map(({ state, seatNumber }) => {
    const id = of.seats.get(courseId)?.get(seatNumber ?? 0)
    if (state !== 'starting' || !id) throw new Error(`Somebody does not get in: ${session.key}.`)
    return id
  })
  await Promise.all(seats.map((id) => notes.ports(id)))
  await Promise.all(seats.map((id) => notes.starting({ id, started: 0 })))
  const at = (id: string) => ({ id, taskId: `task-${id}`, ...DOORS, nodeId: 'node' })
  await Promise.all(seats.map((id) => notes.running(at(id))))
  await Promise.all(seats.map((id) => notes.ready(at(id))))
  now = new Date(Date.parse(session.endsAt) - minute)
  const actor = { name: 'student', role: 'student' } as const
  await Promise.all(
    claims.map(({ id: workspaceId }) =>
      withTransaction(pool, (tx) => stopWorkspace(tx, { workspaceId, actor, now })),
    ),
  )
  await Promise.all(seats.map((id) => notes.stopping(id)))
  await Promise.all(seats.map((id) => notes.cold(id)))
  return claims.length
}
