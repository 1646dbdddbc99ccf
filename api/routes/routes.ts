/**
 * Every address of the site. A line reads: method, pattern, who may, what is sent, who answers, what it is for.
 * Here are who comes and a student's workspace; each neighbour says whose addresses it has.
 * /lti/* is not here: ltijs answers it before Koa does (server.ts).
 */
import { everyone, ownWorkspace, signedIn } from '../access.ts'
import * as erasure from '../handlers/erasure.ts'
import * as home from '../handlers/home.ts'
import * as invite from '../handlers/invite.ts'
import * as workspace from '../handlers/workspace.ts'
import { adminRoutes } from './admin-routes.ts'
import { courseRoutes } from './course-routes.ts'
import { fileRoutes } from './file-routes.ts'
import { programRoutes } from './program-routes.ts'
import { type Route, get, post, nothing } from './route.ts'

export const routes: Route[] = [
  get('/', everyone, home.show, 'My activities'),
  get('/healthz', everyone, home.health, 'Whether Labplan answers'),
  post('/locale', everyone, home.localeBody, home.chooseLocale, 'Choose the language'),
  post('/login/end', everyone, nothing, home.leave, 'Sign out'),
  get('/enter', everyone, invite.showInvite, 'Come in by an invite'),
  post('/enter', everyone, invite.inviteBody, invite.takeInvite, 'Take an invite'),

  get('/my-data', signedIn, erasure.mine, 'What is kept of me'),
  post('/my-data/erasure', signedIn, erasure.askBody, erasure.eraseMe, 'Erase what is kept of me'),
  get('/erasures/:erasure', everyone, erasure.show, 'What became of an erasure'),

  get('/workspaces/:workspace', ownWorkspace, workspace.show, 'My workspace'),
  get('/workspaces/:workspace/events', ownWorkspace, workspace.events, 'My workspace, live'),
  post('/workspaces/:workspace/start', ownWorkspace, nothing, workspace.start, 'Start it'),
  post('/workspaces/:workspace/stop', ownWorkspace, workspace.stopBody, workspace.stop, 'Stop it'),
  post(
    '/workspaces/:workspace/extend',
    ownWorkspace,
    workspace.extendBody,
    workspace.extend,
    'Put off its automatic stop',
  ),
  post(
    '/workspaces/:workspace/restart',
    ownWorkspace,
    workspace.restartBody,
    workspace.restart,
    'Restart it',
  ),
  get('/workspaces/:workspace/reset', ownWorkspace, workspace.askReset, 'Ask before a reset'),
  post(
    '/workspaces/:workspace/reset',
    ownWorkspace,
    workspace.resetBody,
    workspace.reset,
    'Reset it',
  ),
  {
    ...post(
      '/workspaces/:workspace/doors/:port',
      ownWorkspace,
      workspace.doorBody,
      workspace.openDoor,
      'Enter by a web port',
    ),
    takesPass: true,
  },

  ...fileRoutes,
  ...courseRoutes,
  ...adminRoutes,
  ...programRoutes,
]
