/** The policy: tried before it holds; and who is in its teams. */
import { z } from 'zod'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import { withTransaction } from '../data/db.ts'
import { tryOnRecord } from '../data/changes/policy-trial.ts'
import { putInTeam, reviewers } from '../data/changes/reviewer.ts'
import { Problem, notFound } from '../errors.ts'
import { type Handler, actorOf } from '../visit.ts'

const MOST = 1000

export const trialBody = z.object({
  name: z.string().max(500),
  text: z.string().max(200_000),
  limit: z.int().min(1).max(MOST).default(MOST),
})

export const tryOne: Handler<unknown, z.infer<typeof trialBody>> = async (visit) => {
  const { name, text, limit } = visit.body
  const { documents, errors } = parseDocuments(text, name)
  const policy = documents.find((one) => one.kind === 'Policy')
  if (errors.length > 0 || policy?.kind !== 'Policy') {
    const none = { file: name, line: 1, column: 1, message: 'no policy', allowed: 'kind: Policy' }
    const wrong = errors.length > 0 ? errors : [none]
    throw new Problem(422, 'problem.documents', {
      params: { count: wrong.length },
      detail: { errors: wrong },
    })
  }
  return { json: await tryOnRecord(visit.pool, policy.value, limit) }
}

export const listReviewers: Handler = async (visit) => ({
  json: { reviewers: await reviewers(visit.pool) },
})

export const reviewerBody = z.object({
  person: z.string().max(100),
  team: z
    .string()
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
    .max(40)
    .refine((team) => team !== 'administrators' && team !== 'git'),
  isIn: z.boolean(),
})

export const placeReviewer: Handler<unknown, z.infer<typeof reviewerBody>> = async (visit) => {
  const { person: pseudonym, team, isIn } = visit.body
  const actor = actorOf(visit, 'administrator')
  const put = { pseudonym, team, isIn, actor, ring: visit.ring, now: visit.at }
  if (!(await withTransaction(visit.pool, (tx) => putInTeam(tx, put)))) throw notFound()
  return { json: { person: pseudonym, team, isIn } }
}
