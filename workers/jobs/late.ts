/** Why a session is not ready, and what can be done about it, as lines of a notice. Pure. */
import type { NoticeLine } from '../../api/data/notice.ts'
import type { Readiness, StackAtWork } from '../../api/data/sessions/session-readiness.ts'
import type { BlueprintCloud } from '../../stacks/blueprint.ts'
import { readCloudTrouble } from '../../stacks/rules/cloud-trouble.ts'

const MESSAGE_LENGTH = 400

type Facts = Readiness & {
  previousImage: string | undefined
  /** Of its pool; null where its machines are nobody's to buy. */
  cloud: BlueprintCloud | null
}

export function lateLines(facts: Facts): NoticeLine[] {
  return [...reasons(facts), ...remedies(facts)]
}

/** The first thing that keeps it: what fails before what is on its way, what is made before what runs in it. */
function reasons(facts: Facts): NoticeLine[] {
  const { trouble, storageAwaySince } = facts
  // All else that does not come about is for this.
  if (storageAwaySince)
    return [{ code: 'late.storage-away', params: { sinceAt: storageAwaySince.toISOString() } }]
  const lines = [
    ...open(facts).flatMap(heldByPeople),
    ...failing(facts).flatMap((stack) => stepFails(stack, facts.cloud)),
    ...machinesFail(facts),
    ...trouble.map(({ code, reason, count }) => ({
      code: code === 'seat.check_failed' ? 'late.seat.check_failed' : 'late.seat.start_failed',
      params: { count, reason: shortened(reason) || '–' },
    })),
  ]
  return lines.length > 0 ? lines : onItsWay(facts)
}

function onItsWay(facts: Facts): NoticeLine[] {
  const { machines, starting, homeless } = facts
  const names = machines.map(({ key }) => key).join(', ')
  // What waits for a machine that is coming starts as soon as it is there.
  const begun = starting - homeless
  return [
    ...open(facts).map((stack) => (stack.is_running ? stepRuns(stack) : notBegun(stack))),
    ...(machines.length > 0
      ? [{ code: 'late.machines-coming', params: { count: machines.length, names } }]
      : []),
    ...(begun > 0 ? [{ code: 'late.starting', params: { count: begun } }] : []),
  ]
}

/** A stack of machines keeps a class only while one of them is not there. */
const open = ({ stacks, machines }: Facts): StackAtWork[] =>
  stacks.filter(({ differs, kind }) => differs && (isOfCourse(kind) || machines.length > 0))

const isOfCourse = (kind: StackAtWork['kind']): boolean => kind === 'seats' || kind === 'volumes'

const failing = (facts: Facts): StackAtWork[] =>
  open(facts).filter((stack) => stack.failures > 0 && heldByPeople(stack).length === 0)

/** Nothing is done about it, nor fails, until people say so or the time has come that they said. */
function heldByPeople(stack: StackAtWork): NoticeLine[] {
  const { frozen_for: reason, frozen_until: until, is_cancelled: isCancelled, is_running } = stack
  if (is_running) return []
  if (until !== null)
    return [
      {
        code: 'late.frozen',
        params: { what: what(stack), untilAt: until.toISOString(), reason: reason ?? '–' },
      },
    ]
  return isCancelled ? [{ code: 'late.cancelled', params: { what: what(stack) } }] : []
}

/** Machines that had to be made anew; and seats that no machine has room for, though none is coming. */
function machinesFail({ machines, away, homeless, closedFor }: Facts): NoticeLine[] {
  const anew = machines
    .filter(({ tries }) => tries > 0)
    .flatMap(({ key, tries, message }) => [
      { code: 'late.machine-anew', params: { name: key, count: tries } },
      ...(message ? [{ code: `node.trouble.${message}`, params: { tries } }] : []),
    ])
  if (homeless === 0 || machines.length > 0) return anew
  if (closedFor !== null)
    return [{ code: 'late.pool-closed', params: { count: homeless, reason: closedFor } }]
  const params = { count: homeless, names: away.join(', ') }
  return [{ code: away.length > 0 ? 'late.machines-away' : 'late.no-room', params }]
}

const what = ({ kind }: StackAtWork) => `late.what.${kind}`

/** What a cloud refuses is said as its own page says it. */
function stepFails(stack: StackAtWork, cloud: BlueprintCloud | null): NoticeLine[] {
  const refused = isOfCourse(stack.kind)
    ? undefined
    : readCloudTrouble(stack.message, cloud ?? undefined)
  const message = refused ? '' : shortened(stack.message ?? '–')
  const params = { what: what(stack), step: stack.step ?? '–', count: stack.failures }
  if (!refused) return [{ code: 'late.step-fails', params: { ...params, message } }]
  return [
    { code: 'late.step-refused', params },
    { code: `cloud.trouble.${refused.code}`, params: refused.params },
  ]
}

const stepRuns = (stack: StackAtWork): NoticeLine =>
  stack.step && stack.step_since
    ? {
        code: 'late.step-runs',
        params: { what: what(stack), step: stack.step, sinceAt: stack.step_since.toISOString() },
      }
    : notBegun(stack)

const notBegun = (stack: StackAtWork): NoticeLine => ({
  code: 'late.not-begun',
  params: { what: what(stack) },
})

const shortened = (text: string): string =>
  text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH)}…` : text

function remedies(facts: Facts): NoticeLine[] {
  const { ready, previousImage, otherPools } = facts
  const failed = failing(facts)
  // Another image helps no machine.
  const isOfSeats = facts.trouble.length > 0 || failed.some(({ kind }) => isOfCourse(kind))
  const isBroken = isOfSeats || failed.length > 0 || machinesFail(facts).length > 0
  return [
    ...(ready > 0 ? [{ code: 'late.do.start-with', params: { ready } }] : []),
    ...(isOfSeats && previousImage
      ? [{ code: 'late.do.previous-build', params: { image: previousImage } }]
      : []),
    ...(isBroken && otherPools.length > 0
      ? [{ code: 'late.do.other-pool', params: { pools: otherPools.join(', ') } }]
      : []),
    { code: 'late.do.infra' },
  ]
}
