/**
 * One class of our own, whole: the course is imported, and its seats are made, warmed, probed and taken away by the
 * real worker with the real Terraform. Times count from the commit of the import to what the Swarm and the rows show.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { many, one, sql } from '../../api/data/db.ts'
import { type PracticeClass, until } from '../../test/practice-class.ts'
import type { Engine } from '../../workers/swarm/engine.ts'
import { type Service, listServices } from '../../workers/swarm/service.ts'
import { leftOf } from './raw-class.ts'

const LIMIT_MS = 300_000
const PROGRESS_MS = 5_000
/** When a seat was ready is in its row: looking for it more often would only take time from what is measured. */
const LOOK_MS = 500

export type BigClass = {
  /** Milliseconds until every seat is ready: each has proven who it is, and its required ports answer. */
  create(): Promise<number>
  /** Where the time of its runs went so far: stack, step and seconds. */
  steps(): Promise<string>
  /** Specs of the services while they run. */
  services(): Promise<Service[]>
  /** Milliseconds until no service, container or secret of it is left. */
  destroy(): Promise<number>
}

export type ClassSize = { seats: number; cpu: number; memoryMb: number }

/** A pool that says its size, so that the plan does not ask how large this machine is. */
const POOL = `apiVersion: labplan/v1
kind: Pool
key: local
title: { fr: Banc, en: Bench }
nodes:
  - { key: bench, cpu: 1000, memoryMb: 1000000, diskMb: 10000000 }
reserve: { cpu: 0, memoryMb: 0 }
`

/** `round` makes it a course of its own: volumes outlive a class, and each round shall make them. */
export function bigClass(
  { inst, bed }: PracticeClass,
  engine: Engine,
  size: ClassSize,
  round: number,
  say: (text: string) => void,
): BigClass {
  const key = `bench-${round}`
  const importCourse = async (start: Date): Promise<Date> => {
    const file = join(inst.home, `${key}.yaml`)
    writeFileSync(file, `${POOL}---\n${courseText(key, size, start)}`)
    await inst.labplan('course', 'import', file)
    const { moved_at } = await one<{ moved_at: Date }>(
      inst.pool,
      sql`select moved_at from blueprint_head`,
    )
    return moved_at
  }
  const code = async () =>
    (await one<{ code: string }>(inst.pool, sql`select code from course where key = ${key}`)).code
  const said = () => inst.log('worker').slice(-3000)
  return {
    async create() {
      const begun = await importCourse(new Date(Date.now() - 60_000))
      const progress = setInterval(
        () =>
          void seatStates(inst.pool, key).then((states) =>
            say(`${Math.round((Date.now() - begun.getTime()) / 1000)} s: ${states}`),
          ),
        PROGRESS_MS,
      )
      await until(
        async () => (await readySeats(inst.pool, key)).length === size.seats,
        LIMIT_MS,
        () => `${size.seats} ready seats:\n${said()}`,
        LOOK_MS,
      ).finally(() => clearInterval(progress))
      const last = Math.max(...(await readySeats(inst.pool, key)).map((at) => at.getTime()))
      return last - begun.getTime()
    },
    async steps() {
      const rows = await many<{ text: string }>(
        inst.pool,
        sql`select stack.kind || ' ' || name || ' ' ||
              round(extract(epoch from run_step.ended_at - run_step.started_at), 1) as text
            from run_step join run on run.id = run_id join stack on stack.id = stack_id
            join course on course.id = stack.course_id
            where course.key = ${key} and run_step.ended_at - run_step.started_at > interval '0.3 s'
            order by run_step.started_at`,
      )
      return rows.map((row) => row.text).join(', ')
    },
    async services() {
      const prefix = `lp-${inst.id}-${await code()}-`
      const all = await listServices(engine, inst.id)
      return all.filter((service) => service.Spec.Name.startsWith(prefix))
    },
    async destroy() {
      const prefixes = [`lp-${inst.id}-${await code()}-`, `labplan-${inst.id}-${await code()}-`]
      const begun = await importCourse(new Date(Date.now() - 7_200_000))
      const nodes = bed.nodes.map((node) => node.dockerHost)
      await until(
        async () => (await leftOf(nodes, prefixes)) === 0,
        LIMIT_MS,
        () => `the seats to go:\n${said()}`,
      )
      return Date.now() - begun.getTime()
    },
  }
}

async function seatStates(pool: PracticeClass['inst']['pool'], key: string): Promise<string> {
  const rows = await many<{ text: string }>(
    pool,
    sql`select seat.state || ' ' || count(*) as text from seat join course on course.id = course_id
        where course.key = ${key} group by seat.state order by seat.state`,
  )
  return rows.map((row) => row.text).join(', ')
}

async function readySeats(pool: PracticeClass['inst']['pool'], key: string): Promise<Date[]> {
  const rows = await many<{ state_at: Date }>(
    pool,
    sql`select seat.state_at from seat join course on course.id = course_id
        where course.key = ${key} and seat.state = 'ready'`,
  )
  return rows.map((row) => row.state_at)
}

function courseText(key: string, { seats, cpu, memoryMb }: ClassSize, start: Date): string {
  return `apiVersion: labplan/v1
kind: Course
key: ${key}
title: { fr: Banc, en: Bench }
state: ready
environment: terminal
pool: local
timeZone: UTC
seat: { cpu: ${cpu}, memoryMb: ${memoryMb}, volumeQuotaMb: 256 }
students: ${seats}
atOnce: ${seats}
sessions:
  - { start: ${start.toISOString().slice(0, 16)}, minutes: 60, graceMinutes: 0, opensMinutesBefore: 5 }
headroom: { seats: 0, hours: 00:00-24:00, days: [MO, TU, WE, TH, FR, SA, SU] }
allowance: { seats: ${seats}, atOnce: ${seats} }
`
}
