/** The door from outside into our pages: an invite's link. A launch's one-time code comes by the LTI module. */
import { notFound } from '../errors.ts'
import type { Handler } from '../visit.ts'
import { showInvite } from './invite.ts'

export const enter: Handler = (visit) => {
  const invite = visit.query.get('invite')
  if (invite) return showInvite(visit, invite)
  throw notFound()
}
