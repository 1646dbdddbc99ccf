/** Addresses of programs, the command line first: all answer JSON, below `/api`. */
import { administersRun, administrator, operator, plansCourse } from '../access.ts'
import * as change from '../handlers/change.ts'
import * as courseData from '../handlers/course-data.ts'
import * as courseChoice from '../handlers/course-choice.ts'
import * as erasure from '../handlers/erasure.ts'
import * as forecast from '../handlers/forecast.ts'
import * as inventory from '../handlers/inventory.ts'
import * as invite from '../handlers/invite.ts'
import * as notice from '../handlers/notice.ts'
import * as lms from '../handlers/platform.ts'
import * as policy from '../handlers/policy.ts'
import * as joinMachine from '../handlers/join-machine.ts'
import * as poolApi from '../handlers/pool.ts'
import * as receipt from '../handlers/receipt.ts'
import * as roster from '../handlers/roster.ts'
import * as run from '../handlers/run.ts'
import * as registrationLink from '../handlers/registration-link.ts'
import * as submission from '../handlers/submission.ts'
import * as status from '../handlers/status.ts'
import * as volume from '../handlers/volume.ts'
import * as tools from '../handlers/tools.ts'
import { type Route, get, post, nothing } from './route.ts'

export const programRoutes: Route[] = [
  get('/api/courses/:course/data', plansCourse, courseData.list, 'Versions of course data'),
  post(
    '/api/courses/:course/data',
    plansCourse,
    courseData.beginBody,
    courseData.beginByProgram,
    'Begin a version of course data',
  ),
  post(
    '/api/courses/:course/data/:version',
    plansCourse,
    courseData.actBody,
    courseData.actByProgram,
    'Publish a version of course data, or go back to it',
  ),
  get('/api/people', administrator, erasure.find, 'People, by name or pseudonym'),
  get(
    '/api/people/:person/erasure',
    administrator,
    erasure.preview,
    'What an erasure would remove',
  ),
  post('/api/people/:person/erasure', operator, nothing, erasure.order, 'Erase somebody'),
  get('/api/erasures', administrator, erasure.list, 'Erasures and their receipts'),
  get('/api/status', administrator, status.status, 'What there is'),
  get('/api/estate', administrator, status.estate, 'The plan in Git'),
  get('/api/courses', administrator, status.courses, 'Courses'),
  get('/api/courses/:course/submissions', operator, submission.record, 'What of it is kept'),
  get('/api/sessions', administrator, status.sessions, 'Sessions to come'),
  get('/api/rosters', administrator, roster.list, 'How many students come'),
  post('/api/rosters/:course/reading', operator, nothing, roster.read, 'Read its LMS lists now'),
  get('/api/forecast', administrator, forecast.read, 'Demand and capacity to come'),
  get('/api/pools', administrator, poolApi.list, 'Pools and their machines'),
  get('/api/pools/:pool', administrator, poolApi.show, 'A pool and its machines'),
  post(
    '/api/pools/:pool/closing',
    operator,
    poolApi.closingBody,
    poolApi.close,
    'Close a pool, empty it, or open it again',
  ),
  post(
    '/api/pools/:pool/join-tickets',
    operator,
    joinMachine.lineBody,
    joinMachine.issue,
    'A line by which a machine joins a pool',
  ),
  post(
    '/api/pools/:pool/credential',
    operator,
    poolApi.credentialBody,
    poolApi.setCredential,
    'Say how the cloud of a pool is entered',
  ),
  get('/api/inventory', administrator, inventory.read, 'What exists, and what is off'),
  get('/api/volumes', administrator, volume.list, 'Volumes, their limits and use'),
  get('/api/volumes/purges', administrator, volume.purges, 'Receipts of purged volumes'),
  post(
    '/api/volumes/:volume/recreation',
    operator,
    volume.recreationBody,
    volume.recreate,
    'Let a missing volume be made anew',
  ),
  get('/api/receipts', administrator, receipt.read, 'Receipts of sessions'),
  get('/api/receipts/chain', administrator, receipt.chain, 'Receipts, to be verified'),
  get('/api/notices', administrator, notice.list, 'What people were told'),
  get('/api/notices/:notice', administrator, notice.show, 'Whether a notice arrived'),
  post('/api/notices/tests', operator, notice.testBody, notice.createTest, 'Try a channel'),
  get('/api/changes', administrator, change.list, 'Changes'),
  get('/api/changes/:change', administrator, change.show, 'A change'),
  post('/api/changes', operator, change.changeBody, change.propose, 'Propose documents'),
  post(
    '/api/changes/:change/approval',
    operator,
    change.approvalBody,
    change.approve,
    'Approve a change',
  ),
  post(
    '/api/changes/:change/rejection',
    operator,
    change.rejectionBody,
    change.reject,
    'Reject a change',
  ),
  get('/api/tools', administrator, tools.list, 'Tools that apply plans'),
  post('/api/tools', operator, tools.approvalBody, tools.approve, 'Let tools apply plans'),
  post('/api/policy-trials', operator, policy.trialBody, policy.tryOne, 'Try a policy'),
  get('/api/reviewers', operator, policy.listReviewers, 'Who may approve'),
  post(
    '/api/reviewers',
    operator,
    policy.reviewerBody,
    policy.placeReviewer,
    'Put somebody in a team, or out of it',
  ),
  post('/api/changes/:change/reversal', operator, nothing, change.revert, 'Undo a change'),
  get('/api/runs', administrator, run.listJson, 'Runs'),
  get('/api/runs/:run', administersRun, run.showJson, 'A run with everything it did'),
  get('/api/runs/:run/events', administersRun, run.follow, 'A run as it goes, until it ends'),
  post('/api/runs/:run/cancellation', administersRun, nothing, run.cancelJson, 'Cancel a run'),
  post('/api/runs/:run/retry', administersRun, nothing, run.retryJson, 'Try its stack again'),
  post('/api/invites', operator, nothing, invite.createInvite, 'Invite an administrator'),
  post(
    '/api/course-choices',
    operator,
    courseChoice.choiceBody,
    courseChoice.create,
    'Sign what an LMS activity opens',
  ),
  get('/api/platforms', administrator, lms.list, 'LMS platforms and deployments'),
  post(
    '/api/platforms/:platform/activation',
    administrator,
    lms.decisionBody,
    lms.decide,
    'Activate or disable a platform',
  ),
  post(
    '/api/deployments/:deployment/activation',
    administrator,
    lms.decisionBody,
    lms.decideOnDeployment,
    'Accept or refuse a deployment',
  ),
  get('/api/registration-links', administrator, registrationLink.list, 'Registration links'),
  post(
    '/api/registration-links',
    administrator,
    registrationLink.createBody,
    registrationLink.create,
    'Make a registration link',
  ),
  post(
    '/api/registration-links/:link/withdrawal',
    administrator,
    nothing,
    registrationLink.withdraw,
    'Withdraw a registration link',
  ),
]
