/** One-time links for people who come without an LMS: shown, then taken. */
import { z } from 'zod'
import { LOGIN_COOKIE } from '../cookies.ts'
import { withTransaction } from '../data/db.ts'
import { type OpenedLogin, inviteIsOpen, issueInvite, redeemInvite } from '../data/people/login.ts'
import { Problem } from '../errors.ts'
import { invitePage } from '../pages/enter.ts'
import { paths } from '../paths.ts'
import { type Handler, actorOf } from '../visit.ts'

const gone = () => new Problem(410, 'problem.invite-used')

/** A launch comes in by /lti/enter; this is for people without an LMS. */
export const showInvite: Handler = async (visit) => {
  const token = visit.query.get('invite') ?? ''
  if (!(await inviteIsOpen(visit.pool, token, visit.at))) throw gone()
  return { html: invitePage(visit, token) }
}

export const inviteBody = z.object({ invite: z.string().min(1).max(200) })

export const takeInvite: Handler<unknown, z.infer<typeof inviteBody>> = async (visit) => {
  const entry = { token: visit.body.invite, locale: visit.locale, now: visit.at }
  const opened = await withTransaction(visit.pool, (tx) => redeemInvite(tx, entry))
  if (!opened) throw gone()
  return { seeOther: paths.admin(), cookies: [loginCookie(opened, visit.at)] }
}

const loginCookie = (opened: OpenedLogin, now: Date) => ({
  name: LOGIN_COOKIE,
  value: opened.token,
  maxAgeSeconds: Math.floor((opened.expiresAt.getTime() - now.getTime()) / 1000),
})

/** For the command line: the address is shown once. */
export const createInvite: Handler = async (visit) => {
  const { token, expiresAt } = await withTransaction(visit.pool, (tx) =>
    issueInvite(tx, { actor: actorOf(visit, 'administrator'), now: visit.at }),
  )
  return {
    status: 201,
    json: { url: visit.config.publicUrl + paths.invite(token), expiresAt },
  }
}
