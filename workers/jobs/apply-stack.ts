/**
 * One stack, brought to what is wanted of it now: its goal, Terraform's run, and what becomes of its end. Twice or late
 * does no harm.
 */
import { approvedReader } from '../../api/data/changes/blueprint.ts'
import { findCredential } from '../../api/data/pools/pool-credential.ts'
import { withTransaction } from '../../api/data/db.ts'
import { sendNotice } from '../../api/data/notice.ts'
import type { AtWork } from '../../api/data/seats/seat-life.ts'
import { seatReasons } from '../../api/data/workspaces/reasons.ts'
import { AlteredRecord, approvedBlueprint } from '../../api/data/changes/seal.ts'
import { numbersOfCourse } from '../../api/data/seats/seat.ts'
import {
  type CourseStack,
  type StackRow,
  findRunnable,
  isOfCourse,
  markNoVolumes,
  markVolumes,
  poolKeyOf,
  postponeStack,
} from '../../api/data/runs/stack-wish.ts'
import { purgedVolumes } from '../../api/data/volumes/purge.ts'
import { recordVolumes } from '../../api/data/volumes/volume.ts'
import { type Blueprint, sha256 } from '../../stacks/blueprint.ts'
import type { SeatsContent, VolumesContent } from '../../stacks/content.ts'
import { shareAddress, volumeAddress, volumeName } from '../../stacks/parts/names.ts'
import { wantedAt } from '../../stacks/rules/wanted.ts'
import type { RunResult } from '../terraform/run-stack.ts'
import { connectCloud } from '../cloud/client.ts'
import { machinesGoal, noCredential } from './apply-machines.ts'
import { postponeMachines } from './cloud-refusals.ts'
import type { ApplyMeans, Goal } from './apply-means.ts'
import { refuseBeyond, seatsGoal, whoWorks } from './apply-seats.ts'
import { contentOf } from './content.ts'
import { honourFreezes } from './freezes.ts'
import { noteMade } from './note-made.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

/** People launch while a run begins: so often what is wanted is read anew at once, and then some seconds later. */
const READ_AT_MOST = 3

export async function applyStackNow(
  means: ApplyMeans,
  stackKey: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await bringToWanted(means, stackKey, signal)
  } catch (error) {
    means.log.error(
      { stack: stackKey, err: error },
      'a stack could not be brought to what is wanted',
    )
    // Where PostgreSQL does not answer it is asked for again, some seconds later.
    await putOff(means, stackKey, error).catch(() => {
      throw error
    })
  }
}

async function bringToWanted(
  means: ApplyMeans,
  stackKey: string,
  signal: AbortSignal,
): Promise<void> {
  for (let reading = 1; ; reading++) {
    const stack = await findRunnable(means.pool, stackKey, means.now())
    if (!stack || stack.isFrozen) return
    const goal = await approvedGoal(means, stack, stack.areKept)
    if (!goal) return
    if ('problem' in goal) return waitForPerson(means, stack, goal.problem)
    const request = { ...goal.request, approved: true, signal }
    const result = goal.isEmpty
      ? await means.terraform.destroy(request)
      : await means.terraform.apply(request)
    const isOutdated = !result.ok && result.reason === 'outdated'
    if (!isOutdated || reading === READ_AT_MOST) return settle(means, stack, result)
    means.log.info({ stack: stack.key, run: result.runId }, result.message)
  }
}

// What is read is named by its digest: parsed once, whoever asks.
const approved = approvedReader()

/** What was altered in the record is not acted on: held, said, and looked at again later. */
async function approvedGoal(means: ApplyMeans, stack: StackRow, areKept: boolean) {
  try {
    return isOfCourse(stack)
      ? await goalOf(means, stack, areKept)
      : await machinesGoal(means, stack)
  } catch (error) {
    if (!(error instanceof AlteredRecord)) throw error
    await holdStack(means, stack, `Held: ${error.message}`)
    return undefined
  }
}

async function goalOf(
  means: ApplyMeans,
  stack: CourseStack,
  areKept: boolean,
): Promise<Goal | { problem: string } | undefined> {
  const head = await approvedBlueprint(means.pool, means.ring, approved)
  if (!head) return undefined
  const known: AtWork = stack.kind === 'seats' ? await whoWorks(means, stack) : new Map()
  const running = await seatReasons(means.pool, [stack.course_key])
  const courses = head.blueprint.courses.filter((course) => course.key === stack.course_key)
  const { stacks } = wantedAt({ ...head.blueprint, courses }, means.now().toISOString(), running)
  const own = stacks.filter((one) => one.key === stack.key)
  const [wanted] = areKept ? await honourFreezes(means.pool, own, means.now()) : own
  const content = wanted && (await contentOf(means.pool, means.place, wanted))
  if (content?.kind === 'seats') await refuseBeyond(means, head.blueprint, stack, content)
  const blueprintDigest = head.digest
  if (stack.kind === 'volumes')
    return content
      ? withCloud(
          means,
          stack,
          await volumesGoal(means, stack, content as VolumesContent, blueprintDigest),
        )
      : withCloud(means, stack, await purgedGoal(means, stack, head))
  const wish = { wanted: content as SeatsContent | undefined, known, blueprintDigest }
  return seatsGoal(means, stack, wish)
}

/** Shares are made in the pool's cloud, whose credential is opened for this run alone. */
async function withCloud(
  means: ApplyMeans,
  stack: CourseStack,
  goal: Goal | undefined,
): Promise<Goal | { problem: string } | undefined> {
  const content = goal?.request.content
  if (content?.kind !== 'volumes' || !content.shares) return goal
  const credential = await findCredential(means.pool, means.ring, stack.pool_id)
  const pool = await poolKeyOf(means.pool, stack.pool_id)
  if (!credential) return { problem: noCredential(pool) }
  const client = connectCloud(credential.access, means.now)
  return {
    ...goal!,
    request: { ...goal!.request, cloud: { access: credential.access, client } },
  }
}

/** Volumes are only ever added: there is nothing to hold, and nothing to take away but shares of what was erased. */
function volumesGoal(
  means: ApplyMeans,
  stack: CourseStack,
  content: VolumesContent,
  blueprintDigest: string,
): Goal {
  const after = async (run: { runId: string; ok: boolean }) => {
    if (run.ok) await noteVolumes(means, stack, content)
    await noteMade(means, stack, content, run)
  }
  const released = content.volumes.filter(({ erased }) => erased).map(shareAddress)
  return { request: { content, blueprintDigest, released, after }, isEmpty: false }
}

/** All of a course's files were purged by order: what Terraform has of them goes too. Nothing while one is left. */
async function purgedGoal(
  means: ApplyMeans,
  stack: CourseStack,
  { digest: blueprintDigest, blueprint }: { digest: string; blueprint: Blueprint },
): Promise<Goal | undefined> {
  const gone = await purgedVolumes(means.pool, stack.course_id)
  if (!gone) return undefined
  const { installation } = means.place
  const content: VolumesContent = {
    ...{ kind: 'volumes', key: stack.key, installation, course8: stack.course_code, volumes: [] },
    ...(await sharesLeft(means, stack, blueprint)),
  }
  const after = async (run: { runId: string; ok: boolean }) => {
    if (run.ok)
      await withTransaction(means.pool, (tx) => markNoVolumes(tx, { id: stack.course_id }))
    await noteMade(means, stack, content, run)
  }
  const released = gone.flatMap((one) => [volumeAddress(one), shareAddress(one)])
  return { request: { content, blueprintDigest, released, after }, isEmpty: true }
}

/** Where the state may still have some of, though Manila has none any more. */
async function sharesLeft(
  means: ApplyMeans,
  stack: CourseStack,
  { pools }: Blueprint,
): Promise<Pick<VolumesContent, 'shares'>> {
  const pool = await poolKeyOf(means.pool, stack.pool_id)
  const storage = pools.find(({ key }) => key === pool)?.storage
  if (storage?.backend !== 'manila') return {}
  return { shares: { region: storage.region, shareType: storage.shareType } }
}

/** What was applied is what the storage agent is told: never what was only wished. */
async function noteVolumes(
  means: ApplyMeans,
  stack: CourseStack,
  content: VolumesContent,
): Promise<void> {
  const numbers = [...new Set(content.volumes.map((volume) => volume.seat))]
  const seats = await numbersOfCourse(means.pool, stack.course_id)
  const idOf = new Map(seats.map((seat) => [seat.number, seat.id]))
  const volumes = content.volumes.flatMap(({ seat, generation, limit }) => {
    const seatId = idOf.get(seat)
    const name = volumeName({ ...content, number: seat, generation })
    return seatId ? [{ seatId, generation, name, limit: limit ?? null }] : []
  })
  await withTransaction(means.pool, async (tx) => {
    await Promise.all([
      markVolumes(tx, { id: stack.course_id, numbers }),
      recordVolumes(tx, { volumes, now: means.now() }),
    ])
  })
}

/** Something a person has to do first: it is said where the stack is, and looked at again later. */
async function waitForPerson(means: ApplyMeans, stack: StackRow, message: string): Promise<void> {
  means.log.warn({ stack: stack.key }, message)
  await postpone(means, stack.key, message)
}

/** A bug of ours, or something broken beside it: said, and tried again slower each time. At once it would take others' turns for ever. */
async function putOff(means: ApplyMeans, key: string, error: unknown): Promise<void> {
  const why = whyOf(error)
  const message = `It could not be begun, or not be ended: ${why}`.slice(0, 1000)
  await postpone(means, key, message)
}

async function postpone({ pool, now }: ApplyMeans, key: string, message: string): Promise<void> {
  await withTransaction(pool, (tx) => postponeStack(tx, { key, message, now: now() }))
}

async function settle(means: ApplyMeans, stack: StackRow, result: RunResult): Promise<void> {
  const now = means.now()
  if (result.ok)
    return means.log.info({ stack: stack.key, run: result.runId }, 'a stack is as wanted')
  means.log.warn({ stack: stack.key, reason: result.reason, run: result.runId }, result.message)
  // Somebody else's: what becomes of it is for them to say.
  if (result.reason === 'busy' || result.reason === 'lost') return
  if (result.isOutside) return holdStack(means, stack, result.message)
  if (!isOfCourse(stack)) return postponeMachines(means, stack, result.message)
  await withTransaction(means.pool, (tx) =>
    postponeStack(tx, { key: stack.key, message: result.message, now }),
  )
}

/** Put off, and the infra team hears why, once for each reason. */
async function holdStack(means: ApplyMeans, stack: StackRow, message: string): Promise<void> {
  const now = means.now()
  means.log.error({ stack: stack.key }, message)
  await withTransaction(means.pool, async (tx) => {
    await postponeStack(tx, { key: stack.key, message, now })
    await sendNotice(tx, {
      ...{ code: 'notice.run-held', to: 'infra', now },
      params: { stack: stack.key, message: message.slice(0, 500) },
      dedupeKey: `run-held/${stack.key}/${sha256(message)}`,
    })
  })
}
