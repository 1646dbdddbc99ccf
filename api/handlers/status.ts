/** Lists and counts as JSON, for the command line. */
import { withoutLogin } from '../config.ts'
import { courseSummaries } from '../data/courses/course.ts'
import { findEstate, waitingChanges } from '../data/changes/estate.ts'
import { findForge } from '../data/changes/forge.ts'
import { type Freeze, activeFreezes } from '../data/runs/freeze.ts'
import { counts, poolSummaries } from '../data/pools/overview.ts'
import { listRuns, runRules } from '../data/runs/run-view.ts'
import { waitingStacks } from '../data/runs/stack-wait.ts'
import { sessionsToCome } from '../data/sessions/session.ts'
import { earlyText, leadText, unknownText } from '../pages/lead.ts'
import { readListing } from '../listing.ts'
import type { Handler } from '../visit.ts'

export const courses: Handler = async (visit) => {
  const rows = await courseSummaries(visit.pool, visit.at)
  return {
    json: {
      courses: rows.map((row) => ({
        ...{ key: row.key, title: row.title, state: row.state, timeZone: row.time_zone },
        ...{ seats: row.seats, running: row.running, nextSessionAt: row.next_opens_at },
      })),
    },
  }
}

export const sessions: Handler = async (visit) => {
  const rows = await sessionsToCome(visit.pool, { now: visit.at })
  return {
    json: {
      sessions: rows.map((row) => ({
        ...{ key: row.key, course: row.course_key, pool: row.pool_key, state: row.state },
        ...{ startsAt: row.starts_at, endsAt: row.ends_at, opensAt: row.opens_at },
        ...{ students: row.students, atOnce: row.at_once, message: row.message_code },
        ...{ leadStartsAt: row.lead_starts_at, lead: leadText(visit.locale, row) },
        earlyPlan: row.early_state && {
          ...{ state: row.early_state, at: row.early_ended_at },
          ...{ problems: earlyText(visit.locale, row), unknown: unknownText(visit.locale, row) },
        },
      })),
    },
  }
}

const newest = readListing(new URLSearchParams(), runRules)

export const status: Handler = async (visit) => {
  const [now, pools, runs, freezes, waiting] = await Promise.all([
    counts(visit.pool, visit.at),
    poolSummaries(visit.pool),
    listRuns(visit.pool, { ...newest, limit: 5, now: visit.at }),
    activeFreezes(visit.pool, visit.at),
    waitingStacks(visit.pool, { now: visit.at }),
  ])
  return {
    json: {
      publicUrl: visit.config.publicUrl,
      installation: visit.config.installation,
      counts: now,
      pools,
      freezes: freezes.map(freezeJson),
      waiting: waiting.map((one) => ({
        ...{ stack: one.key, kind: one.kind, why: one.why, reason: one.reason },
        ...{ until: one.until, run: one.run_id },
      })),
      runs: runs.map((run) => ({
        ...{ id: run.id, stack: run.stack_key, kind: run.kind, state: run.state },
        ...{ startedAt: run.created_at, endedAt: run.ended_at, message: run.message },
      })),
    },
  }
}

const freezeJson = (one: Freeze) => ({
  ...{ pool: one.pool_key, applies: one.applies, destroys: one.destroys, reason: one.reason },
  ...{ since: one.starts_at, until: one.until_at },
})

export const estate: Handler = async (visit) => {
  const [kept, waiting, forge] = await Promise.all([
    ...([findEstate(visit.pool), waitingChanges(visit.pool), findForge(visit.pool)] as const),
  ])
  const { folder, remote } = visit.config.estate
  return {
    json: {
      address: withoutLogin(remote ?? folder),
      state: kept?.state ?? 'current',
      ...{ commit: kept?.commit ?? null, digest: kept?.digest ?? null },
      message: kept?.message ?? null,
      ...(visit.config.forge && {
        forge: {
          ...{ kind: visit.config.forge.kind, address: visit.config.forge.address },
          ...{ state: forge?.state ?? 'current', message: forge?.message ?? null },
          retryAt: forge?.retry_at ?? null,
        },
      }),
      waiting: waiting.map(({ id, title }) => ({ id, title, branch: `change/${id}` })),
    },
  }
}
