/**
 * Promise 1: a class is ready before it starts, or its teacher is told twenty minutes before, with what fails and
 * what can be done; and told again when it got ready. Level-triggered: each is told once, however often it looks.
 */
import { type Db, type Pool, withTransaction } from '../../api/data/db.ts'
import { sendNotice } from '../../api/data/notice.ts'
import {
  type GivenUp,
  type LateSession,
  previousImage,
  seatsGivenUp,
  sessionsNotReady,
  sessionsReadyAgain,
} from '../../api/data/sessions/session-watch.ts'
import { readinessOf } from '../../api/data/sessions/session-readiness.ts'
import { currentBlueprint } from '../../api/data/changes/blueprint.ts'
import type { WantedWarm } from '../../stacks/rules/wanted.ts'
import { lateLines } from './late.ts'
import type { Steps } from './pass-steps.ts'

const SHOWN_AFTER_READY_MS = 15 * 60_000

export async function watchSessions(
  pool: Pool,
  watch: { warm: WantedWarm[]; now: Date; leaseNow: Date; steps: Steps },
): Promise<void> {
  const { now, leaseNow } = watch
  const wanted = new Map(watch.warm.map((warm) => [warm.session, warm.seats]))
  const warm = watch.warm.map(({ session: key, seats: numbers }) => ({ key, numbers }))
  const [late, ready, givenUp] = await Promise.all([
    sessionsNotReady(pool, { warm, now }),
    sessionsReadyAgain(pool, now),
    seatsGivenUp(pool, now),
  ])
  // Large, and read only where somebody is to be told.
  const head = late.length > 0 ? await currentBlueprint(pool) : undefined
  // Each by itself: what cannot be said of one class is no reason to say nothing of another.
  const tell = (about: { key: string }, work: (tx: Db) => Promise<void>) =>
    watch.steps.take(
      `Nobody could be told about ${about.key}.`,
      () => withTransaction(pool, work),
      undefined,
    )
  for (const session of late) {
    const numbers = wanted.get(session.key) ?? []
    await tell(session, (tx) => tellLate(tx, { session, numbers, head, now, leaseNow }))
  }
  for (const session of ready) await tell(session, (tx) => tellReady(tx, session, now))
  for (const seats of givenUp) await tell(seats, (tx) => tellGivenUp(tx, seats, now))
}

type Late = {
  session: LateSession
  numbers: number[]
  head: Awaited<ReturnType<typeof currentBlueprint>>
  now: Date
  leaseNow: Date
}

async function tellLate(tx: Db, { session, numbers, head, now, leaseNow }: Late): Promise<void> {
  const facts = await readinessOf(tx, { ...session, numbers, now, leaseNow })
  const lines = lateLines({
    ...facts,
    previousImage: await previousImage(tx, head, session.course_key),
    cloud: head?.blueprint.pools.find(({ key }) => key === session.pool_key)?.cloud ?? null,
  })
  await sendNotice(tx, {
    ...{ code: 'notice.session-late', to: 'both', lines, now },
    params: {
      startsAt: session.starts_at.toISOString(),
      ready: facts.ready,
      wanted: numbers.length,
    },
    ...{ courseId: session.course_id, sessionId: session.id },
    ...{ dedupeKey: session.late_key, thread: session.late_key, shownUntil: session.ends_at },
  })
}

async function tellReady(
  tx: Db,
  session: LateSession & { ready_at: Date },
  now: Date,
): Promise<void> {
  await sendNotice(tx, {
    ...{ code: 'notice.session-ready', to: 'both', now },
    params: {
      startsAt: session.starts_at.toISOString(),
      readyAt: session.ready_at.toISOString(),
    },
    ...{ courseId: session.course_id, sessionId: session.id },
    ...{ dedupeKey: `${session.late_key}/over`, thread: session.late_key },
    shownUntil: new Date(now.getTime() + SHOWN_AFTER_READY_MS),
  })
}

async function tellGivenUp(tx: Db, seats: GivenUp, now: Date): Promise<void> {
  const code = seats.code === 'seat.check_failed' ? seats.code : 'seat.start_failed'
  const params = { count: seats.numbers.length, reason: seats.reason || '–' }
  // Once a session; outside of one, once a day.
  const dedupeKey = `seats-fail/${seats.session_id ?? `${seats.course_id}/${now.toISOString().slice(0, 10)}`}`
  await sendNotice(tx, {
    ...{ code: 'notice.seats-fail', to: 'both', dedupeKey, now },
    params: { numbers: seats.numbers.join(', ') },
    lines: [{ code: `late.${code}`, params }, { code: 'late.do.infra' }],
    ...{ courseId: seats.course_id, ...(seats.session_id && { sessionId: seats.session_id }) },
    shownUntil: seats.until,
  })
}
