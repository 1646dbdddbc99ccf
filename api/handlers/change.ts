/** Documents in, as JSON: what the command line imports. */
import { z } from 'zod'
import { type Change, approveChange, latestChanges, proposeChange } from '../data/change.ts'
import {
  type ChangeReview,
  type Reverted,
  rejectChange,
  reviewOf,
  revertChange,
} from '../data/change-review.ts'
import { defaultTimeZone } from '../data/course.ts'
import { withTransaction } from '../data/db.ts'
import { isUuid } from '../data/ids.ts'
import { Problem, conflict, notFound } from '../errors.ts'
import { wordsOf } from '../pages/change.ts'
import { noteText } from '../pages/notes.ts'
import { type Handler, type Visit, actorOf } from '../visit.ts'
import type { Note } from '../../stacks/terms.ts'

export const changeBody = z.object({
  documents: z.array(z.object({ name: z.string().max(500), text: z.string() })).min(1),
})

export const propose: Handler<unknown, z.infer<typeof changeBody>> = async (visit) => {
  const outcome = await proposeChange(visit.pool, {
    sources: visit.body.documents,
    actor: actorOf(visit, 'administrator'),
    ring: visit.ring,
    now: visit.at,
  })
  if (outcome.outcome === 'wrong')
    throw new Problem(422, 'problem.documents', {
      params: { count: outcome.errors.length },
      detail: { errors: outcome.errors },
    })
  const documents = outcome.documents.map(({ kind, key }) => ({ kind, key }))
  if (outcome.outcome === 'unchanged')
    return {
      json: { outcome: 'unchanged', documents, notes: await inWords(visit, outcome.notes) },
    }
  const { id, lane, state, blueprint_digest, notes } = outcome.change
  return {
    status: 201,
    json: {
      ...{ outcome: 'changed', id, lane, state, digest: blueprint_digest, documents },
      notes: await inWords(visit, notes),
    },
  }
}

async function inWords(visit: Visit, notes: Note[]) {
  const timeZone = await defaultTimeZone(visit.pool)
  return notes.map((note) => ({ ...note, text: noteText(note, visit.locale, timeZone) }))
}

export const list: Handler = async (visit) => {
  const changes = await latestChanges(visit.pool, 50)
  return {
    json: {
      changes: changes.map(({ id, title, lane, state, state_at, blueprint_digest }) => ({
        ...{ id, title, lane, state, stateAt: state_at, digest: blueprint_digest },
      })),
    },
  }
}

export const show: Handler = async (visit) => {
  const review = await found(visit)
  const { change } = review
  const timeZone = await defaultTimeZone(visit.pool)
  return {
    json: {
      ...{ id: change.id, title: change.title, lane: change.lane, state: change.state },
      ...{ stateAt: change.state_at, createdAt: change.created_at },
      ...{ digest: change.blueprint_digest, message: change.message },
      documents: review.documents,
      difference: wordsOf(visit, review.difference, review.titles, timeZone),
      courses: review.courses,
      notes: await inWords(visit, change.notes),
    },
  }
}

export const approvalBody = z.object({ digest: z.string().regex(/^[0-9a-f]{64}$/) })
export const rejectionBody = z.object({ reason: z.string().trim().min(1).max(1000) })

export const approve: Handler<unknown, z.infer<typeof approvalBody>> = async (visit) => {
  await approveOne(visit, visit.body.digest)
  return { json: { id: visit.params['change'], state: 'approved' } }
}

export const reject: Handler<unknown, z.infer<typeof rejectionBody>> = async (visit) => {
  await rejectOne(visit, visit.body.reason)
  return { json: { id: visit.params['change'], state: 'rejected' } }
}

export const revert: Handler = async (visit) => {
  const undone = await revertOne(visit)
  if (undone.outcome === 'unchanged') return { json: { outcome: 'unchanged' } }
  const { id, lane, state, blueprint_digest: digest } = undone.change
  return { status: 201, json: { outcome: 'changed', id, lane, state, digest } }
}

/** Approves what was read: a digest that is no longer what the documents compile to is refused. */
export async function approveOne(visit: Visit, digest: string): Promise<void> {
  const actor = actorOf(visit, 'administrator')
  const { pool, ring, at: now } = visit
  const outcome = await approveChange(pool, { id: idOf(visit), digest, actor, ring, now })
  if (outcome === 'not-proposed') throw conflict('problem.not-proposed')
  if (outcome === 'changed') throw conflict('problem.head-moved')
}

export async function rejectOne(visit: Visit, reason: string): Promise<void> {
  const no = { id: idOf(visit), reason, actor: actorOf(visit, 'administrator'), now: visit.at }
  if (!(await withTransaction(visit.pool, (tx) => rejectChange(tx, no))))
    throw conflict('problem.not-proposed')
}

export async function revertOne(
  visit: Visit,
): Promise<Extract<Reverted, { notes: Note[] } | { change: Change }>> {
  const actor = actorOf(visit, 'administrator')
  const { pool, ring, at: now } = visit
  const outcome = await revertChange(pool, { id: idOf(visit), actor, ring, now })
  if (outcome.outcome === 'not-approved') throw conflict('problem.not-approved')
  if (outcome.outcome === 'first') {
    const documents = outcome.documents.map(({ kind, key }) => `${kind} ${key}`).join(', ')
    throw new Problem(409, 'problem.nothing-to-undo', { params: { documents } })
  }
  if (outcome.outcome === 'wrong')
    throw new Problem(422, 'problem.documents', {
      params: { count: outcome.errors.length },
      detail: { errors: outcome.errors },
    })
  return outcome
}

/** The change that the address names, as its reviewer reads it. */
export async function found(visit: Visit): Promise<ChangeReview> {
  const review = await reviewOf(visit.pool, { id: idOf(visit), now: visit.at })
  if (!review) throw notFound()
  return review
}

function idOf({ params }: Visit): string {
  const id = params['change'] ?? ''
  if (!isUuid(id)) throw notFound()
  return id
}
