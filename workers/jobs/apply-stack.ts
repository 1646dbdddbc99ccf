/**
 * One stack, brought to what is wanted of it now: hold what changes, wait until it is cold, make the
 * secrets, let Terraform run, record what it made. Twice or late does no harm.
 */
import type { Logger } from 'pino'
import { approvedReader } from '../../api/data/blueprint.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { isStackFrozen } from '../../api/data/freeze.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { seatReasons } from '../../api/data/reasons.ts'
import {
  countWarm,
  holdSeats,
  markMade,
  markRemoved,
  rememberTemplate,
  seatTemplate,
} from '../../api/data/seat-life.ts'
import { AlteredRecord, approvedBlueprint } from '../../api/data/seal.ts'
import { seatSecret } from '../../api/data/seat-secret.ts'
import { type Seat, credentialOf, seatsOfCourse } from '../../api/data/seat.ts'
import {
  type CourseStack,
  type StackRow,
  findStack,
  isOfCourse,
  markVolumes,
  postponeStack,
} from '../../api/data/stack-wish.ts'
import { recordVolumes } from '../../api/data/volume.ts'
import { sendNotice } from '../../api/data/notice.ts'
import { type Blueprint, seatNumbers, seatRanges, sha256 } from '../../stacks/blueprint.ts'
import type { SeatTemplate } from '../../stacks/blueprint.ts'
import type { SeatContent, SeatsContent, VolumesContent } from '../../stacks/content.ts'
import { secretName, serviceName, volumeName } from '../../stacks/parts/names.ts'
import { digestOf, seatsPerStack, wantedAt } from '../../stacks/rules/wanted.ts'
import type { Pace } from '../pace.ts'
import type { Engine } from '../swarm/engine.ts'
import { createSecret, listSecrets, removeSecret } from '../swarm/secret.ts'
import { listServices } from '../swarm/service.ts'
import {
  type RunResult,
  type RunServices,
  type StackRequest,
  applyStack,
  destroyStack,
} from '../terraform/run-stack.ts'
import { machinesGoal } from './apply-machines.ts'
import { type Place, contentOf } from './content.ts'
import { honourFreezes } from './freezes.ts'
import { noteMade } from './note-made.ts'

export type ApplyMeans = {
  pool: Pool
  ring: KeyRing
  engine: Engine
  place: Place
  log: Logger
  now: () => Date
  pace: Pace
  terraform: Terraform
}

/** Makes a stack what a request says, or nothing of it. */
export type Terraform = {
  apply(request: StackRequest): Promise<RunResult>
  destroy(request: StackRequest): Promise<RunResult>
}

export const terraformOf = (runs: RunServices): Terraform => ({
  apply: (request) => applyStack(runs, request),
  destroy: (request) => destroyStack(runs, request),
})

const COLD_LIMIT_MS = 90_000
const COLD_POLL_MS = 150

export async function applyStackNow(
  means: ApplyMeans,
  stackKey: string,
  signal: AbortSignal,
): Promise<void> {
  const stack = await findStack(means.pool, stackKey)
  if (!stack || (await isStackFrozen(means.pool, stackKey, means.now()))) return
  const goal = await approvedGoal(means, stack)
  if (!goal) return
  if ('problem' in goal) return cannotRun(means, stack, goal.problem)
  const request = { ...goal.request, approved: true, signal }
  const result = goal.isEmpty
    ? await means.terraform.destroy(request)
    : await means.terraform.apply(request)
  await settle(means, stack, result)
}

// What is read is named by its digest: parsed once, whoever asks.
const approved = approvedReader()

/** What was altered in the record is not acted on: held, said, and looked at again later. */
async function approvedGoal(means: ApplyMeans, stack: StackRow) {
  try {
    return isOfCourse(stack) ? await goalOf(means, stack) : await machinesGoal(means, stack)
  } catch (error) {
    if (!(error instanceof AlteredRecord)) throw error
    await holdStack(means, stack, `Held: ${error.message}`)
    return undefined
  }
}

type Goal = { request: StackRequest; isEmpty: boolean }

async function goalOf(means: ApplyMeans, stack: CourseStack): Promise<Goal | undefined> {
  const head = await approvedBlueprint(means.pool, means.ring, approved)
  if (!head) return undefined
  const running = await seatReasons(means.pool, [stack.course_key])
  const courses = head.blueprint.courses.filter((course) => course.key === stack.course_key)
  const { stacks } = wantedAt({ ...head.blueprint, courses }, means.now().toISOString(), running)
  const own = stacks.filter((one) => one.key === stack.key)
  const [wanted] = await honourFreezes(means.pool, own, means.now())
  const content = wanted && (await contentOf(means.pool, means.place, wanted))
  if (content?.kind === 'seats') await refuseBeyond(means, head.blueprint, stack, content)
  const blueprintDigest = head.digest
  if (stack.kind === 'volumes')
    return content && volumesGoal(means, stack, content as VolumesContent, blueprintDigest)
  return seatsGoal(means, stack, content as SeatsContent | undefined, blueprintDigest)
}

/** Volumes are only ever added: there is nothing to hold, and nothing to take away. */
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
  return { request: { content, blueprintDigest, after }, isEmpty: false }
}

/** What was applied is what the storage agent is told: never what was only wished. */
async function noteVolumes(
  means: ApplyMeans,
  stack: CourseStack,
  content: VolumesContent,
): Promise<void> {
  const numbers = [...new Set(content.volumes.map((volume) => volume.seat))]
  const seats = await seatsOfCourse(means.pool, stack.course_id)
  const idOf = new Map(seats.map((seat) => [seat.number, seat.id]))
  const volumes = content.volumes.flatMap(({ seat, generation, limit }) => {
    const seatId = idOf.get(seat)
    const name = volumeName({ ...content, number: seat, generation })
    return seatId ? [{ seatId, generation, name, limit: limit ?? null }] : []
  })
  await withTransaction(means.pool, async (tx) => {
    await markVolumes(tx, { id: stack.course_id, numbers })
    await recordVolumes(tx, { volumes, now: means.now() })
  })
}

async function seatsGoal(
  means: ApplyMeans,
  stack: CourseStack,
  wanted: SeatsContent | undefined,
  blueprintDigest: string,
): Promise<Goal> {
  const there = (await ownSeats(means, stack)).filter((seat) => seat.state !== 'absent')
  const content = wanted ?? (await contentOfExisting(means, stack, there))
  const goal = new Map(wanted?.seats.map((seat) => [seat.number, seat]))
  const touched = there.filter((seat) => isTouched(seat, goal.get(seat.number)))
  const before = async ({ stop }: { stop: AbortSignal }) => {
    await coolDown(means, stack, touched, stop)
    return { secrets: await makeSecrets(means, stack, content.seats) }
  }
  const after = async (run: { runId: string; ok: boolean }) => {
    if (run.ok) await record(means, stack, wanted?.seats ?? [], there)
    else
      await withTransaction(means.pool, (tx) =>
        holdSeats(tx, { ids: touched.map((seat) => seat.id), held: false }),
      )
    await noteMade(means, stack, content, run)
  }
  return { request: { content, blueprintDigest, before, after }, isEmpty: wanted === undefined }
}

/** The seats of this stack's block of numbers, in its pool. */
async function ownSeats(means: ApplyMeans, stack: CourseStack): Promise<Seat[]> {
  const block = Number(stack.key.split('-').at(-1))
  const seats = await seatsOfCourse(means.pool, stack.course_id)
  return seats.filter(
    (seat) =>
      Math.floor((seat.number - 1) / seatsPerStack) === block && seat.pool_id === stack.pool_id,
  )
}

async function contentOfExisting(
  means: ApplyMeans,
  stack: CourseStack,
  there: Seat[],
): Promise<SeatsContent> {
  const seats: SeatContent[] = []
  for (const seat of there) {
    if (!seat.template_digest) continue
    const template = await seatTemplate<SeatTemplate>(means.pool, seat.template_digest)
    seats.push({
      number: seat.number,
      generation: seat.applied_generation ?? seat.generation,
      template,
    })
  }
  const { storageRoot, ...place } = means.place
  const isKept = seats.some((seat) => seat.template.volume?.backend)
  return {
    ...{ kind: 'seats', key: stack.key, course8: stack.course_code, ...place, seats },
    ...(isKept && { storageRoot }),
  }
}

function isTouched(seat: Seat, goal: SeatContent | undefined): boolean {
  if (!goal) return true
  return (
    seat.applied_generation !== goal.generation || seat.template_digest !== digestOf(goal.template)
  )
}

/** Holds the seats, so that the driver brings them down and nobody brings them up, and waits until they are cold. */
async function coolDown(
  means: ApplyMeans,
  stack: CourseStack,
  touched: Seat[],
  stop: AbortSignal,
): Promise<void> {
  if (touched.length === 0) return
  const ids = touched.map((seat) => seat.id)
  await withTransaction(means.pool, (tx) => holdSeats(tx, { ids, held: true }))
  const end = means.pace.elapsedMs() + COLD_LIMIT_MS
  for (;;) {
    const warm = await countWarm(means.pool, ids)
    if (warm === 0 || stop.aborted) return
    if (means.pace.elapsedMs() > end)
      throw new Error(`${warm} seats of ${stack.key} did not stop in time; the run is tried again.`)
    await means.pace.sleep(COLD_POLL_MS)
  }
}

/** By seat number, the id of the secret of its generation; made when it is not there yet. */
async function makeSecrets(
  means: ApplyMeans,
  stack: CourseStack,
  goal: SeatContent[],
): Promise<Record<number, string>> {
  const { installation } = means.place
  const known = await listSecrets(means.engine, installation)
  const seats = new Map(
    (await seatsOfCourse(means.pool, stack.course_id)).map((seat) => [seat.number, seat]),
  )
  const ids: Record<number, string> = {}
  for (const { number, generation } of goal) {
    const seat = seats.get(number)
    if (!seat)
      throw new Error(
        `Seat ${number} of ${stack.key} has no row: the blueprint is newer than the record.`,
      )
    const name = secretName({ installation, course8: stack.course_code, number, generation })
    ids[number] = known.get(name) ?? (await makeSecret(means, stack, { ...seat, generation }, name))
  }
  return ids
}

async function makeSecret(
  means: ApplyMeans,
  stack: CourseStack,
  seat: Seat,
  name: string,
): Promise<string> {
  const labels = {
    'labplan.installation': means.place.installation,
    'labplan.stack': stack.key,
    'labplan.seat': `${stack.course_code}/${String(seat.number).padStart(3, '0')}`,
  }
  const content = seatSecret(means.ring, seat, credentialOf(means.ring, seat))
  return createSecret(means.engine, { name, content, labels })
}

/** Writes down what exists after a run that went through, and removes secrets that no seat uses any more. */
async function record(
  means: ApplyMeans,
  stack: CourseStack,
  goal: SeatContent[],
  there: Seat[],
): Promise<void> {
  const { installation } = means.place
  const services = await listServices(means.engine, installation)
  const idOf = new Map(services.map((service) => [service.Spec.Name, service.ID]))
  const seats = new Map(
    (await seatsOfCourse(means.pool, stack.course_id)).map((seat) => [seat.number, seat]),
  )
  const digests = new Map<SeatTemplate, string>()
  const made = goal.flatMap(({ number, generation, template }) => {
    const seat = seats.get(number)
    const serviceId = idOf.get(serviceName({ installation, course8: stack.course_code, number }))
    if (!seat || !serviceId) return []
    const templateDigest = digests.get(template) ?? digestOf(template)
    digests.set(template, templateDigest)
    return [{ id: seat.id, serviceId, generation, templateDigest }]
  })
  const wanted = new Set(goal.map((seat) => seat.number))
  const gone = there.filter((seat) => !wanted.has(seat.number))
  const now = means.now()
  await withTransaction(means.pool, async (tx) => {
    for (const [body, digest] of digests) await rememberTemplate(tx, { digest, body })
    await markMade(tx, { seats: made, poolId: stack.pool_id, now })
    await markRemoved(tx, { ids: gone.map((seat) => seat.id), now })
  })
  await dropSecrets(means, stack, goal)
}

async function dropSecrets(
  means: ApplyMeans,
  stack: CourseStack,
  goal: SeatContent[],
): Promise<void> {
  const { installation } = means.place
  const name = (number: number, generation: number) =>
    secretName({ installation, course8: stack.course_code, number, generation })
  const kept = new Set(goal.map((seat) => name(seat.number, seat.generation)))
  const known = await listSecrets(means.engine, installation)
  for (const seat of await ownSeats(means, stack))
    for (let generation = 1; generation <= seat.generation; generation++) {
      const id = known.get(name(seat.number, generation))
      if (id && !kept.has(name(seat.number, generation))) await removeSecret(means.engine, id)
    }
}

/** Something a person has to do first: it is said where the stack is, and looked at again later. */
async function cannotRun(means: ApplyMeans, stack: StackRow, message: string): Promise<void> {
  means.log.warn({ stack: stack.key }, message)
  const now = means.now()
  await withTransaction(means.pool, (tx) => postponeStack(tx, { key: stack.key, message, now }))
}

async function settle(means: ApplyMeans, stack: StackRow, result: RunResult): Promise<void> {
  const now = means.now()
  if (result.ok)
    return means.log.info({ stack: stack.key, run: result.runId }, 'a stack is as wanted')
  means.log.warn({ stack: stack.key, reason: result.reason, run: result.runId }, result.message)
  if (result.reason === 'busy') return
  if (result.isOutside) return holdStack(means, stack, result.message)
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

/** The numbers come from rows, too: none may go beyond what the approved plan has, or what exists. */
async function refuseBeyond(
  means: ApplyMeans,
  blueprint: Blueprint,
  stack: CourseStack,
  content: SeatsContent,
): Promise<void> {
  const course = blueprint.courses.find((one) => one.key === stack.course_key)
  const most = Math.max(course?.allowance.seats ?? 0, ...seatNumbers(course?.seats ?? ''))
  const beyond = content.seats.map((seat) => seat.number).filter((number) => number > most)
  if (beyond.length === 0) return
  const there = (await ownSeats(means, stack)).filter((seat) => seat.state !== 'absent')
  const made = new Set(there.map((seat) => seat.number))
  const strange = beyond.filter((number) => !made.has(number))
  if (strange.length > 0)
    throw new AlteredRecord(
      `Seats ${seatRanges(strange)} are wanted, and the approved plan has ${most} for this course.`,
    )
}
