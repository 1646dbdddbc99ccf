// The site administrator's tools: register, activate, remove.
import { activateTool, deleteTool, registrationAddress } from './registration.ts'
import { readerOf, show } from './show.ts'
import { readForm, Refusal } from './body.ts'
import { registeringPage } from './pages/activity.ts'
import { siteAdministrator } from './session.ts'
import { toolNumbered } from './platform.ts'
import { toolsPage } from './pages/tools.ts'
import type { Handler, Route } from './router.ts'

const showTools: Handler = (platform, ctx) => {
  siteAdministrator(platform, ctx)
  return show(ctx, toolsPage(readerOf(platform, ctx), platform.state.tools))
}

const startRegistration: Handler = async (platform, ctx) => {
  const { username } = siteAdministrator(platform, ctx)
  const form = await readForm(ctx.req)
  const toolAddress = form.get('address') ?? ''
  if (!/^https?:$/u.test(URL.parse(toolAddress)?.protocol ?? ''))
    throw new Refusal(400, 'invalid_request', 'That is not a web address.')
  const updated = form.get('update')
  const fault = platform.chosenRegistrationFaults.get(username)
  const address = await registrationAddress(platform, toolAddress, {
    ...(updated && { update: toolNumbered(platform, updated) }),
    ...(fault && { fault }),
  })
  return show(ctx, registeringPage(readerOf(platform, ctx), address))
}

const changeTool =
  (change: typeof activateTool): Handler =>
  (platform, ctx, { id = '' }) => {
    siteAdministrator(platform, ctx)
    change(platform, toolNumbered(platform, id))
    ctx.redirect('/admin/tools')
  }

export const adminRoutes: readonly Route[] = [
  ['GET', '/admin/tools', showTools],
  ['POST', '/admin/tools/register', startRegistration],
  ['POST', '/admin/tools/:id/activate', changeTool(activateTool)],
  ['POST', '/admin/tools/:id/remove', changeTool(deleteTool)],
]
