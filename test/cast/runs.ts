/** Runs in a database, made through what a worker writes, at instants the test chooses. */
import { type Pool, withTransaction } from '../../api/data/db.ts'
import { newToken, tokenHash } from '../../api/data/ids.ts'
import {
  type RunEvent,
  type RunKind,
  addRunEvents,
  createRun,
  endStep,
  moveRun,
  startStep,
} from '../../api/data/runs/run.ts'
import { type Lease, takeLease } from '../../api/data/runs/stack.ts'
import { wantStacks } from '../../api/data/runs/stack-wish.ts'

export const SEATS_STACK = 'seats-networks-101-0'
const LEASE_MS = 15_000

export const after = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1000)

/** What the reconciler records: these digests are wanted. A seats stack that is not named is wanted empty. */
export async function want(pool: Pool, now: Date, stacks: Record<string, string>): Promise<void> {
  const wishes = Object.entries(stacks).map(([key, digest]) => ({
    key,
    kind: key.startsWith('seats-') ? ('seats' as const) : ('volumes' as const),
    poolKey: 'local',
    courseKey: 'networks-101',
    digest,
  }))
  await withTransaction(pool, (tx) => wantStacks(tx, { stacks: wishes, now }))
}

export type LiveRun = { id: string; lease: Lease }

/** A worker takes the stack and begins. */
export async function beginRun(
  pool: Pool,
  run: { key: string; kind: RunKind; digest: string; now: Date },
): Promise<LiveRun> {
  const hash = tokenHash(newToken())
  return withTransaction(pool, async (tx) => {
    const worker = 'worker-1'
    const until = new Date(run.now.getTime() + LEASE_MS)
    const wish = { key: run.key, worker, tokenHash: hash, until, now: run.now }
    const stack = await takeLease(tx, wish)
    if (!stack) throw new Error(`${run.key} is in somebody's hands.`)
    const lease = { stackId: stack.id, tokenHash: hash }
    const what = { kind: run.kind, blueprintDigest: null, contentDigest: run.digest, worker }
    return { lease, id: (await createRun(tx, lease, { ...what, now: run.now }))! }
  })
}

export async function move(
  pool: Pool,
  run: LiveRun,
  to: Parameters<typeof moveRun>[2]['to'],
  now: Date,
  more: { message?: string; summary?: unknown } = {},
): Promise<void> {
  const moved = await withTransaction(pool, (tx) =>
    moveRun(tx, run.lease, { id: run.id, to, now, ...more }),
  )
  if (!moved) throw new Error(`The run cannot become ${to}.`)
}

export async function step(
  pool: Pool,
  run: LiveRun,
  name: string,
  [from, to]: [Date, Date],
  outcome = 'done',
): Promise<void> {
  const number = await startStep(pool, { runId: run.id, name, now: from })
  await endStep(pool, { runId: run.id, number, outcome, now: to })
}

export const hear = (pool: Pool, run: LiveRun, firstNumber: number, events: RunEvent[]) =>
  addRunEvents(pool, run.id, firstNumber, events)

/** A run of the seats stack that makes two seats, one of them done: eight seconds in. */
export async function applyingRun(pool: Pool, digest: string, began: Date): Promise<LiveRun> {
  const run = await beginRun(pool, { key: SEATS_STACK, kind: 'apply', digest, now: began })
  await step(pool, run, 'survey', [began, after(began, 1)])
  await move(pool, run, 'planning', after(began, 1))
  await step(pool, run, 'plan', [after(began, 1), after(began, 4)])
  const summary = { create: 2, update: 0, replace: 0, delete: 0, import: 0, changes: [] }
  await move(pool, run, 'planned', after(began, 4), { summary })
  await move(pool, run, 'applying', after(began, 5))
  const made = (address: string) => ({ address: `docker_service.${address}`, action: 'create' })
  await hear(pool, run, 1, [
    { at: after(began, 5), kind: 'start', ...made('s001') },
    { at: after(began, 5), kind: 'start', ...made('s002') },
    { at: after(began, 7), kind: 'end', ...made('s001'), objectId: 'abc', elapsedSeconds: 2 },
    { at: after(began, 8), kind: 'note', message: 'adopts docker_service.s001' },
  ])
  return run
}
