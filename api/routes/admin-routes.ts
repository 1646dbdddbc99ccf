/** Addresses of administrators: platforms, pools and machines, runs, receipts, changes and people. */
import { administersRun, administrator, everyone } from '../access.ts'
import * as admin from '../handlers/admin.ts'
import * as change from '../handlers/change.ts'
import * as changePage from '../handlers/change-page.ts'
import * as erasure from '../handlers/erasure.ts'
import * as forecast from '../handlers/forecast.ts'
import * as inventory from '../handlers/inventory.ts'
import * as joinMachine from '../handlers/join-machine.ts'
import * as poolApi from '../handlers/pool.ts'
import * as platform from '../handlers/platform-page.ts'
import * as receipt from '../handlers/receipt.ts'
import * as run from '../handlers/run.ts'
import { type Route, get, post, nothing } from './route.ts'

export const adminRoutes: Route[] = [
  get('/admin', administrator, admin.overview, 'Administration'),
  get('/admin/platforms', administrator, platform.show, 'LMS platforms'),
  post(
    '/admin/platforms/:platform/activation',
    administrator,
    platform.decisionBody,
    platform.decidePlatform,
    'Activate or disable a platform',
  ),
  post(
    '/admin/deployments/:deployment/activation',
    administrator,
    platform.decisionBody,
    platform.decideOneDeployment,
    'Accept or refuse a deployment',
  ),
  post(
    '/admin/registration-links',
    administrator,
    platform.linkBody,
    platform.createLink,
    'Make a registration link',
  ),
  get('/admin/courses', administrator, admin.courses, 'Courses'),
  get('/admin/courses.csv', administrator, admin.coursesFile, 'Courses as CSV'),
  get('/admin/pools', administrator, admin.pools, 'Pools'),
  get('/admin/pools.csv', administrator, admin.poolsFile, 'Pools as CSV'),
  get('/admin/forecast', administrator, forecast.show, 'Forecast'),
  get('/admin/forecast.csv', administrator, forecast.download, 'Forecast, for a spreadsheet'),
  get('/admin/pools/:pool', administrator, poolApi.page, 'A pool'),
  post(
    '/admin/pools/:pool/closing',
    administrator,
    poolApi.closingForm,
    poolApi.closeFromPage,
    'Close a pool, empty it, or open it again',
  ),
  post(
    '/admin/pools/:pool/join-tickets',
    administrator,
    joinMachine.lineBody,
    joinMachine.issueFromPage,
    'A line by which a machine joins a pool',
  ),
  get('/machines/join', everyone, joinMachine.script, 'How a machine joins, by its ticket'),
  get('/admin/inventory', administrator, inventory.show, 'Inventory'),
  get('/admin/inventory.csv', administrator, inventory.download, 'What is off, as CSV'),
  get('/admin/receipts', administrator, receipt.list, 'Receipts'),
  get('/admin/receipts.csv', administrator, receipt.download, 'Receipts as CSV'),
  get('/admin/runs', administrator, run.list, 'Runs'),
  get('/admin/runs.csv', administrator, run.download, 'Runs as CSV'),
  get('/admin/runs/events', administrator, run.listEvents, 'Runs, live'),
  get('/admin/runs/:run', administersRun, run.show, 'A run'),
  get('/admin/runs/:run/events', administersRun, run.events, 'A run, live'),
  post('/admin/runs/:run/cancellation', administersRun, nothing, run.cancel, 'Cancel a run'),
  post('/admin/runs/:run/retry', administersRun, nothing, run.retry, 'Try its stack again'),
  get('/admin/changes', administrator, changePage.list, 'Changes'),
  get('/admin/changes.csv', administrator, changePage.download, 'Changes as CSV'),
  get('/admin/changes/:change', administrator, changePage.show, 'A change'),
  post(
    '/admin/changes/:change/approval',
    administrator,
    change.approvalBody,
    changePage.approve,
    'Approve a change',
  ),
  post(
    '/admin/changes/:change/rejection',
    administrator,
    change.rejectionBody,
    changePage.reject,
    'Reject a change',
  ),
  post(
    '/admin/changes/:change/reversal',
    administrator,
    nothing,
    changePage.revert,
    'Undo a change',
  ),

  get('/admin/people', administrator, erasure.people, 'People'),
  get('/admin/people/:person', administrator, erasure.person, 'What is kept of somebody'),
  post(
    '/admin/people/:person/erasure',
    administrator,
    erasure.askBody,
    erasure.eraseFromPage,
    'Erase what is kept of somebody',
  ),
]
