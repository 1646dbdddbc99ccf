/** Every link of the site: a page never writes an address by hand, and a route's pattern stands beside its link. */
import { assetVersion } from './assets.ts'

import type { ListAddress } from './listing.ts'

/** Of runs, those of one stack. */
type RunsAddress = ListAddress & { stack?: string | undefined }

export const paths = {
  home: () => '/',
  health: () => '/healthz',
  enter: () => '/enter',
  invite: (token: string) => `/enter?invite=${encodeURIComponent(token)}`,
  locale: () => '/locale',
  leave: () => '/login/end',
  asset: (name: string) => `/public/${name}?v=${assetVersion(name)}`,

  workspace: (id: string) => `/workspaces/${id}`,
  workspaceEvents: (id: string, framed: boolean) =>
    `/workspaces/${id}/events${framed ? '?framed=1' : ''}`,
  workspaceAct: (id: string, act: 'start' | 'stop' | 'extend' | 'restart' | 'reset') =>
    `/workspaces/${id}/${act}`,
  files: (shelf: Shelf, path?: string, start = 0, asOf?: string) =>
    `${shelfPath(shelf)}/files${queryOf({ path, start: start > 0 ? `${start}` : undefined, asOf })}`,
  /** The folder that was handed in, where the page says so. */
  handedIn: (id: string, path: string, number: number) =>
    `/workspaces/${id}/files${queryOf({ path, handed: `${number}` })}#hand-in-title`,
  file: (shelf: Shelf, path: string, asOf?: string) =>
    `${shelfPath(shelf)}/files/content${queryOf({ path, asOf })}`,
  restoration: (id: string) => `/workspaces/${id}/files/restoration`,
  filesArchive: (shelf: Shelf, path: string, asOf?: string) =>
    `${shelfPath(shelf)}/files/archive${queryOf({ path, asOf })}`,
  submissions: (id: string) => `/workspaces/${id}/submissions`,
  submission: (id: string, number: number) => `/workspaces/${id}/submissions/${number}`,
  uploads: (shelf: Shelf) => `${shelfPath(shelf)}/uploads`,
  upload: (shelf: Shelf, upload: string) => `${shelfPath(shelf)}/uploads/${upload}`,
  door: (id: string, containerPort: number) => `/workspaces/${id}/doors/${containerPort}`,

  myData: () => '/my-data',
  myErasure: () => '/my-data/erasure',
  erasure: (token: string) => `/erasures/${token}`,
  adminPeople: (find?: string) => `/admin/people${queryOf({ find })}`,
  adminPerson: (pseudonym: string) => `/admin/people/${pseudonym}`,
  adminPersonErasure: (pseudonym: string) => `/admin/people/${pseudonym}/erasure`,

  course: (key: string) => `/courses/${key}`,
  courseScratch: (key: string) => `/courses/${key}/scratch`,
  courseScratchUndo: (key: string) => `/courses/${key}/scratch/undo`,
  courseEvents: (key: string) => `/courses/${key}/events`,
  courseRoster: (key: string) => `/courses/${key}/roster`,
  courseSubmissions: (key: string) => `/courses/${key}/submissions`,
  studentSubmissions: (key: string, workspaceId: string) =>
    `/courses/${key}/submissions/${workspaceId}`,
  courseWorkspace: (key: string) => `/courses/${key}/workspace`,

  admin: () => '/admin',
  adminPlatforms: () => '/admin/platforms',
  adminCourses: (which: ListAddress = {}) => `/admin/courses${queryOf(which)}`,
  adminCoursesCsv: (which: ListAddress = {}) => `/admin/courses.csv${queryOf(which)}`,
  adminPools: (which: ListAddress = {}) => `/admin/pools${queryOf(which)}`,
  adminPoolsCsv: (which: ListAddress = {}) => `/admin/pools.csv${queryOf(which)}`,
  adminForecast: () => '/admin/forecast',
  adminForecastCsv: () => '/admin/forecast.csv',
  adminPool: (key: string) => `/admin/pools/${key}`,
  adminPoolClosing: (key: string) => `/admin/pools/${key}/closing`,
  adminPoolJoinTickets: (key: string) => `/admin/pools/${key}/join-tickets`,
  joinMachine: () => '/machines/join',
  adminInventory: (which: ListAddress = {}) => `/admin/inventory${queryOf(which)}`,
  adminInventoryCsv: (which: ListAddress = {}) => `/admin/inventory.csv${queryOf(which)}`,
  adminReceipts: (which: ListAddress = {}) => `/admin/receipts${queryOf(which)}`,
  adminReceiptsCsv: (which: ListAddress = {}) => `/admin/receipts.csv${queryOf(which)}`,
  adminRuns: (which: RunsAddress = {}) => `/admin/runs${queryOf(which)}`,
  adminRunsCsv: (which: RunsAddress = {}) => `/admin/runs.csv${queryOf(which)}`,
  adminRunsEvents: (which: RunsAddress) => `/admin/runs/events${queryOf(which)}`,
  adminRun: (id: string) => `/admin/runs/${id}`,
  adminRunEvents: (id: string) => `/admin/runs/${id}/events`,
  adminRunAct: (id: string, act: 'cancellation' | 'retry') => `/admin/runs/${id}/${act}`,
  adminChanges: (which: ListAddress = {}) => `/admin/changes${queryOf(which)}`,
  adminChangesCsv: (which: ListAddress = {}) => `/admin/changes.csv${queryOf(which)}`,
  registrationLinks: () => '/admin/registration-links',
  platformActivation: (id: string) => `/admin/platforms/${id}/activation`,
  deploymentActivation: (id: string) => `/admin/deployments/${id}/activation`,
  deepLink: (id: string) => `/deep-links/${id}`,
  newCourse: (link: string) => `/deep-links/${link}/course`,
  newCoursePreview: (link: string) => `/deep-links/${link}/course/preview`,
  copiedActivity: (id: string) => `/copied-activities/${id}`,
  register: (token: string) => `/lti/register?token=${encodeURIComponent(token)}`,
  coursePlan: (key: string, saved?: string) =>
    `/courses/${key}/plan${saved === undefined ? '' : `?saved=${saved}`}`,
  courseSettings: (key: string, saved?: string) => `/courses/${key}/settings${queryOf({ saved })}`,
  courseData: (key: string, saved?: string) => `/courses/${key}/data${queryOf({ saved })}`,
  courseDataAct: (key: string, version: number, act: 'publication' | 'use' | 'discard') =>
    `/courses/${key}/data/${version}/${act}`,
  courseDataUploads: (key: string) => `/courses/${key}/data-uploads`,
  courseDataUpload: (key: string, upload: string) => `/courses/${key}/data-uploads/${upload}`,
  courseSettingsPreview: (key: string) => `/courses/${key}/settings/preview`,
  courseWindow: (key: string, saved?: string) => `/courses/${key}/connection${queryOf({ saved })}`,
  courseWindowPreview: (key: string) => `/courses/${key}/connection/preview`,
  courseSharing: (key: string, find?: string) => `/courses/${key}/sharing${queryOf({ find })}`,
  courseJoinLink: (key: string) => `/courses/${key}/join-link`,
  join: (token: string, path?: string) => `/join/${token}${queryOf({ path })}`,
  courseImport: () => '/course-import',
  courseExport: (key: string) => `/courses/${key}/export`,
  courseCopies: (key: string) => `/courses/${key}/copies`,
  courseTimetable: (key: string) => `/courses/${key}/timetable`,
  calendarFeed: (token: string) => `/calendars/${token}.ics`,
  coursePlanPreview: (key: string) => `/courses/${key}/plan/preview`,
  coursePlanUndo: (key: string) => `/courses/${key}/plan/undo`,
  adminChange: (id: string) => `/admin/changes/${id}`,
  changeApproval: (id: string) => `/admin/changes/${id}/approval`,
  changeRejection: (id: string) => `/admin/changes/${id}/rejection`,
  changeReversal: (id: string) => `/admin/changes/${id}/reversal`,
} as const

/** Where a student's files are: on the disk of a workspace, given by its id, or in their own folder, as shown beside that workspace. */
export type Shelf = string | { personalOf: string }

const shelfPath = (shelf: Shelf): string =>
  typeof shelf === 'string' ? `/workspaces/${shelf}` : `/workspaces/${shelf.personalOf}/personal`

function queryOf(parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  const query = new URLSearchParams(given as [string, string][]).toString()
  return query && `?${query}`
}
