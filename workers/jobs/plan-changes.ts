/**
 * Plans of changes that wait: what Terraform would do to the stacks of their courses at the next class, for reviewers to
 * read. As an early plan does: nothing is held, made or applied. A course that is not there yet has no stack to plan.
 */
import { currentBlueprint } from '../../api/data/changes/blueprint.ts'
import { changesThatWait } from '../../api/data/changes/approval.ts'
import type { Change } from '../../api/data/changes/change.ts'
import {
  forgetPlans,
  keepPlan,
  knownCourses,
  plansOfChange,
  proposedBytes,
} from '../../api/data/changes/change-plan.ts'
import { seatReasons } from '../../api/data/workspaces/reasons.ts'
import { type Blueprint, emptyBlueprint, parseBlueprint } from '../../stacks/blueprint.ts'
import { diff } from '../../stacks/rules/diff.ts'
import { type WantedStack, wantedAt } from '../../stacks/rules/wanted.ts'
import { type EarlyMeans, planAsItWillBe, turnOf } from './plan-early.ts'

/** Of one change; what a reviewer wants to read is in the first of them. */
const MOST_STACKS = 6
/** What could not be planned is a run of Terraform each time. */
const AGAIN_AFTER_MS = 15 * 60_000

export type ChangePlanner = { plan(): Promise<void> }

export function changePlanner(means: EarlyMeans): ChangePlanner {
  /** Changes of which nothing is to be planned any more, by what they compile to. */
  const done = new Set<string>()
  /** Those that could not be planned, and when that was. */
  const failed = new Map<string, number>()
  return {
    async plan() {
      const { pool } = means
      await forgetPlans(pool)
      for (const change of await changesThatWait(pool)) {
        const name = `${change.id} ${change.blueprint_digest}`
        const now = means.now().getTime()
        if (done.has(name) || now - (failed.get(name) ?? -Infinity) < AGAIN_AFTER_MS) continue
        const turn = await turnOf(means, change.created_at)
        if (turn === 'wait') return
        const end = await planApart(means, change)
        if (end === 'done') done.add(name)
        if (end === 'failed') failed.set(name, now)
        if (turn === 'one') return
      }
    },
  }
}

/** What goes wrong with one keeps no other from being planned: it is tried again after a while. */
async function planApart(means: EarlyMeans, change: Change): Promise<'done' | 'busy' | 'failed'> {
  try {
    return (await planChange(means, change)) ? 'done' : 'busy'
  } catch (error) {
    means.log.error({ change: change.id, err: error }, 'a change could not be planned')
    return 'failed'
  }
}

/** False when somebody worked on a stack of it: asked again later. */
async function planChange(means: EarlyMeans, change: Change): Promise<boolean> {
  const { pool, now } = means
  const { id, blueprint_digest: digest } = change
  const bytes = await proposedBytes(pool, digest)
  if (!bytes) return true
  const before = (await currentBlueprint(pool))?.blueprint ?? emptyBlueprint
  const known = new Set((await plansOfChange(pool, { id, digest })).map((plan) => plan.stack))
  const stacks = await stacksOf(means, before, parseBlueprint(bytes))
  for (const { stack, dueAt } of stacks.slice(0, MOST_STACKS)) {
    if (known.has(stack.key)) continue
    const { result, text } = await planAsItWillBe(means, stack)
    const isBusy = !result.ok && ['busy', 'lost', 'cancelled'].includes(result.reason)
    if (isBusy) return false
    const counts = result.ok ? countsOf(result.summary) : null
    await keepPlan(pool, {
      ...{ changeId: id, digest, stack: stack.key, due_at: dueAt, now: now(), counts },
      ...{ message: result.ok ? null : result.message.slice(0, 500), text: text ?? null },
    })
  }
  return true
}

const countsOf = (of: { create: number; update: number; replace: number; delete: number }) => ({
  ...{ create: of.create, update: of.update, replace: of.replace, delete: of.delete },
})

/** Of each course that differs, as they would be when the next class of it is prepared. */
async function stacksOf(
  { pool, now }: EarlyMeans,
  before: Blueprint,
  after: Blueprint,
): Promise<{ stack: WantedStack; dueAt: Date }[]> {
  const touched = diff(before, after, []).courses.map((one) => one.course)
  const running = await seatReasons(pool)
  return (await knownCourses(pool, touched)).flatMap((key) => {
    const course = after.courses.find((one) => one.key === key)
    if (!course) return []
    const leads = course.sessions.map((session) => Date.parse(session.leadStartsAt))
    const next = Math.min(...leads.filter((at) => at >= now().getTime()))
    const dueAt = Number.isFinite(next) ? new Date(next) : now()
    const only = { ...after, courses: [course] }
    return wantedAt(only, dueAt.toISOString(), { ...running, leads: {} }).stacks.map((stack) => ({
      ...{ stack, dueAt },
    }))
  })
}
