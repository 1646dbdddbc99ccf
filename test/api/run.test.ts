// Runs as administrators see them: list and pages as text, live; cancel and retry, and who may.
import { afterAll, expect, it } from 'vitest'
import { one, sql, withTransaction } from '../../api/data/db.ts'
import { endCancelledDeadRuns, waitAfterCancel } from '../../api/data/runs/run-control.ts'
import { moveStack, recordApplied, releaseLease } from '../../api/data/runs/stack.ts'
import { dueStacks, postponeStack } from '../../api/data/runs/stack-wish.ts'
import { BEFORE_CLASS, IN_CLASS, importDocuments, signIn } from '../cast/record.ts'
import {
  type LiveRun,
  SEATS_STACK,
  after,
  applyingRun,
  beginRun,
  move,
  want,
} from '../cast/runs.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const now = IN_CLASS
const site = await openWebsite(now)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, BEFORE_CLASS)
const administrator = await signIn(pool, { administrator: true, now })
const locales = ['en', 'fr'] as const

async function read(path: string, locale = 'en'): Promise<string> {
  const cookie = `__Host-labplan=${administrator.token}; __Host-labplan-locale=${locale}`
  const { text } = await site.get(path, { headers: { cookie, 'accept-language': locale } })
  // The frame around it is the other pages' matter.
  return textOf(text.replace(/<a class="skip"[\s\S]*?<\/header>/, ''))
}

async function expectPages(name: string, path: string): Promise<void> {
  for (const locale of locales)
    await expect(await read(path, locale)).toMatchFileSnapshot(`expected/${name}.${locale}.txt`)
}

const began = after(now, -40)
await want(pool, began, { [SEATS_STACK]: 'two-seats' })

const applying = (digest: string) => applyingRun(pool, digest, began)

async function endAs(run: LiveRun, to: 'cancelled' | 'failed', at: Date, isUnknown = false) {
  await withTransaction(pool, async (tx) => {
    await moveStack(tx, run.lease, { state: 'failed', message: 'x', now: at })
    if (to === 'cancelled') await waitAfterCancel(tx, run.lease, { id: run.id, isUnknown, now: at })
  })
  await move(pool, run, to, at, { message: 'Cancelled during apply; the state was saved.' })
  await releaseLease(pool, run.lease)
  // What the worker does after every run that did not reach what is wanted.
  await withTransaction(pool, (tx) =>
    postponeStack(tx, { key: SEATS_STACK, message: 'x', now: at }),
  )
}

const due = async (at: Date) =>
  (await withTransaction(pool, (tx) => dueStacks(tx, at))).map((stack) => stack.key)
const post = (path: string) => site.post(path, {}, { who: administrator })

it('shows where a run is, what it made and where its time went', async () => {
  const run = await applying('two-seats')
  await expectPages('run-applying', `/admin/runs/${run.id}`)
  await expectPages('runs', '/admin/runs')
  // A stack's key stands for its newest run.
  expect(await read(`/admin/runs/${SEATS_STACK}`)).toBe(await read(`/admin/runs/${run.id}`))
})

it('narrows the list by the address', async () => {
  expect(await read('/admin/runs?state=under-way')).toContain(SEATS_STACK)
  expect(await read(`/admin/runs?stack=${SEATS_STACK}`)).toContain(`Only those of ${SEATS_STACK}.`)
  expect(await read('/admin/runs?state=trouble')).toContain('Nothing here is like that.')
  expect(await read('/admin/runs?state=nonsense')).toContain(SEATS_STACK)
  expect((await site.get('/admin/runs/none', { who: administrator })).status).toBe(404)
})

it('cancels on request, once, and says who asked in the audit log', async () => {
  const path = `/admin/runs/${SEATS_STACK}/cancellation`
  const student = await signIn(pool, { now })
  expect((await site.post(path, {}, { who: student })).status).toBe(403)
  expect((await post(path)).status).toBe(303)
  expect((await post(path)).status).toBe(303)
  const audits = await pool.query(`select actor_role from audit where action = 'run.cancel'`)
  expect(audits.rows).toEqual([{ actor_role: 'administrator' }])
  await expectPages('run-cancelling', `/admin/runs/${SEATS_STACK}`)
})

async function liveRun(): Promise<LiveRun> {
  const { id, stackId, tokenHash } = await one<{ id: string; stackId: string; tokenHash: Buffer }>(
    pool,
    sql`select run.id, stack.id as "stackId", lease_token as "tokenHash" from run join stack on stack.id = run.stack_id
        where run.ended_at is null`,
  )
  return { id, lease: { stackId, tokenHash } }
}

it('leaves a cancelled stack alone until somebody retries it', async () => {
  await endAs(await liveRun(), 'cancelled', after(now, -20))
  expect(await due(after(now, 3600))).toEqual([])
  await expectPages('run-cancelled', `/admin/runs/${SEATS_STACK}`)
  expect((await post(`/admin/runs/${SEATS_STACK}/cancellation`)).status).toBe(409)
  expect((await post(`/admin/runs/${SEATS_STACK}/retry`)).status).toBe(303)
  expect(await due(now)).toEqual([SEATS_STACK])
})

it('tries it by itself once something else is wanted, also while it was being cancelled', async () => {
  const run = await applying('two-seats')
  await post(`/admin/runs/${run.id}/cancellation`)
  await endAs(run, 'cancelled', now)
  expect(await due(after(now, 3600))).toEqual([])
  await want(pool, now, { [SEATS_STACK]: 'three-seats' })
  expect(await due(now)).toEqual([SEATS_STACK])

  const next = await applying('three-seats')
  await post(`/admin/runs/${next.id}/cancellation`)
  // The session ends while Terraform saves its state: the teardown must not wait for anybody.
  await want(pool, now, {})
  await endAs(next, 'cancelled', now)
  expect(await due(after(now, 20))).toEqual([SEATS_STACK])
})

it('lets a cancelled teardown wait for ten minutes, and no longer', async () => {
  const run = await beginRun(pool, { key: SEATS_STACK, kind: 'destroy', digest: 'none', now })
  await post(`/admin/runs/${run.id}/cancellation`)
  await endAs(run, 'cancelled', now)
  expect(await read(`/admin/runs/${run.id}`)).toContain('resumes by itself at 10:30')
  expect(await due(after(now, 9 * 60))).toEqual([])
  expect(await due(after(now, 10 * 60))).toEqual([SEATS_STACK])
})

it('lets what was killed wait no longer either: what exists must be found out', async () => {
  await want(pool, now, { [SEATS_STACK]: 'killed' })
  const run = await applying('killed')
  await post(`/admin/runs/${run.id}/cancellation`)
  await endAs(run, 'cancelled', now, true)
  expect(await due(after(now, 9 * 60))).toEqual([])
  expect(await due(after(now, 10 * 60))).toEqual([SEATS_STACK])
})

it('does not wait when the worker itself was stopped: nobody asked', async () => {
  await want(pool, now, { [SEATS_STACK]: 'two-seats' })
  await endAs(await applying('two-seats'), 'cancelled', now)
  expect(await due(after(now, 300))).toEqual([SEATS_STACK])
})

it('ends a run that was to be cancelled and whose worker died, and goes on after ten minutes', async () => {
  await want(pool, now, { [SEATS_STACK]: 'four-seats' })
  const run = await applying('four-seats')
  await post(`/admin/runs/${run.id}/cancellation`)
  const sweep = (at: Date) => withTransaction(pool, (tx) => endCancelledDeadRuns(tx, at))
  await sweep(after(began, 10))
  expect(await read(`/admin/runs/${run.id}`)).toContain('being cancelled')
  await sweep(now)
  expect(await read(`/admin/runs/${run.id}`)).toContain(
    'Its worker ended before it could cancel it',
  )
  expect(await due(after(now, 9 * 60))).toEqual([])
  expect(await due(after(now, 10 * 60))).toEqual([SEATS_STACK])
})

it('has nothing to retry where all is as wanted', async () => {
  const run = await beginRun(pool, {
    ...{ key: SEATS_STACK, kind: 'apply', digest: 'four-seats' },
    now: after(now, 3600),
  })
  await move(pool, run, 'planning', after(now, 3601))
  expect((await post(`/admin/runs/${run.id}/retry`)).status).toBe(409)
  await move(pool, run, 'planned', after(now, 3602))
  await withTransaction(pool, (tx) =>
    recordApplied(tx, run.lease, { digest: 'four-seats', now: after(now, 3602) }),
  )
  await move(pool, run, 'applied', after(now, 3602))
  await releaseLease(pool, run.lease)
  expect((await post(`/admin/runs/${run.id}/retry`)).status).toBe(409)
  await expectPages('run-applied', `/admin/runs/${run.id}`)
})
