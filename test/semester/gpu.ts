/**
 * Thirty students who all want a GPU all day, and four of them: each comes in the morning, works for an hour or two
 * when served, stops, comes again; a fifth never stop by themselves.
 */
import { withTransaction } from '../../api/data/db.ts'
import { startWorkspace } from '../../api/data/workspaces/workspace-act.ts'
import type { BlueprintSession } from '../../stacks/blueprint.ts'
import type { Random } from '../campus/random.ts'
import { GPU_COURSE, GPUS } from './campus.ts'
import { stop } from './press-stop.ts'
import { launch, type Students } from './students.ts'
import type { SeenWorkspace } from './told.ts'

const minute = 60_000
const AT_WORK = new Set(['starting', 'ready', 'resetting'])

export type GpuFigures = {
  /** Minutes each student had a GPU. */
  minutes: Map<number, number>
  /** GPU-minutes in use, of those there were, while anyone waited. */
  busy: number
  could: number
}

type Student = { number: number; state: string; since: number; isGreedy: boolean }

export class SharedGpus {
  readonly figures: GpuFigures = { minutes: new Map(), busy: 0, could: 0 }
  readonly #students: Students
  readonly #dice: Random
  readonly #known = new Map<string, Student>()
  /** Whose turn it is, and who is on their way to the click. */
  readonly #called = new Set<string>()
  #counted = 0
  #until = 0

  constructor(students: Students, dice: Random) {
    this.#students = students
    this.#dice = dice
  }

  plan(days: BlueprintSession[], count: number): void {
    const { clock } = this.#students
    for (const day of days) {
      const [from, until] = [Date.parse(day.startsAt), Date.parse(day.endsAt)]
      clock.at(from, () => (this.#until = until))
      for (let number = 0; number < count; number++)
        clock.at(from + this.#dice.between(0, 60) * minute, () => void this.#come(number))
    }
  }

  isWatched(workspaceId: string): boolean {
    return this.#known.has(workspaceId)
  }

  async #come(number: number): Promise<void> {
    const { clock, queue } = this.#students
    const visit = { course: GPU_COURSE, student: number, session: undefined }
    const made = await launch(this.#students, visit)
    if (!made) return
    const isGreedy = number % 5 === 0
    const student = this.#known.get(made.id) ?? { number, state: '', since: clock.ms, isGreedy }
    this.#known.set(made.id, student)
    if (made.state === 'queued')
      queue.watch({ id: made.id, course: GPU_COURSE, patienceMs: Infinity })
    this.#move(made.id, student, made.state)
  }

  look({ id, state, held_until }: SeenWorkspace): void {
    const student = this.#known.get(id)
    if (student && held_until) this.#takeTurn(id)
    if (student && state !== student.state) this.#move(id, student, state)
  }

  /** The page says that a place is held: a click within minutes, as somebody does who looks at it now and then. */
  #takeTurn(workspaceId: string): void {
    const { clock, pool } = this.#students
    if (this.#called.has(workspaceId)) return
    this.#called.add(workspaceId)
    clock.at(clock.ms + this.#dice.between(1, 6) * minute, () => {
      this.#called.delete(workspaceId)
      const actor = { name: 'student', role: 'student' } as const
      void withTransaction(pool, (tx) =>
        startWorkspace(tx, { workspaceId, actor, now: clock.now() }),
      )
    })
  }

  #move(id: string, student: Student, state: string): void {
    const { clock } = this.#students
    this.#count()
    const [was, is] = [AT_WORK.has(student.state), AT_WORK.has(state)]
    student.state = state
    if (was === is) return
    if (!is) {
      const { minutes } = this.figures
      const had = minutes.get(student.number) ?? 0
      minutes.set(student.number, had + (clock.ms - student.since) / minute)
      this.#comeAgain(student)
    }
    student.since = clock.ms
    if (is && !student.isGreedy) {
      const since = clock.ms
      const ends = since + this.#dice.between(50, 130) * minute
      clock.at(ends, () => {
        if (student.since === since) void stop(this.#students, id)
      })
    }
  }

  /** Stopped, by themselves or at the end of a turn: they want more. */
  #comeAgain(student: Student): void {
    const { clock } = this.#students
    const again = clock.ms + this.#dice.between(5, 20) * minute
    if (again < this.#until - 30 * minute) clock.at(again, () => void this.#come(student.number))
  }

  /** What was so since the last change. */
  #count(): void {
    const { clock } = this.#students
    const states = [...this.#known.values()].map((student) => student.state)
    const working = states.filter((state) => AT_WORK.has(state)).length
    const since = (Math.min(clock.ms, this.#until) - this.#counted) / minute
    this.#counted = clock.ms
    if (since <= 0 || !states.includes('queued')) return
    this.figures.busy += Math.min(GPUS, working) * since
    this.figures.could += GPUS * since
  }
}
