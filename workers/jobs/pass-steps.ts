/**
 * A pass of the reconciler is many steps, over many courses. What throws in one keeps none of the others: it is kept
 * until the pass is over, thrown then with what was being done, and tried again in the next pass.
 */
import { type CourseName, coursesAtWork } from '../../api/data/courses/courses-at-work.ts'
import { type Pool, isServerLost } from '../../api/data/db.ts'

export type Steps = {
  /** Answers `otherwise` where the work throws. `what`: a sentence, with the course if it is of one. */
  take<T>(what: string, work: () => Promise<T>, otherwise: T): Promise<T>
  /**
   * The work in all courses at once; where that throws, in each by itself: those of `among`, else where anything may be
   * due. Answers the sum of what it answers.
   */
  inCourses(
    what: string,
    work: (of?: CourseName) => Promise<number>,
    among?: () => Promise<CourseName[]>,
  ): Promise<number>
  /** Throws what was kept. */
  end(): void
}

export function passSteps({ pool, now }: { pool: Pool; now: () => Date }): Steps {
  const failures: Error[] = []
  const take: Steps['take'] = async (what, work, otherwise) => {
    try {
      return await work()
    } catch (error) {
      // Each further step would only wait for the same server.
      if (isServerLost(error)) throw error
      failures.push(new Error(what, { cause: error }))
      return otherwise
    }
  }
  return {
    take,
    async inCourses(what, work, among = () => coursesAtWork(pool, now())) {
      try {
        return await work()
      } catch (error) {
        if (isServerLost(error)) throw error
        const before = failures.length
        let sum = 0
        for (const course of await among())
          sum += await take(`Course ${course.key}: ${what}`, () => work(course), 0)
        // Together it went wrong, each by itself it did not: somebody else was at the same rows.
        if (failures.length === before)
          failures.push(new Error(`All courses: ${what}`, { cause: error }))
        return sum
      }
    },
    end() {
      const [first, ...others] = failures
      if (first === undefined) return
      if (others.length === 0) throw first
      throw new AggregateError(failures, [...new Set(failures.map((one) => one.message))].join(' '))
    },
  }
}
