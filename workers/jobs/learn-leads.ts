/**
 * When preparing each class begins: learned from what it took before, kept on the session with its reason. What
 * became ready is learned from in turn.
 */
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import {
  keepLeads,
  keepLeadSamples,
  leadSamples,
  sessionsWithoutSample,
} from '../../api/data/sessions/lead-sample.ts'
import type { NoticeLine } from '../../api/data/notice.ts'
import type { Blueprint } from '../../stacks/blueprint.ts'
import { type SessionLead, leadBook, sessionLeads } from '../../stacks/rules/lead.ts'
import { type Budget, preparedAtOnce } from './next.ts'
import { parseInstant } from '../../stacks/rules/clock.ts'

const AHEAD_MS = 36 * 3_600_000
/** Nobody else writes samples: read again only in case another worker was in the lead meanwhile. */
const READ_AGAIN_MS = 60 * 60_000
/** What was said is said again so often at least: a session may have been planned anew since. */
const SAY_AGAIN_MS = 10 * 60_000

/** Leads are said for classes of the next day and a half: looked at each minute, and when there is more to learn from. */
const LEARN_MS = 60_000

/** Answers whether any class begins at another time. */
export type LeadLearner = { learn(blueprint: Blueprint, hasLessons: boolean): Promise<boolean> }

/** `budget`: what runs of Terraform may take. With less of it a class of a crowded hour begins earlier. */
export function leadLearner({
  pool,
  now,
  budget,
}: {
  pool: Pool
  now: () => Date
  budget: Budget
}): LeadLearner {
  const atOnce = (seats: number) => preparedAtOnce(budget, seats)
  let known: { book: ReturnType<typeof leadBook>; at: number } | undefined
  const bookAt = async (tx: Db, at: number) => {
    const isFresh = known && at >= known.at && at < known.at + READ_AGAIN_MS
    if (!isFresh) known = { book: leadBook(await leadSamples(tx), atOnce), at }
    return known!.book
  }
  let last: { blueprint: Blueprint; at: number; said: string; saidAt: number } | undefined
  return {
    async learn(blueprint, hasLessons) {
      const at = now().getTime()
      const before = last && last.blueprint === blueprint && at >= last.at ? last : undefined
      if (before && at < before.at + LEARN_MS && !hasLessons) return false
      const say = async (tx: Db): Promise<boolean> => {
        if (!before || hasLessons)
          if ((await learnFromReady(tx, blueprint, at)) > 0) known = undefined
        const leads = sessionLeads(blueprint, await bookAt(tx, at), {
          from: at,
          until: at + AHEAD_MS,
        })
        const said = JSON.stringify(
          leads.map((lead) => [lead.session.key, lead.leadSeconds, lead.startsAt]),
        )
        const isSaid = before?.said === said && at < before.saidAt + SAY_AGAIN_MS
        const named = leads.map((lead) => ({ ...lead, reason: leadReason(lead) }))
        const moved = isSaid ? 0 : await keepLeads(tx, named)
        last = { blueprint, at, said, saidAt: isSaid ? before.saidAt : at }
        return moved > 0
      }
      // With nothing to learn it is one statement, or none.
      return before && !hasLessons ? say(pool) : withTransaction(pool, say)
    },
  }
}

/** What sessions took that became ready, also those nobody looked at for a while. */
async function learnFromReady(tx: Db, blueprint: Blueprint, at: number): Promise<number> {
  const recent = blueprint.courses.flatMap((course) =>
    course.sessions
      .filter((one) => {
        const startedAt = parseInstant(one.leadStartsAt)
        return one.warm > 0 && startedAt <= at && at < startedAt + AHEAD_MS
      })
      .map((one) => one.key),
  )
  const fresh = new Set(await sessionsWithoutSample(tx, recent))
  if (fresh.size === 0) return 0
  const within = { from: at - AHEAD_MS, until: at + AHEAD_MS }
  const shapes = sessionLeads(blueprint, leadBook([]), within)
    .filter((one) => fresh.has(one.session.key))
    .map(({ session, shape }) => ({ session: session.key, ...shape }))
  return keepLeadSamples(tx, shapes)
}

/** Why it begins when it does, as sentences for teachers and the infra team. */
export function leadReason(lead: SessionLead): NoticeLine[] {
  const { session } = lead
  const minutesBefore = (instant: number) =>
    Math.round((parseInstant(session.startsAt) - instant) / 60_000)
  const { plan, apply, warm, wait } = lead.parts
  const params = {
    begin: minutesBefore(lead.startsAt),
    ready: minutesBefore(parseInstant(session.readyAt)),
    ...{ plan: Math.round(plan), apply: Math.round(apply), warm: Math.round(warm) },
    ...{ wait: Math.round(wait), count: lead.samples },
  }
  return [
    { code: `lead.${lead.basis}`, params },
    ...(lead.others > 0 ? [{ code: 'lead.others', params: { count: lead.others } }] : []),
    ...(lead.isCapped
      ? [{ code: 'lead.capped', params: { asked: Math.ceil(lead.seconds / 60) + params.ready } }]
      : []),
  ]
}
