/**
 * What a pass of the reconciler asks of the record, in one breath with what is due: mostly the questions of the pass before, and
 * mostly nothing has changed since that would make them others. Where they are others, or the pass itself changed what they are
 * about, they are asked again: foreseeing saves a wait, and decides nothing.
 */
import { type Db, inOneBreath, type Pool } from '../../api/data/db.ts'
import { type Due, whatIsDue } from '../../api/data/due.ts'
import { areSeatsToTurn, seatReasons, type WarmSeat } from '../../api/data/reasons.ts'
import { type PlainStack, unusualSeats } from '../../api/data/stack-wish.ts'

type Foreseen<Question, Answer> = {
  /** Asks what was asked last. */
  foresee(db: Db): Promise<void>
  forget(): void
  answer(db: Db, question: Question): Promise<Answer>
}

/** `nameOf`: the same for questions that have the same answer. */
function foreseen<Question, Answer>(
  ask: (db: Db, question: Question) => Promise<Answer>,
  nameOf: (question: Question) => string,
): Foreseen<Question, Answer> {
  let last: { name: string; question: Question } | undefined
  let known: { name: string; answer: Answer } | undefined
  return {
    async foresee(db) {
      known = last && { name: last.name, answer: await ask(db, last.question) }
    },
    forget: () => void (known = undefined),
    async answer(db, question) {
      const name = nameOf(question)
      last = { name, question }
      return known?.name === name ? known.answer : ask(db, question)
    },
  }
}

type Running = Awaited<ReturnType<typeof seatReasons>>
type UnusualSeats = Awaited<ReturnType<typeof unusualSeats>>

export type PassReader = {
  /** What is due; the answers below are of the same moment. */
  look(now: Date): Promise<Due>
  /** The pass changed what the answers below are about. */
  forget(): void
  running(courses: string[]): Promise<Running>
  areSeatsToTurn(warm: WarmSeat[]): Promise<boolean>
  unusualSeats(stacks: PlainStack[]): Promise<UnusualSeats>
}

export function passReader(pool: Pool): PassReader {
  const running = foreseen(seatReasons, (courses: string[]) => courses.join())
  const turns = foreseen(areSeatsToTurn, (warm: WarmSeat[]) => JSON.stringify(warm))
  const unusual = foreseen(unusualSeats, nameOfStacks)
  const all = [running, turns, unusual]
  return {
    async look(now) {
      const [due] = await inOneBreath(pool, (db) =>
        Promise.all([whatIsDue(db, now), ...all.map((one) => one.foresee(db))]),
      )
      return due
    },
    forget: () => all.forEach((one) => one.forget()),
    running: (courses) => running.answer(pool, courses),
    areSeatsToTurn: (warm) => turns.answer(pool, warm),
    unusualSeats: (stacks) => unusual.answer(pool, stacks),
  }
}

/** Of each what `unusualSeats` looks at. */
const nameOfStacks = (stacks: PlainStack[]): string =>
  stacks
    .map(({ kind, course, seats, templateDigest, template }) =>
      [kind, course, seats.at(-1), templateDigest, template.volume?.backend].join(' '),
    )
    .join()
