/**
 * A worker played in minutes: the real reconciler, contents, decisions and records on PostgreSQL. Only Terraform
 * and the Swarm are stood in for, by what they leave in the record when all goes well; the real ones are run in
 * test/workers/*.real.test.ts and test/flow. Says what it did to every seat.
 */
import { many, sql, withTransaction } from '../../../api/data/db.ts'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import type { Boss } from '../../../api/data/jobs.ts'
import { seatReasons } from '../../../api/data/workspaces/reasons.ts'
import {
  markCold,
  markMade,
  markReady,
  markRemoved,
  markStarting,
  markStopping,
} from '../../../api/data/seats/seat-life.ts'
import { rememberTemplate } from '../../../api/data/seats/seat-template.ts'
import { type Seat, livingSeats, seatsOfCourse } from '../../../api/data/seats/seat.ts'
import { templateDigestOf, wantedAt } from '../../../stacks/rules/wanted.ts'
import type { SeatsContent } from '../../../stacks/content.ts'
import { contentOf } from '../../../workers/jobs/content.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { decide } from '../../../workers/swarm/decide.ts'
import type { TestDatabase } from '../../postgres.ts'

export type Done = {
  minute: number
  course: string
  seat: number
  what: string
  task: string | null
}

export function playWorker(database: TestDatabase, boss: Boss, at: (minute: number) => Date) {
  const { pool } = database
  const place = {
    installation: database.installation,
    registry: '127.0.0.1:5000',
    storageRoot: '/srv/labplan',
  }
  const tasks = new Map<string, string>()
  const done: Done[] = []
  let made = 0
  const budget = { memoryMb: 4096, cores: 2 }

  /** Looks once, as the worker does every two seconds, and lets what it asked for happen. */
  async function pass(minute: number): Promise<void> {
    await reconciler({ pool, boss, place, now: () => at(minute), budget }).reconcile()
    await applyStacks(minute)
    // Down, cold, up and ready are looks of their own.
    for (let look = 0; look < 4; look++)
      for (const seat of await livingSeats(pool)) await drive(seat, minute)
  }

  /** What a run of each stack that differs leaves in the record. */
  async function applyStacks(minute: number): Promise<void> {
    const head = await currentBlueprint(pool)
    if (!head) throw new Error('No blueprint is approved.')
    const now = at(minute)
    const wanted = wantedAt(head.blueprint, now.toISOString(), await seatReasons(pool))
    const differing = await many<{ key: string; course_id: string; wanted_digest: string | null }>(
      pool,
      sql`select key, course_id, wanted_digest from stack where kind = 'seats'
          and wanted_digest is distinct from applied_digest order by key`,
    )
    for (const stack of differing) {
      const goal = wanted.stacks.find((one) => one.key === stack.key)
      const content = goal && ((await contentOf(pool, place, goal)) as SeatsContent)
      await applyStack(stack, content, minute)
    }
  }

  async function applyStack(
    stack: { key: string; course_id: string; wanted_digest: string | null },
    content: SeatsContent | undefined,
    minute: number,
  ): Promise<void> {
    const now = at(minute)
    const goal = new Map(content?.seats.map((seat) => [seat.number, seat]))
    for (const seat of await seatsOfCourse(pool, stack.course_id)) {
      const wish = goal.get(seat.number)
      if (!wish && seat.state !== 'absent') {
        note(seat, minute, 'remove')
        tasks.delete(seat.id)
        await withTransaction(pool, (tx) => markRemoved(tx, { ids: [seat.id], now }))
      }
      const templateDigest = wish && templateDigestOf(wish.template)
      if (!wish || !templateDigest) continue
      const isSame =
        seat.applied_generation === wish.generation && seat.template_digest === templateDigest
      if (isSame) continue
      note(seat, minute, seat.state === 'absent' ? 'make' : 'change')
      await withTransaction(pool, async (tx) => {
        await rememberTemplate(tx, { digest: templateDigest, body: wish.template })
        const serviceId = seat.service_id ?? `service-${++made}`
        const { generation } = wish
        await markMade(tx, { seats: [{ id: seat.id, serviceId, generation, templateDigest }], now })
      })
    }
    await pool.query('update stack set applied_digest = wanted_digest where key = $1', [stack.key])
  }

  async function drive(seat: Seat, minute: number): Promise<void> {
    const now = at(minute)
    const task = tasks.get(seat.id)
    const step = decide(seat, { runningTaskId: task, alive: task !== undefined }, now)
    if (step === 'none') return
    note(seat, minute, step)
    await withTransaction(pool, async (tx) => {
      if (step === 'scale up') {
        tasks.set(seat.id, `task-${++made}`)
        await markStarting(tx, { seats: [{ id: seat.id, started: seat.wanted_start }], now })
      }
      if (step === 'bring up')
        await markReady(tx, {
          seats: [
            {
              ...{ id: seat.id, taskId: task ?? '', nodeAddress: '10.0.0.5', identityPort: 32_001 },
              ports: new Map([[8080, 32_768]]),
            },
          ],
          now,
        })
      if (step === 'scale down') {
        tasks.delete(seat.id)
        await markStopping(tx, { ids: [seat.id], now })
      }
      if (step === 'mark cold') await markCold(tx, { ids: [seat.id], now })
    })
  }

  function note(seat: Seat, minute: number, what: string): void {
    const task = tasks.get(seat.id) ?? null
    done.push({ minute, course: seat.course_id, seat: seat.number, what, task })
  }
  return { pass, done, taskOf: (seatId: string) => tasks.get(seatId) }
}
