/** Why a session is not ready, and what can be done about it, as lines of a notice. Pure. */
import type { NoticeLine } from '../../api/data/notice.ts'
import type { Readiness, StackAtWork } from '../../api/data/session-watch.ts'

const MESSAGE_LENGTH = 400

export function lateLines(facts: Readiness & { previousImage: string | undefined }): NoticeLine[] {
  return [...reasons(facts), ...remedies(facts)]
}

/** The first thing that keeps it: what fails before what is on its way, what is made before what runs in it. */
function reasons({ stacks, trouble, starting, storageAwaySince }: Readiness): NoticeLine[] {
  // All else that does not come about is for this.
  if (storageAwaySince)
    return [{ code: 'late.storage-away', params: { sinceAt: storageAwaySince.toISOString() } }]
  const open = stacks.filter((stack) => stack.differs)
  const failing = open.filter((stack) => stack.failures > 0)
  const lines = [
    ...failing.map(stepFails),
    ...trouble.map(({ code, reason, count }) => ({
      code: code === 'seat.check_failed' ? 'late.seat.check_failed' : 'late.seat.start_failed',
      params: { count, reason: shortened(reason) || '–' },
    })),
  ]
  if (lines.length > 0) return lines
  return [
    ...open.map((stack) => (stack.is_running ? stepRuns(stack) : notBegun(stack))),
    ...(starting > 0 ? [{ code: 'late.starting', params: { count: starting } }] : []),
  ]
}

const what = ({ kind }: StackAtWork) => `late.what.${kind}`

const stepFails = (stack: StackAtWork): NoticeLine => ({
  code: 'late.step-fails',
  params: {
    ...{ what: what(stack), step: stack.step ?? '–', count: stack.failures },
    message: shortened(stack.message ?? '–'),
  },
})

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

function remedies(facts: Readiness & { previousImage: string | undefined }): NoticeLine[] {
  const { ready, previousImage, otherPools } = facts
  const isBroken =
    facts.trouble.length > 0 || facts.stacks.some((stack) => stack.differs && stack.failures > 0)
  return [
    ...(ready > 0 ? [{ code: 'late.do.start-with', params: { ready } }] : []),
    ...(isBroken && previousImage
      ? [{ code: 'late.do.previous-build', params: { image: previousImage } }]
      : []),
    ...(isBroken && otherPools.length > 0
      ? [{ code: 'late.do.other-pool', params: { pools: otherPools.join(', ') } }]
      : []),
    { code: 'late.do.infra' },
  ]
}
