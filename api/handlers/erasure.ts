/** What is kept of a person; erasing it, for who asks and for who administers; and what became of it. */
import { z } from 'zod'
import { LOGIN_COOKIE } from '../cookies.ts'
import { defaultTimeZone } from '../data/courses/course.ts'
import { withTransaction } from '../data/db.ts'
import { type OrderedBy, orderErasure } from '../data/people/erasure.ts'
import {
  erasurePlan,
  findPeople,
  personByPseudonym,
  type PersonLine,
} from '../data/people/erasure-plan.ts'
import { allErasures, erasureByToken, erasureReceipts } from '../data/people/erasure-view.ts'
import { firstBroken } from '../data/volumes/purge.ts'
import type { Visitor } from '../data/people/visitor.ts'
import { badRequest, conflict, notFound } from '../errors.ts'
import { erasurePage, myDataPage } from '../pages/erasure.ts'
import { peoplePage, personPage } from '../pages/people.ts'
import { paths } from '../paths.ts'
import { actorOf, type Handler, type Visit } from '../visit.ts'

export const askBody = z.object({ understood: z.literal('yes').optional() })
type Ask = z.infer<typeof askBody>

export const mine: Handler<Visitor> = async (visit, { personId, administrator }) => {
  const [plan, timeZone] = await Promise.all([
    erasurePlan(visit.pool, { personId, now: visit.at }),
    defaultTimeZone(visit.pool),
  ])
  return { html: myDataPage(visit, { plan, timeZone, administrator }) }
}

export const eraseMe: Handler<Visitor, Ask> = async (visit, { personId }) => {
  if (visit.body.understood !== 'yes') throw badRequest('problem.not-understood')
  const { token } = await ordered(visit, personId, 'person')
  const cookies = [{ name: LOGIN_COOKIE, value: '', maxAgeSeconds: 0 }]
  return { seeOther: paths.erasure(token), cookies }
}

async function ordered(visit: Visit, personId: string, by: OrderedBy) {
  const actor = actorOf(visit, by === 'person' ? 'student' : 'administrator')
  const order = { personId, by, actor, ring: visit.ring, now: visit.at }
  const done = await withTransaction(visit.pool, (tx) => orderErasure(tx, order))
  if (!done) throw conflict('erasure.not-administrators')
  return done
}

export const show: Handler = async (visit) => {
  const view = await erasureByToken(visit.pool, visit.params['erasure'] ?? '')
  if (!view) throw notFound()
  return { html: erasurePage(visit, view, await defaultTimeZone(visit.pool)) }
}

const findOf = ({ query }: Visit): string => (query.get('find') ?? '').trim().slice(0, 100)

export const people: Handler = async (visit) => {
  const find = findOf(visit)
  const [found, erasures, timeZone] = await Promise.all([
    find === '' ? [] : findPeople(visit.pool, find),
    allErasures(visit.pool),
    defaultTimeZone(visit.pool),
  ])
  return { html: peoplePage(visit, { find, found, erasures, timeZone }) }
}

async function personOfPath(visit: Visit): Promise<PersonLine> {
  const found = await personByPseudonym(visit.pool, visit.params['person'] ?? '')
  if (!found) throw notFound()
  return found
}

export const person: Handler = async (visit) => {
  const found = await personOfPath(visit)
  const [plan, timeZone] = await Promise.all([
    erasurePlan(visit.pool, { personId: found.id, now: visit.at }),
    defaultTimeZone(visit.pool),
  ])
  return { html: personPage(visit, { person: found, plan, timeZone }) }
}

export const eraseFromPage: Handler<unknown, Ask> = async (visit) => {
  if (visit.body.understood !== 'yes') throw badRequest('problem.not-understood')
  const { id } = await personOfPath(visit)
  const { token } = await ordered(visit, id, 'administrator')
  return { seeOther: paths.erasure(token) }
}

export const find: Handler = async (visit) => ({
  json: {
    people: (await findPeople(visit.pool, findOf(visit))).map(
      ({ pseudonym, name, administrator, seen_at: seenAt, courses }) => ({
        ...{ pseudonym, name, administrator, seenAt, workspaces: courses },
      }),
    ),
  },
})

export const preview: Handler = async (visit) => {
  const { id, pseudonym, administrator } = await personOfPath(visit)
  const plan = await erasurePlan(visit.pool, { personId: id, now: visit.at })
  return { json: { person: pseudonym, administrator, ...plan } }
}

export const order: Handler = async (visit) => {
  const { id } = await personOfPath(visit)
  const done = await ordered(visit, id, 'operator')
  const url = visit.config.publicUrl + paths.erasure(done.token)
  return { json: { erasure: done.id, url } }
}

/** With the first receipt that is not what its neighbours say. */
export const list: Handler = async (visit) => {
  const [erasures, receipts] = await Promise.all([
    allErasures(visit.pool),
    erasureReceipts(visit.pool),
  ])
  return { json: { erasures, broken: firstBroken(receipts) ?? null } }
}
