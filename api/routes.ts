/**
 * Every address of the site. A line reads: method, pattern, who may, what is sent, who answers, what it is for.
 * /lti/* is not here: ltijs answers it before Koa does (server.ts).
 */
import {
  administersRun,
  administrator,
  everyone,
  makesCourses,
  operator,
  ownWorkspace,
  signedIn,
  takesPart,
  teaches,
  plansCourse,
  seesPlan,
  usesCourse,
} from './access.ts'
import * as admin from './handlers/admin.ts'
import * as change from './handlers/change.ts'
import * as changePage from './handlers/change-page.ts'
import * as copiedActivity from './handlers/copied-activity.ts'
import * as connectionWindow from './handlers/connection-window.ts'
import * as course from './handlers/course.ts'
import * as courseData from './handlers/course-data.ts'
import * as courseImport from './handlers/course-import.ts'
import * as courseChoice from './handlers/course-choice.ts'
import * as deepLink from './handlers/deep-link.ts'
import * as erasure from './handlers/erasure.ts'
import * as forecast from './handlers/forecast.ts'
import * as home from './handlers/home.ts'
import * as inventory from './handlers/inventory.ts'
import * as invite from './handlers/invite.ts'
import * as newCourse from './handlers/new-course.ts'
import * as notice from './handlers/notice.ts'
import * as join from './handlers/join.ts'
import * as lms from './handlers/platform.ts'
import * as policy from './handlers/policy.ts'
import * as plan from './handlers/plan.ts'
import * as joinMachine from './handlers/join-machine.ts'
import * as poolApi from './handlers/pool.ts'
import * as platform from './handlers/platform-page.ts'
import * as receipt from './handlers/receipt.ts'
import * as roster from './handlers/roster.ts'
import * as run from './handlers/run.ts'
import * as registrationLink from './handlers/registration-link.ts'
import * as scratch from './handlers/scratch.ts'
import * as submission from './handlers/submission.ts'
import * as settings from './handlers/settings.ts'
import * as sharing from './handlers/sharing.ts'
import * as status from './handlers/status.ts'
import * as volume from './handlers/volume.ts'
import * as timetable from './handlers/timetable.ts'
import * as tools from './handlers/tools.ts'
import * as workspace from './handlers/workspace.ts'
import { z } from 'zod'
import { fileRoutes } from './file-routes.ts'
import { type Route, get, post } from './route.ts'

const nothing = z.object({})

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
  ...fileRoutes,
  get('/courses/:course/data', seesPlan, courseData.show, 'Course data'),
  post(
    '/courses/:course/data',
    plansCourse,
    courseData.beginBody,
    courseData.begin,
    'Begin a version of its data',
  ),
  post(
    '/courses/:course/data/:version/publication',
    plansCourse,
    nothing,
    courseData.publish,
    'Publish a version of its data',
  ),
  post(
    '/courses/:course/data/:version/use',
    plansCourse,
    nothing,
    courseData.use,
    'Go back to a version of its data',
  ),
  post(
    '/courses/:course/data/:version/discard',
    plansCourse,
    nothing,
    courseData.discard,
    'Discard a version that is not published',
  ),
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
  get('/courses/:course/submissions', teaches, submission.downloadAll, 'Download all submissions'),
  get(
    '/courses/:course/submissions/:workspace',
    teaches,
    submission.downloadOf,
    'Download a student’s submissions',
  ),
  post('/workspaces/:workspace/start', ownWorkspace, nothing, workspace.start, 'Start it'),
  post('/workspaces/:workspace/stop', ownWorkspace, nothing, workspace.stop, 'Stop it'),
  post(
    '/workspaces/:workspace/extend',
    ownWorkspace,
    workspace.extendBody,
    workspace.extend,
    'Put off its automatic stop',
  ),
  post('/workspaces/:workspace/restart', ownWorkspace, nothing, workspace.restart, 'Restart it'),
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

  get('/courses/:course', teaches, course.show, 'A teacher’s course'),
  get('/courses/:course/events', teaches, course.events, 'A teacher’s course, live'),
  get('/courses/:course/scratch', teaches, scratch.ask, 'Ask before scratch homes'),
  post('/courses/:course/scratch', teaches, nothing, scratch.choose, 'Start on scratch homes'),
  post('/courses/:course/scratch/undo', teaches, nothing, scratch.undo, 'Wait for the storage'),
  get('/courses/:course/plan', seesPlan, plan.show, 'The plan of a course'),
  post('/courses/:course/plan', plansCourse, plan.planBody, plan.save, 'Change the plan'),
  post(
    '/courses/:course/plan/preview',
    seesPlan,
    plan.planBody,
    plan.preview,
    'What a plan would mean',
  ),
  get('/courses/:course/settings', seesPlan, settings.show, 'The settings of a course'),
  post(
    '/courses/:course/settings',
    plansCourse,
    settings.settingsBody,
    settings.save,
    'Change the settings',
  ),
  post(
    '/courses/:course/settings/preview',
    seesPlan,
    settings.settingsBody,
    settings.preview,
    'What settings would mean',
  ),
  get('/courses/:course/connection', seesPlan, connectionWindow.show, 'The connection window'),
  post(
    '/courses/:course/connection',
    plansCourse,
    connectionWindow.windowBody,
    connectionWindow.save,
    'Change the connection window',
  ),
  post(
    '/courses/:course/connection/preview',
    seesPlan,
    connectionWindow.windowBody,
    connectionWindow.preview,
    'How students would see it',
  ),
  get('/courses/:course/sharing', plansCourse, sharing.show, 'With whom a course is shared'),
  post('/courses/:course/sharing', plansCourse, sharing.shareBody, sharing.share, 'Share it'),
  post(
    '/courses/:course/join-link',
    plansCourse,
    join.linkBody,
    join.setLink,
    'Open or close the link by which a course is joined',
  ),
  get('/course-import', makesCourses, courseImport.show, 'A course from a file'),
  post(
    '/course-import',
    makesCourses,
    courseImport.importBody,
    courseImport.take,
    'What a file would make, and making it',
  ),
  get('/join/:token', everyone, join.show, 'Join a course by its link'),
  post('/join/:token', everyone, join.joinBody, join.join, 'Join it'),
  get('/courses/:course/export', usesCourse, sharing.exportFile, 'A course as one file'),
  post('/courses/:course/copies', usesCourse, sharing.copyBody, sharing.copy, 'Duplicate a course'),
  get('/courses/:course/timetable', plansCourse, timetable.show, 'Take over a timetable'),
  post(
    '/courses/:course/timetable',
    plansCourse,
    timetable.timetableBody,
    timetable.take,
    'What a timetable changes, and taking it over',
  ),
  get('/calendars/:token', everyone, timetable.feed, 'When a course meets, for calendar programs'),
  post('/courses/:course/plan/undo', plansCourse, plan.undoBody, plan.undo, 'Undo the plan'),
  post('/courses/:course/roster', teaches, nothing, roster.readNow, 'Read its LMS lists now'),
  post('/courses/:course/workspace', takesPart, nothing, course.openWorkspace, 'My workspace here'),

  get('/deep-links/:link', everyone, deepLink.show, 'Choose the course of an LMS activity'),
  post('/deep-links/:link', everyone, deepLink.choiceBody, deepLink.choose, 'Use this course'),
  get('/deep-links/:link/course', everyone, newCourse.show, 'Make a course for an LMS activity'),
  post('/deep-links/:link/course', everyone, newCourse.draftBody, newCourse.create, 'Make it'),
  post(
    '/deep-links/:link/course/preview',
    everyone,
    newCourse.draftBody,
    newCourse.preview,
    'What a new course would mean',
  ),
  get('/copied-activities/:activity', everyone, copiedActivity.show, 'A copied LMS activity'),
  post(
    '/copied-activities/:activity',
    everyone,
    copiedActivity.decisionBody,
    copiedActivity.decide,
    'Say what a copied activity opens',
  ),

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
