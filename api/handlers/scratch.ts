/** Begins a class whose storage is away on scratch homes, or takes that back. */
import { type SeenCourse, mayPlan } from '../access.ts'
import { withTransaction } from '../data/db.ts'
import { chooseScratch, classScratch, undoScratch } from '../data/seats/scratch.ts'
import { conflict } from '../errors.ts'
import { askScratchPage } from '../pages/scratch.ts'
import { paths } from '../paths.ts'
import { type Handler, type Visit, actorOf } from '../visit.ts'

export const ask: Handler<SeenCourse> = async (visit, course) => {
  const found = await classScratch(visit.pool, course.id)
  if (!found || found.isChosen) return { seeOther: paths.course(course.key) }
  const plans = await mayPlan(visit, course)
  return { html: askScratchPage(visit, course, { seesPlan: plans, mayChange: plans }) }
}

const act =
  (work: typeof chooseScratch): Handler<SeenCourse> =>
  async (visit: Visit, course) => {
    const found = await classScratch(visit.pool, course.id)
    if (!found) throw conflict('problem.scratch.not-away')
    const actor = actorOf(visit, course.role === 'teacher' ? 'teacher' : 'administrator')
    const wish = { sessionId: found.sessionId, actor, now: visit.at }
    const refused = await withTransaction(visit.pool, (tx) => work(tx, wish))
    if (refused) throw conflict(`problem.scratch.${refused}`)
    return { seeOther: paths.course(course.key) }
  }

export const choose = act(chooseScratch)
export const undo = act(undoScratch)
