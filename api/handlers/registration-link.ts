/** One-time links for registering an LMS, as JSON, for the command line. */
import { z } from 'zod'
import { withTransaction } from '../data/db.ts'
import {
  issueRegistrationLink,
  listRegistrationLinks,
  withdrawRegistrationLink,
} from '../data/lms/registration-link.ts'
import { notFound } from '../errors.ts'
import { paths } from '../paths.ts'
import { type Handler, actorOf } from '../visit.ts'

export const list: Handler = async (visit) => {
  const links = await listRegistrationLinks(visit.pool)
  return {
    json: {
      links: links.map((link) => ({
        ...{ id: link.id, name: link.name, platformId: link.platform_id },
        ...{ createdAt: link.created_at, expiresAt: link.expires_at, usedAt: link.used_at },
      })),
    },
  }
}

export const createBody = z.object({
  name: z.string().trim().min(1).max(80),
  zone: z.string().max(80).optional(),
})

/** The address is shown once: we keep its hash. */
export const create: Handler<unknown, z.infer<typeof createBody>> = async (visit) => {
  const { name, zone } = visit.body
  const { token, ...link } = await withTransaction(visit.pool, (tx) =>
    issueRegistrationLink(tx, {
      name,
      ...(zone && { zoneKey: zone }),
      actor: actorOf(visit, 'administrator'),
      now: visit.at,
    }),
  )
  const url = visit.config.publicUrl + paths.register(token)
  return { status: 201, json: { id: link.id, name: link.name, url, expiresAt: link.expires_at } }
}

export const withdraw: Handler = async (visit) => {
  const id = visit.params['link'] ?? ''
  const link = { id, actor: actorOf(visit, 'administrator'), now: visit.at }
  const isUuid = /^[0-9a-f-]{36}$/.test(id)
  const isGone =
    isUuid && (await withTransaction(visit.pool, (tx) => withdrawRegistrationLink(tx, link)))
  if (!isGone) throw notFound()
  return { json: { id, withdrawn: true } }
}
