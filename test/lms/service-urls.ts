// Addresses of the services, in Moodle's shape: a line item's address carries a query, so `/scores` has to be
// put before the question mark, and the roster is bound to course and tool.
import type { Course, LineItem, Tool } from './state.ts'

type Host = { url: string }

export const rosterScope =
  'https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly'

const ags = 'https://purl.imsglobal.org/spec/lti-ags/scope'
export const scopeOf = {
  lineItem: `${ags}/lineitem`,
  lineItemReadOnly: `${ags}/lineitem.readonly`,
  result: `${ags}/result.readonly`,
  score: `${ags}/score`,
} as const

export const agsScopes: readonly string[] = Object.values(scopeOf)

export function membershipsUrl(host: Host, course: Course, tool: Tool): string {
  return `${host.url}/lti/services/CourseSection/${course.id}/bindings/${tool.id}/memberships`
}

export function lineItemsUrl(host: Host, courseId: string, toolId: string): string {
  return `${host.url}/lti/services/${courseId}/lineitems?type_id=${toolId}`
}

export function lineItemUrl(host: Host, item: LineItem): string {
  return `${host.url}/lti/services/${item.courseId}/lineitems/${item.id}/lineitem?type_id=${item.toolId}`
}
