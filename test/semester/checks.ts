/**
 * What must hold all semester long, looked at from outside: what launches answered, what the virtual Swarm runs, and
 * what the rows say at the instants the promises name. Each check can fail, and says where it did.
 */
import { many, one, type Pool, sql } from '../../api/data/db.ts'
import type { BlueprintCourse, BlueprintSession } from '../../stacks/blueprint.ts'
import type { VirtualClock } from './clock.ts'
import { GPUS } from './campus.ts'
import type { GpuFigures } from './gpu.ts'
import type { VirtualSwarm } from './swarm.ts'

const minute = 60_000
const READY_BEFORE = 20 * minute
const GONE_AFTER = 15 * minute
const CHANGE_OVER = 3 * minute
const BARS = { ready: 0.995, estimate: 0.2, fair: 0.2, busy: 0.85, idle: 0.6 }
const TOLD_WITHIN = minute
/** Longest boot, and what the order, the image and a new try take. */
const IN_WITHIN = 12 * minute
const SHOWN = 5

export type Invariant = {
  name: string
  figure: number
  bar: number
  holds: boolean
  /** How often it was looked at. */
  of: number
  /** The first few places where it did not hold. */
  wrong: string[]
}

type Launched = {
  course: string
  student: number
  session: BlueprintSession | undefined
  personId: string
  state: string
  seatNumber: number | null
}
type Wait = { saidSeconds: number | undefined; waitedSeconds: number }
type Means = { pool: Pool; clock: VirtualClock; courses: Map<string, string> }

export class Checks {
  readonly #means: Means
  readonly #wrong = new Map<string, string[]>()
  readonly #looked = new Map<string, number>()
  readonly #holders = new Map<string, string>()
  readonly #waits: Wait[] = []
  launches = 0

  constructor(means: Means) {
    this.#means = means
  }

  fail(name: string, what: string): void {
    const list = this.#wrong.get(name) ?? []
    list.push(`${this.#means.clock.now().toISOString()} ${what}`)
    this.#wrong.set(name, list)
  }

  #look(name: string): void {
    this.#looked.set(name, (this.#looked.get(name) ?? 0) + 1)
  }

  refused(what: string): void {
    this.fail('refused', what)
  }

  /** A launch was answered: nobody entitled is turned away, and a seat is one person's for good. */
  launched({ course, student, session, personId, state, seatNumber }: Launched): void {
    this.launches++
    this.#look('refused')
    const now = this.#means.clock.ms
    const isOpen =
      session && Date.parse(session.opensAt) <= now && now < Date.parse(session.graceEndsAt)
    if (isOpen && state === 'closed')
      this.refused(`${session.key}: student ${student} is not let in`)
    if (!session && state === 'starting') this.#getsIn(course, student, personId)
    if (seatNumber === null) return
    this.#look('one person to a seat')
    const seat = `${course}/${seatNumber}`
    const holder = this.#holders.get(seat) ?? personId
    if (holder !== personId)
      this.fail('one person to a seat', `${seat} was given to a second person`)
    this.#holders.set(seat, holder)
  }

  /** Outside class there may be no machine yet: one boots in minutes, and who waits for it gets in. */
  #getsIn(course: string, student: number, personId: string): void {
    const { pool, clock, courses } = this.#means
    const since = clock.now()
    const look = async (): Promise<void> => {
      this.#look('refused')
      const left = await many<{ state: string }>(
        pool,
        sql`select state from workspace where course_id = ${courses.get(course)} and person_id = ${personId}
            and state in ('starting', 'failed') and started_at <= ${since}`,
      )
      for (const { state } of left) this.refused(`${course}: student ${student} waits, ${state}`)
    }
    clock.at(clock.ms + IN_WITHIN, () => void look())
  }

  /** Somebody was served; `passed` came before them to the same queue and waits on. */
  served(wait: Wait & { passed: number }): void {
    this.#look('queue in order')
    if (wait.passed > 0) this.fail('queue in order', `${wait.passed} who came before wait on`)
    this.#waits.push(wait)
  }

  /** Asks at the instants the promises name. */
  follow(swarm: VirtualSwarm, course: BlueprintCourse): void {
    const { clock } = this.#means
    for (const session of course.sessions) {
      const [start, end] = [Date.parse(session.startsAt), Date.parse(session.endsAt)]
      const last = Math.max(end + GONE_AFTER, Date.parse(session.graceEndsAt) + 5 * minute)
      const readyAt = Math.max(start - READY_BEFORE, this.#seatsAreFree(course, session))
      if (session.warm > 0 && readyAt < start)
        clock.at(readyAt, () => void this.#isReady(swarm, course, session))
      if (session.kind !== 'project') {
        const insideAt = Math.min(start + 15 * minute, end - minute)
        clock.at(insideAt, () => void this.#isEverybodyIn(course, session))
      }
      clock.at(last, () => void this.#isGone(swarm, course, last))
    }
  }

  /** A class that follows another of its course gets the seats those people leave: a few minutes after they must. */
  #seatsAreFree(course: BlueprintCourse, session: BlueprintSession): number {
    const before = course.sessions.filter(
      (one) =>
        one !== session && one.startsAt < session.startsAt && one.graceEndsAt <= session.startsAt,
    )
    return Math.max(0, ...before.map((one) => Date.parse(one.graceEndsAt) + CHANGE_OVER))
  }

  async #isReady(swarm: VirtualSwarm, course: BlueprintCourse, session: BlueprintSession) {
    this.#look('ready at T-20')
    const { clock } = this.#means
    const id = this.#means.courses.get(course.key)
    const { ready } = await one<{ ready: number }>(
      this.#means.pool,
      sql`select count(*) as ready from seat where course_id = ${id} and state = 'ready'`,
    )
    const running = swarm.alive(id).filter((task) => task.state === 'running').length
    const have = Math.min(ready, running)
    if (have >= session.warm) return
    // The reconciler's next round tells; promise 1 is kept when it does.
    clock.at(clock.ms + TOLD_WITHIN, () => void this.#isTold(session, have))
  }

  async #isTold(session: BlueprintSession, have: number): Promise<void> {
    const what = `${session.key}: ${have} of ${session.warm}`
    const told = await many(
      this.#means.pool,
      sql`select notice.id from notice join session on session.id = notice.session_id
          where session.key = ${session.key} and notice.code = 'notice.session-late'`,
    )
    this.fail('ready at T-20', what)
    if (told.length === 0) this.fail('ready, or told', what)
  }

  /** Class has begun: who launched for it is in, or on the way in; a class has a place for each. */
  async #isEverybodyIn(course: BlueprintCourse, session: BlueprintSession): Promise<void> {
    this.#look('refused')
    const since = new Date(Date.parse(session.opensAt) - 60 * minute)
    const before = new Date(this.#means.clock.ms - 2 * minute)
    const outside = await many<{ state: string }>(
      this.#means.pool,
      sql`select state from workspace where course_id = ${this.#means.courses.get(course.key)}
          and state in ('closed', 'queued', 'failed') and last_launch_at between ${since} and ${before}`,
    )
    if (outside.length > 0)
      this.refused(
        `${session.key}: ${outside.length} ${outside.map((row) => row.state).join(', ')}`,
      )
  }

  /** Nothing runs without a reason, and no more cold seats exist than the course keeps. */
  async #isGone(swarm: VirtualSwarm, course: BlueprintCourse, now: number): Promise<void> {
    const isOther = course.sessions.some(
      (one) =>
        Date.parse(one.leadStartsAt) <= now &&
        now <
          Math.max(Date.parse(one.graceEndsAt) + 5 * minute, Date.parse(one.endsAt) + GONE_AFTER),
    )
    if (isOther) return
    this.#look('nothing left running')
    const id = this.#means.courses.get(course.key)
    const { working } = await one<{ working: number }>(
      this.#means.pool,
      sql`select count(*) as working from workspace where course_id = ${id} and session_id is null
          and state in ('starting', 'ready', 'resetting', 'stopping', 'failed')`,
    )
    const runs = swarm.alive(id).length
    if (runs > working)
      this.fail('nothing left running', `${course.key}: ${runs} containers, ${working} at work`)
    const exists = [...swarm.services.values()].filter((one) => one.course === id).length
    const may = working + (course.headroom?.seats ?? 0)
    if (exists > may)
      this.fail('nothing left running', `${course.key}: ${exists} seats, ${may} needed`)
  }

  /** All of it, once the semester is over. */
  invariants(
    gpu: GpuFigures,
    idle: { share: number; nodes: number },
    hasFaults: boolean,
  ): Invariant[] {
    const share = (name: string, bar: number): Invariant => {
      const [wrong, of] = [this.#wrong.get(name) ?? [], this.#looked.get(name) ?? 0]
      const figure = of === 0 ? 0 : 1 - wrong.length / of
      return {
        name,
        figure: round(figure),
        bar,
        holds: of > 0 && figure >= bar,
        of,
        wrong: wrong.slice(0, SHOWN),
      }
    }
    const none = (name: string): Invariant => {
      const [wrong, of] = [this.#wrong.get(name) ?? [], this.#looked.get(name) ?? this.launches]
      return {
        name,
        figure: wrong.length,
        bar: 0,
        holds: wrong.length === 0,
        of,
        wrong: wrong.slice(0, SHOWN),
      }
    }
    return [
      // With faults it is enough that teachers are told.
      share('ready at T-20', hasFaults ? 0 : BARS.ready),
      none('ready, or told'),
      this.#estimates(),
      fairness(gpu),
      {
        ...{
          name: 'GPUs busy while anyone waits',
          figure: round(gpu.busy / gpu.could),
          bar: BARS.busy,
        },
        ...{
          holds: gpu.busy >= BARS.busy * gpu.could && gpu.could > 0,
          of: gpu.could / GPUS,
          wrong: [],
        },
      },
      none('nothing left running'),
      none('queue in order'),
      none('refused'),
      none('one person to a seat'),
      none('volumes kept'),
      none('worker'),
      {
        ...{ name: 'idle node-hours, of a lead of one hour', figure: round(idle.share) },
        ...{ bar: BARS.idle, holds: idle.share <= BARS.idle, of: idle.nodes, wrong: [] },
      },
    ]
  }

  /** Of who waited more than a minute: how far the page was off, relative to the wait. No answer is all off. */
  #estimates(): Invariant {
    const waits = this.#waits.filter((wait) => wait.waitedSeconds > 60)
    const off = waits
      .map(({ saidSeconds, waitedSeconds }) =>
        saidSeconds === undefined ? 1 : Math.abs(saidSeconds - waitedSeconds) / waitedSeconds,
      )
      .toSorted((a, b) => a - b)
    const figure = off[Math.floor(off.length / 2)] ?? 0
    const holds = off.length > 0 && figure <= BARS.estimate
    return {
      name: 'queue estimates',
      figure: round(figure),
      bar: BARS.estimate,
      holds,
      of: off.length,
      wrong: [],
    }
  }
}

/** How far the one served most is from the one served least, in shares of the mean. */
function fairness({ minutes }: GpuFigures): Invariant {
  const all = [...minutes.values()]
  const mean = all.reduce((sum, one) => sum + one, 0) / all.length
  const figure = round((Math.max(...all) - Math.min(...all)) / mean)
  return {
    ...{
      name: 'GPU hours alike',
      figure,
      bar: BARS.fair,
      holds: figure <= BARS.fair,
      of: all.length,
    },
    wrong: [],
  }
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
