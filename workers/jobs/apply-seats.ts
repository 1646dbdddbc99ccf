/**
 * The goal of a stack of seats: what changes is held and cold before Terraform touches it, its secrets are made, and
 * what was made is written down.
 */
import { withTransaction } from '../../api/data/db.ts'
import {
  type AtWork,
  countWarm,
  holdCold,
  holdFree,
  holdSeats,
  markMade,
  markRemoved,
  seatsAtWork,
} from '../../api/data/seats/seat-life.ts'
import { rememberTemplate, seatTemplate } from '../../api/data/seats/seat-template.ts'
import { AlteredRecord } from '../../api/data/changes/seal.ts'
import { numbersOfCourse, type Seat, seatsOfCourse } from '../../api/data/seats/seat.ts'
import type { CourseStack } from '../../api/data/runs/stack-wish.ts'
import {
  type Blueprint,
  type ServiceTemplate,
  seatNumbers,
  seatRanges,
} from '../../stacks/blueprint.ts'
import { needsRoot, type SeatContent, type SeatsContent } from '../../stacks/content.ts'
import { serviceAddress, serviceName } from '../../stacks/parts/names.ts'
import { seatsPerStack, templateDigestOf } from '../../stacks/rules/wanted.ts'
import { waitsToStop } from '../swarm/decide.ts'
import { listServices } from '../swarm/service.ts'
import type { Applying } from '../terraform/context.ts'
import type { ApplyMeans, Goal } from './apply-means.ts'
import { writeDownEarly } from './early-seats.ts'
import { noteMade } from './note-made.ts'
import { dropSecrets, makeSecrets } from './seat-secrets.ts'

const COLD_LIMIT_MS = 90_000
// Close together first, since most stop at once; then apart, since a program may take its grace.
const COLD_POLL_MS = { first: 150, growth: 1.3, most: 1_000 }

/** Who works on seats of this stack, read before what is wanted of it: whoever comes later, that does not know of. */
export async function whoWorks(means: ApplyMeans, stack: CourseStack): Promise<AtWork> {
  const own = await ownSeats(means, stack)
  return seatsAtWork(
    means.pool,
    own.map((seat) => seat.id),
  )
}

/** `known`: who worked there before `wanted` was read. */
export async function seatsGoal(
  means: ApplyMeans,
  stack: CourseStack,
  { wanted, known, blueprintDigest }: SeatsWish,
): Promise<Goal | { problem: string }> {
  const goal = new Map(wanted?.seats.map((seat) => [seat.number, seat]))
  const look = async () => {
    const there = (await ownSeats(means, stack)).filter((seat) => seat.state !== 'absent')
    return { there, touched: there.filter((seat) => isTouched(seat, goal.get(seat.number))) }
  }
  let { there, touched } = await look()
  const content = wanted ?? (await contentOfExisting(means, stack, there))
  const waiting = touched.filter((seat) => waitsToStop(seat, means.now()) && seat.state !== 'cold')
  if (waiting.length > 0) return { problem: waitsForStorage(waiting) }
  let held: Seat[] = []
  const before = async ({ stop }: { stop: AbortSignal }) => {
    // Anew, under the lease: the lease may have been waited for, and the second run of one finds what the first has left.
    ;({ there, touched } = await look())
    const taken = await holdTouched(means, touched, { goal, known })
    if (taken.length > 0) return { outdated: takenMeanwhile(taken) }
    held = touched
    const cold = untilCold(means, stack, touched, stop)
    // What only goes may be planned meanwhile; a plan that changes a seat writes back what it saw of it.
    const isChanged = touched.some((seat) => goal.has(seat.number))
    if (isChanged) await cold
    const secrets = await makeSecrets(means, stack, content.seats)
    const asWanted = there.filter((seat) => !touched.includes(seat)).map(addressOf)
    return { secrets, asWanted, ...(isChanged ? {} : { cold }) }
  }
  const holdAltered = async (addresses: string[]) => {
    const altered = there.filter((seat) => addresses.includes(addressOf(seat)))
    const ids = await withTransaction(means.pool, (tx) => holdCold(tx, idsOf(altered)))
    const own = altered.filter(({ id }) => ids.includes(id))
    held = [...held, ...own]
    return altered.filter((seat) => !own.includes(seat)).map(addressOf)
  }
  const after = async (run: { runId: string; ok: boolean }) => {
    if (run.ok) await record(means, stack, wanted?.seats ?? [], there)
    else await release(means, held)
    await noteMade(means, stack, content, run)
  }
  const beside = (run: Applying) => writeDownEarly(means, { stack, goal }, run)
  return {
    request: { content, blueprintDigest, before, hold: holdAltered, beside, after },
    isEmpty: wanted === undefined,
  }
}

const idsOf = (seats: Seat[]): string[] => seats.map(({ id }) => id)
const addressOf = ({ number }: Seat): string => serviceAddress(number)

type SeatsWish = {
  /** Undefined: nothing of the stack shall exist. */
  wanted: SeatsContent | undefined
  known: AtWork
  blueprintDigest: string
}

const takenMeanwhile = (seats: Seat[]): string =>
  `Somebody began to work on seats ${seatRanges(seats.map((seat) => seat.number))} before anything was done: what is wanted is read anew.`

const waitsForStorage = (seats: Seat[]): string =>
  `Seats ${seatRanges(seats.map((seat) => seat.number))} stop when the storage of their files answers again.`

/** The seats of this stack's block of numbers, in its pool. */
async function ownSeats(means: ApplyMeans, stack: CourseStack): Promise<Seat[]> {
  const seats = await seatsOfCourse(means.pool, stack.course_id)
  return seats.filter((seat) => isOwn(seat, stack))
}

function isOwn(seat: Pick<Seat, 'number' | 'pool_id'>, stack: CourseStack): boolean {
  const block = Number(stack.key.split('-').at(-1))
  return Math.floor((seat.number - 1) / seatsPerStack) === block && seat.pool_id === stack.pool_id
}

async function contentOfExisting(
  means: ApplyMeans,
  stack: CourseStack,
  there: Seat[],
): Promise<SeatsContent> {
  const seats: SeatContent[] = []
  for (const seat of there) {
    if (!seat.template_digest) continue
    const template = await seatTemplate<ServiceTemplate>(means.pool, seat.template_digest)
    seats.push({
      number: seat.number,
      generation: seat.applied_generation ?? seat.generation,
      template,
    })
  }
  const { storageRoot, ...place } = means.place
  const isKept = seats.some((seat) => needsRoot(seat.template))
  return {
    ...{ kind: 'seats', key: stack.key, course8: stack.course_code, ...place, seats },
    ...(isKept && { storageRoot }),
  }
}

function isTouched(seat: Seat, goal: SeatContent | undefined): boolean {
  if (!goal) return true
  return (
    seat.applied_generation !== goal.generation ||
    seat.template_digest !== templateDigestOf(goal.template)
  )
}

/** The driver brings held seats down, and nobody brings them up. Answers those somebody came to meanwhile: then none is held. */
async function holdTouched(
  means: ApplyMeans,
  seats: Seat[],
  { goal, known }: { goal: Map<number, SeatContent>; known: AtWork },
): Promise<Seat[]> {
  if (seats.length === 0) return []
  const touched = seats.map(({ id, number }) => ({ id, isChanged: goal.has(number) }))
  const taken = await withTransaction(means.pool, (tx) => holdFree(tx, { touched, known }))
  return seats.filter(({ id }) => taken.includes(id))
}

async function release(means: ApplyMeans, held: Seat[]): Promise<void> {
  if (held.length === 0) return
  await holdSeats(means.pool, { ids: idsOf(held), held: false })
}

async function untilCold(
  means: ApplyMeans,
  stack: CourseStack,
  touched: Seat[],
  stop: AbortSignal,
): Promise<void> {
  if (touched.length === 0) return
  const ids = idsOf(touched)
  const end = means.pace.elapsedMs() + COLD_LIMIT_MS
  for (
    let wait = COLD_POLL_MS.first;
    ;
    wait = Math.min(wait * COLD_POLL_MS.growth, COLD_POLL_MS.most)
  ) {
    const warm = await countWarm(means.pool, ids)
    if (warm === 0 || stop.aborted) return
    if (means.pace.elapsedMs() > end)
      throw new Error(`${warm} seats of ${stack.key} did not stop in time; the run is tried again.`)
    await means.pace.sleep(wait)
  }
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
  const rows = await numbersOfCourse(means.pool, stack.course_id)
  const seats = new Map(rows.map((seat) => [seat.number, seat]))
  const digests = new Map<ServiceTemplate, string>()
  const made = goal.flatMap(({ number, generation, template }) => {
    const seat = seats.get(number)
    const serviceId = idOf.get(serviceName({ installation, course8: stack.course_code, number }))
    if (!seat || !serviceId) return []
    const templateDigest = templateDigestOf(template)
    digests.set(template, templateDigest)
    return [{ id: seat.id, serviceId, generation, templateDigest }]
  })
  const wanted = new Set(goal.map((seat) => seat.number))
  const gone = there.filter((seat) => !wanted.has(seat.number))
  const now = means.now()
  await withTransaction(means.pool, async (tx) => {
    await Promise.all([
      ...[...digests].map(([body, digest]) => rememberTemplate(tx, { digest, body })),
      markMade(tx, { seats: made, poolId: stack.pool_id, now }),
    ])
    await markRemoved(tx, { ids: idsOf(gone), now })
  })
  const own = rows.filter((seat) => wanted.has(seat.number) || isOwn(seat, stack))
  await dropSecrets(means, stack, { goal, seats: own })
}

/** The numbers come from rows, too: none may go beyond what the approved plan has, or what exists. */
export async function refuseBeyond(
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
