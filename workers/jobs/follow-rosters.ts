/**
 * Courses follow the lists of their LMS courses: a list that grew or shrank is a change like a teacher's, held against
 * the same policy, and inside the allowance (the list and 15 %) in force at once. Level-triggered: what is proposed is
 * what the lists say now, however they came to say it.
 */
import type { Logger } from 'pino'
import { policyInForce } from '../../api/data/courses/documents.ts'
import { type Outcome, proposeChange } from '../../api/data/changes/change.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { countDormantHolders } from '../../api/data/seats/seat-number.ts'
import { markAbsent } from '../../api/data/lms/roster-absent.ts'
import {
  type Follower,
  ROSTER_AUTHOR,
  coursesToFollow,
  noteProposed,
} from '../../api/data/changes/roster-follow.ts'
import { passSteps } from './pass-steps.ts'

const ABSENT_MS = 3_600_000

type Means = { pool: Pool; ring: KeyRing; log: Logger; now: () => Date }

/** Looks once an hour for who has not come for weeks, and each time for lists that changed. What goes wrong with one course keeps no other. */
export function rosterFollower(means: Means): { follow(): Promise<void> } {
  let lookedMs = -Infinity
  return {
    async follow() {
      const { pool, now } = means
      const steps = passSteps(means)
      const mark = async () => {
        const { dormantWeeks: weeks } = await policyInForce(pool)
        await withTransaction(pool, (tx) => markAbsent(tx, { weeks, now: now() }))
        lookedMs = now().getTime()
      }
      if (now().getTime() - lookedMs >= ABSENT_MS)
        await steps.take('Who has not come for weeks could not be noted.', mark, undefined)
      const count = () => withTransaction(pool, countDormantHolders)
      await steps.take('Seats of who has not come could not be counted.', count, undefined)
      for (const course of await coursesToFollow(pool))
        await steps.take(
          `Course ${course.key}: it could not follow its LMS list.`,
          () => followList(means, course),
          undefined,
        )
      steps.end()
    },
  }
}

async function followList(means: Means, course: Follower): Promise<void> {
  const { pool, ring, log } = means
  const now = means.now()
  const outcome = await proposeChange(pool, {
    sources: [{ name: `Course ${course.key}`, text: course.document }],
    actor: { name: ROSTER_AUTHOR, role: 'labplan' },
    ...{ ring, now },
  })
  if (outcome.outcome === 'wrong')
    log.warn({ course: course.key }, 'a course cannot follow its list: its plan is refused')
  await withTransaction(pool, (tx) =>
    noteProposed(tx, { course, changeId: waitingId(outcome), now }),
  )
}

const waitingId = (outcome: Outcome): string | undefined =>
  outcome.outcome === 'changed' ? outcome.change.id : undefined
