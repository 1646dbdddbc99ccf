/**
 * Early plans: at noon of the last working day before a session, and a day before it, its stacks are planned with
 * Terraform as they will be, and nothing is applied. Its teachers and the infra team are told what would fail, and
 * told again when it no longer would.
 */
import type { Logger } from 'pino'
import { blueprintReader } from '../../api/data/changes/blueprint.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { zonesInForce } from '../../api/data/courses/documents.ts'
import {
  type SessionToPlan,
  beginEarlyPlan,
  endEarlyPlan,
  ensureStack,
  failureWasTold,
  hasRunsToDo,
  isApplied,
  sessionsToPlan,
} from '../../api/data/runs/early-plan.ts'
import { activeFreezes } from '../../api/data/runs/freeze.ts'
import { type NoticeLine, sendNotice } from '../../api/data/notice.ts'
import { findCredential } from '../../api/data/pools/pool-credential.ts'
import { findPool } from '../../api/data/pools/pool.ts'
import { seatReasons } from '../../api/data/workspaces/reasons.ts'
import type { Blueprint, BlueprintCourse } from '../../stacks/blueprint.ts'
import { contentDigest, type SeatsContent } from '../../stacks/content.ts'
import { secretName } from '../../stacks/parts/names.ts'
import { dueEarlyPlan, earlyPlansOf } from '../../stacks/rules/early.ts'
import { type Wanted, type WantedStack, wantedAt } from '../../stacks/rules/wanted.ts'
import type { Zone } from '../../stacks/terms.ts'
import { connectCloud } from '../cloud/client.ts'
import type { Engine } from '../swarm/engine.ts'
import { listNodes } from '../swarm/node.ts'
import { listSecrets } from '../swarm/secret.ts'
import type { StackRequest } from '../terraform/context.ts'
import { planStack } from '../terraform/plan-stack.ts'
import { refuse, type RunResult, type RunServices } from '../terraform/run-stack.ts'
import { noCredential } from './apply-machines.ts'
import { type Place, contentOf } from './content.ts'
import {
  askedOfOwn,
  cloudProblems,
  type Findings,
  imageFindings,
  ownRooms,
  roomProblems,
} from './early-checks.ts'
import { isAskedAgain, machineFindings } from './early-machines.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'
import { type Steps, passSteps } from './pass-steps.ts'

const HORIZON_MS = 31 * 24 * 3_600_000
/** What failed is looked at again, so that who repaired it sees so, and what nobody could say just now … */
const AGAIN_AFTER_MS = 3_600_000
/** … a bounded number of times; and what a killed worker left, after its lease is long over. */
const MOST_ATTEMPTS = 30
const LOST_AFTER_MS = 15 * 60_000
/** Others wait for Terraform too: so many sessions a pass. */
const AT_ONCE = 4
/** Real runs go first for so long; then one early plan goes beside them in each pass, however many there are. */
const LETS_GO_FIRST_MS = 30 * 60_000

export type EarlyMeans = {
  pool: Pool
  engine: Engine
  place: Place
  runs: RunServices
  log: Logger
  now: () => Date
  /** Ends a plan under way, and begins no other. */
  signal: AbortSignal
}

export type EarlyPlanner = { plan(): Promise<void> }

export function earlyPlanner(means: EarlyMeans): EarlyPlanner {
  const approved = blueprintReader()
  return {
    async plan() {
      const now = means.now()
      const blueprint = await approved(means.pool)
      if (!blueprint) return
      const until = new Date(now.getTime() + HORIZON_MS)
      const sessions = await sessionsToPlan(means.pool, { now, until })
      if (sessions.length === 0) return
      const due = dueNow(sessions, blueprint, await zonesInForce(means.pool), now)
      const steps = passSteps(means)
      let planned = 0
      for (const one of longestFirst(due)) {
        const turn = await turnOf(means, one.since)
        if (turn === 'wait') break
        // One that cannot even be begun takes the turn of no other.
        if (await planOne(means, steps, blueprint, one)) planned++
        if (planned === (turn === 'one' ? 1 : AT_ONCE)) break
      }
      steps.end()
    },
  }
}

/** Whether what may be planned since then is: as many as there are, one beside real runs, or not now. */
export async function turnOf(
  { pool, now, signal }: Pick<EarlyMeans, 'pool' | 'now' | 'signal'>,
  since: Date,
): Promise<'all' | 'one' | 'wait'> {
  if (signal.aborted) return 'wait'
  if (!(await hasRunsToDo(pool, now()))) return 'all'
  return now().getTime() - since.getTime() < LETS_GO_FIRST_MS ? 'wait' : 'one'
}

/** `since`: from when on it may be planned: that it is due, or may be looked at again. */
type Due = { session: SessionToPlan; course: BlueprintCourse; dueAt: Date; since: Date }

const longestFirst = (due: Due[]): Due[] =>
  due.toSorted((a, b) => a.since.getTime() - b.since.getTime())

export function dueNow(
  sessions: SessionToPlan[],
  blueprint: Blueprint,
  zones: Zone[],
  now: Date,
): Due[] {
  const courseOf = new Map(
    blueprint.courses.flatMap((course) => course.sessions.map((one) => [one.key, course])),
  )
  return sessions.flatMap((session) => {
    const course = courseOf.get(session.key)
    const zone = zones.find((one) => one.key === course?.zone)
    if (!course || !zone) return []
    const instants = earlyPlansOf(session.starts_at.getTime(), zone)
    const due = dueEarlyPlan(instants, now.getTime())
    const since = due === undefined ? Infinity : mayBeSince(session, due)
    return due !== undefined && since <= now.getTime()
      ? [{ session, course, dueAt: new Date(due), since: new Date(since) }]
      : []
  })
}

/** From when on it may be planned, or planned again; never: Infinity. */
function mayBeSince(session: SessionToPlan, due: number): number {
  const { due_at: planned, state, started_at, ended_at, attempts, unknown } = session
  if (!planned || planned.getTime() !== due) return due
  if ((attempts ?? 0) >= MOST_ATTEMPTS) return Infinity
  if (state === 'passed' && !isAskedAgain(unknown ?? [])) return Infinity
  const [last, wait] =
    state === 'running' ? [started_at, LOST_AFTER_MS] : [ended_at, AGAIN_AFTER_MS]
  return (last?.getTime() ?? due) + (last === null ? 0 : wait)
}

/**
 * A plan that goes wrong keeps no other: it is made again once this attempt counts as lost, and told when it does so again and
 * again. False when it was not begun.
 */
async function planOne(
  means: EarlyMeans,
  steps: Steps,
  blueprint: Blueprint,
  due: Due,
): Promise<boolean> {
  const { session, dueAt } = due
  const isSame = session.due_at?.getTime() === dueAt.getTime()
  const since = isSame ? session.started_at : null
  const begin = () =>
    withTransaction(means.pool, (tx) =>
      beginEarlyPlan(tx, { sessionId: session.id, dueAt, since, now: means.now() }),
    )
  const named = `Session ${session.key}`
  if (!(await steps.take(`${named}: it could not be planned early.`, begin, false))) return false
  const attempt = (isSame ? (session.attempts ?? 0) : 0) + 1
  const found = await findingsOf(means, blueprint, due, attempt).catch((error: unknown) =>
    unplanned(means, due, { error, attempt }),
  )
  // A worker that stops has learned nothing of what it did not ask any more.
  if (!found || means.signal.aborted) return true
  const end = async () => {
    await withTransaction(means.pool, (tx) => endAndTell(tx, due, found, means.now()))
    means.log.info({ session: session.key, ...found }, 'a session was planned early')
  }
  await steps.take(`${named}: what its early plan found could not be told.`, end, undefined)
  return true
}

/** Undefined when somebody works on a stack of it: asked again once this attempt counts as lost. */
async function findingsOf(
  means: EarlyMeans,
  blueprint: Blueprint,
  { session, course }: Due,
  attempt: number,
): Promise<Findings | undefined> {
  const running = await seatReasons(means.pool)
  const planned = course.sessions.find((one) => one.key === session.key)
  const wanted = wantedAt(blueprint, planned?.leadStartsAt ?? '', { ...running, leads: {} })
  const { pool: poolKey = course.pool, readyAt } = planned ?? {}
  const where = {
    wanted,
    poolKey,
    readyAt: readyAt === undefined ? session.starts_at : new Date(readyAt),
  }
  const own = await courseFindings(means, blueprint, course, { ...where, attempt })
  if (own === 'busy') return undefined
  const machines =
    planned && (await machineFindings(means, blueprint, { session: planned, attempt }))
  return {
    problems: [...own.problems, ...(machines?.problems ?? [])],
    unknown: [...own.unknown, ...(machines?.unknown ?? [])],
  }
}

/** Something that is broken for a moment is no news. */
const UNPLANNED_TOLD_AFTER = 3

function unplanned(
  means: EarlyMeans,
  { session }: Due,
  { error, attempt }: { error: unknown; attempt: number },
): Findings | undefined {
  means.log.error({ session: session.key, err: error, attempt }, 'a session could not be planned')
  if (attempt < UNPLANNED_TOLD_AFTER) return undefined
  const message = whyOf(error).slice(0, 400)
  return { problems: [{ code: 'early.unplanned', params: { message } }], unknown: [] }
}

/** What failed before and could not be asked now is told to be over only once it was asked. */
export async function endAndTell(
  tx: Tx,
  due: Pick<Due, 'session' | 'dueAt'>,
  found: Findings,
  now: Date,
): Promise<void> {
  const { session, dueAt } = due
  const { problems, unknown } = found
  await endEarlyPlan(tx, { sessionId: session.id, dueAt, problems, unknown, now })
  if (problems.length > 0) return tell(tx, due, [...problems, ...unknown], now)
  if (!isAskedAgain(unknown) && (await failureWasTold(tx, keysOf(session))))
    await tellOver(tx, due, unknown, now)
}

async function courseFindings(
  means: EarlyMeans,
  blueprint: Blueprint,
  course: BlueprintCourse,
  where: { wanted: Wanted; poolKey: string; readyAt: Date; attempt: number },
): Promise<Findings | 'busy'> {
  const stacks = where.wanted.stacks.filter((stack) => stack.course === course.key)
  const image = course.template?.image
  if (!image) return { problems: [{ code: 'early.no-build' }], unknown: [] }
  const { registry } = means.place
  const { attempt } = where
  const { problems, unknown } = await imageFindings(means.engine, { registry, image, attempt })
  problems.push(...(await missingRoom(means, blueprint, where)))
  problems.push(...(await stillFrozen(means, stacks, where.readyAt)))
  for (const stack of stacks) {
    const problem = await planOneStack(means, stack)
    if (problem === 'busy') return 'busy'
    if (problem) problems.push(problem)
  }
  return { problems, unknown }
}

/** What has to be made while people have paused it, until it is too late. */
async function stillFrozen(
  { pool, place }: EarlyMeans,
  stacks: WantedStack[],
  readyAt: Date,
): Promise<NoticeLine[]> {
  const freezes = (await activeFreezes(pool, readyAt)).filter(({ applies }) => applies)
  for (const stack of freezes.length > 0 ? stacks : []) {
    const [last] = freezes
      .filter(({ pool_key: key }) => key === null || key === stack.pool)
      .toReversed()
    const isThere = await isApplied(
      pool,
      stack.key,
      contentDigest(await contentOf(pool, place, stack)),
    )
    const params = last && { reason: last.reason, untilAt: last.until_at.toISOString() }
    if (params && !isThere) return [{ code: 'early.frozen', params }]
  }
  return []
}

/** Room on own machines, which are there; and what is known of those that a cloud is to make. */
async function missingRoom(
  { pool, engine }: EarlyMeans,
  blueprint: Blueprint,
  { wanted, poolKey }: { wanted: Wanted; poolKey: string },
): Promise<NoticeLine[]> {
  const asked = askedOfOwn(blueprint, wanted, poolKey)
  if (!asked) return cloudProblems(pool, blueprint, poolKey)
  return roomProblems(ownRooms(await listNodes(engine), blueprint), asked)
}

async function planOneStack(
  means: EarlyMeans,
  stack: WantedStack,
): Promise<NoticeLine | 'busy' | undefined> {
  const { result } = await planAsItWillBe(means, stack)
  if (result.ok) return undefined
  if (result.reason === 'busy' || result.reason === 'lost' || result.reason === 'cancelled')
    return 'busy'
  const params = { what: `late.what.${stack.kind}`, message: result.message.slice(0, 400) }
  return { code: result.reason === 'held' ? 'early.plan-held' : 'early.plan-failed', params }
}

/** What Terraform would do to the stack, and how it shows that to people; nothing is done. */
export async function planAsItWillBe(
  means: EarlyMeans,
  stack: WantedStack,
): Promise<{ result: RunResult; text: string | undefined }> {
  const { key, kind, pool: poolKey, course: courseKey } = stack
  await withTransaction(means.pool, (tx) =>
    ensureStack(tx, { key, kind, poolKey, courseKey, now: means.now() }),
  )
  const content = await contentOf(means.pool, means.place, stack)
  // Shares of a cloud that are in the state are looked at there.
  const isInCloud = content.kind === 'volumes' && content.shares !== undefined
  const cloud = isInCloud ? await cloudOf(means, poolKey) : undefined
  if (isInCloud && !cloud)
    return { result: refuse('failed', noCredential(poolKey), true), text: undefined }
  const before = async () => ({
    secrets: content.kind === 'seats' ? await knownSecrets(means, content) : {},
  })
  let text: string | undefined
  const result = await planStack(means.runs, {
    ...{ content, before, approved: true, signal: means.signal, ...(cloud && { cloud }) },
    onText: (shown) => (text = shown),
  })
  return { result, text }
}

async function cloudOf(
  { pool, runs, now }: EarlyMeans,
  key: string,
): Promise<StackRequest['cloud']> {
  const row = await findPool(pool, key)
  const credential = row && (await findCredential(pool, runs.keyRing, row.id))
  if (!credential) return undefined
  return { access: credential.access, client: connectCloud(credential.access, now) }
}

/** A seat that was never made has no secret yet, and a plan makes none: a name stands for its id. */
async function knownSecrets(
  means: EarlyMeans,
  content: SeatsContent,
): Promise<Record<number, string>> {
  const known = await listSecrets(means.engine, means.place.installation)
  return Object.fromEntries(
    content.seats.map(({ number, generation }) => {
      const name = secretName({ ...content, number, generation })
      return [number, known.get(name) ?? `to-be-made-${name}`]
    }),
  )
}

type Tx = Parameters<typeof sendNotice>[0]

/** A session that was moved is another one. */
function keysOf(session: SessionToPlan) {
  const failed = `early-plan/${session.id}/${session.starts_at.getTime()}`
  return { failed, over: `${failed}/over` }
}

async function tell(
  tx: Tx,
  { session }: Pick<Due, 'session'>,
  lines: NoticeLine[],
  now: Date,
): Promise<void> {
  const { failed } = keysOf(session)
  await sendNotice(tx, {
    ...{ code: 'notice.early-plan-failed', to: 'both', lines, dedupeKey: failed, now },
    params: { startsAt: session.starts_at.toISOString() },
    ...{ courseId: session.course_id, sessionId: session.id, shownUntil: session.ends_at },
  })
}

async function tellOver(
  tx: Tx,
  { session }: Pick<Due, 'session'>,
  lines: NoticeLine[],
  now: Date,
): Promise<void> {
  const { failed, over } = keysOf(session)
  await sendNotice(tx, {
    ...{
      code: 'notice.early-plan-passed',
      to: 'both',
      lines,
      dedupeKey: over,
      thread: failed,
      now,
    },
    params: { startsAt: session.starts_at.toISOString() },
    ...{ courseId: session.course_id, sessionId: session.id },
    shownUntil: new Date(now.getTime() + 24 * 3_600_000),
  })
}
