/** The administrator's page of LMS platforms, and what its buttons do. */
import { z } from 'zod'
import { defaultTimeZone } from '../data/courses/course.ts'
import { withTransaction } from '../data/db.ts'
import {
  activatePlatform,
  decideDeployment,
  disablePlatform,
  listPlatforms,
} from '../data/lms/platform.ts'
import { issueRegistrationLink } from '../data/lms/registration-link.ts'
import { notFound } from '../errors.ts'
import { platformsPage } from '../pages/admin-platforms.ts'
import { paths } from '../paths.ts'
import { type Handler, type Reply, type Visit, actorOf } from '../visit.ts'

export const show: Handler = (visit) => page(visit)

async function page(visit: Visit, made?: { url: string; until: Date }): Promise<Reply> {
  const [platforms, timeZone] = await Promise.all([
    listPlatforms(visit.pool),
    defaultTimeZone(visit.pool),
  ])
  return { html: platformsPage(visit, { platforms, timeZone, ...(made && { made }) }) }
}

export const linkBody = z.object({ name: z.string().trim().min(1).max(80) })

/** Answers with the page itself: the secret of the link is in no address and no log. */
export const createLink: Handler<unknown, z.infer<typeof linkBody>> = async (visit) => {
  const actor = actorOf(visit, 'administrator')
  const link = await withTransaction(visit.pool, (tx) =>
    issueRegistrationLink(tx, { name: visit.body.name, actor, now: visit.at }),
  )
  const url = visit.config.publicUrl + paths.register(link.token)
  return page(visit, { url, until: link.expires_at })
}

export const decisionBody = z.object({ state: z.enum(['active', 'disabled']) })
type Decision = z.infer<typeof decisionBody>

export const decidePlatform: Handler<unknown, Decision> = async (visit) => {
  const decision = decided(visit, 'platform')
  const move = visit.body.state === 'active' ? activatePlatform : disablePlatform
  if (!(await withTransaction(visit.pool, (tx) => move(tx, decision)))) throw notFound()
  return { seeOther: paths.adminPlatforms() }
}

export const decideOneDeployment: Handler<unknown, Decision> = async (visit) => {
  const decision = { ...decided(visit, 'deployment'), state: visit.body.state }
  if (!(await withTransaction(visit.pool, (tx) => decideDeployment(tx, decision)))) throw notFound()
  return { seeOther: paths.adminPlatforms() }
}

function decided(visit: Visit, param: string) {
  const id = visit.params[param] ?? ''
  if (!/^[0-9a-f-]{36}$/.test(id)) throw notFound()
  return { id, actor: actorOf(visit, 'administrator'), now: visit.at }
}
