/** Addresses of who teaches: a course, its plan, settings, data and submissions; how it is made, joined and copied, and opened from an LMS. */
import {
  everyone,
  makesCourses,
  takesPart,
  teaches,
  plansCourse,
  seesPlan,
  usesCourse,
} from '../access.ts'
import * as copiedActivity from '../handlers/copied-activity.ts'
import * as connectionWindow from '../handlers/connection-window.ts'
import * as course from '../handlers/course.ts'
import * as courseData from '../handlers/course-data.ts'
import * as courseImport from '../handlers/course-import.ts'
import * as deepLink from '../handlers/deep-link.ts'
import * as newCourse from '../handlers/new-course.ts'
import * as join from '../handlers/join.ts'
import * as plan from '../handlers/plan.ts'
import * as roster from '../handlers/roster.ts'
import * as scratch from '../handlers/scratch.ts'
import * as submission from '../handlers/submission.ts'
import * as settings from '../handlers/settings.ts'
import * as sharing from '../handlers/sharing.ts'
import * as timetable from '../handlers/timetable.ts'
import { type Route, get, post, nothing } from './route.ts'

export const courseRoutes: Route[] = [
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
  get('/courses/:course/submissions', teaches, submission.downloadAll, 'Download all submissions'),
  get(
    '/courses/:course/submissions/:workspace',
    teaches,
    submission.downloadOf,
    'Download a student’s submissions',
  ),

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
]
