/** Documents in, as JSON: what the command line imports. */
import { z } from 'zod'
import { approveChange, latestChanges, proposeChange } from '../data/change.ts'
import { defaultTimeZone } from '../data/course.ts'
import { Problem, conflict } from '../errors.ts'
import { noteText } from '../pages/notes.ts'
import { type Handler, type Visit, actorOf } from '../visit.ts'
import type { Note } from '../../stacks/terms.ts'
import type { approvalBody } from './admin.ts'

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

export const approve: Handler<unknown, z.infer<typeof approvalBody>> = async (visit) => {
  const outcome = await approveChange(visit.pool, {
    id: visit.params['change'] ?? '',
    digest: visit.body.digest,
    actor: actorOf(visit, 'administrator'),
    ring: visit.ring,
    now: visit.at,
  })
  if (outcome === 'not-proposed') throw conflict('problem.not-proposed')
  if (outcome === 'changed') throw conflict('problem.head-moved')
  return { json: { id: visit.params['change'], state: 'approved' } }
}
