// Moodle's four roles as a tool sees them. Two habits of Moodle matter: a non-editing teacher launches as
// Instructor but is a Learner in the roster, and a site administrator is in no roster.
import type { CourseRole } from '../cast/courses.ts'
import type { Person } from '../cast/people.ts'

const lis = 'http://purl.imsglobal.org/vocab/lis/v2'

const launchRoles: Record<CourseRole, string[]> = {
  student: [`${lis}/membership#Learner`],
  assistant: [`${lis}/membership#Instructor`],
  teacher: [`${lis}/membership#Instructor`],
  manager: [`${lis}/membership#Instructor`],
}

const rosterRoles: Record<CourseRole, 'Instructor' | 'Learner'> = {
  student: 'Learner',
  assistant: 'Learner',
  teacher: 'Instructor',
  manager: 'Instructor',
}

export function rolesAtLaunch(person: Person, role: CourseRole | undefined): string[] {
  if (!person.siteAdmin) return role ? launchRoles[role] : []
  return [
    `${lis}/membership#Instructor`,
    `${lis}/institution/person#Administrator`,
    `${lis}/system/person#Administrator`,
  ]
}

/** The short name that Moodle puts in Names and Roles. */
export function roleInRoster(role: CourseRole): 'Instructor' | 'Learner' {
  return rosterRoles[role]
}

/** May add activities, hence launch deep linking: Moodle asks moodle/course:manageactivities. */
export function mayEditCourse(person: Person, role: CourseRole | undefined): boolean {
  return person.siteAdmin || role === 'teacher' || role === 'manager'
}
