// The cast: everyone who appears in tests, seeds and screenshots. Nobody here exists.

export type Language = 'en' | 'fr'

/** Somebody with an account in the LMS. `id` is the LMS's own number, the `sub` of every launch. */
export type Person = {
  id: string
  username: string
  givenName: string
  familyName: string
  email: string
  language: Language
  /** Administers the whole site; not a member of any course for that reason. */
  siteAdmin: boolean
}

export const institution = {
  name: 'Institute of Invented Technology',
  shortName: 'IIT-practice',
  domain: 'invented.example',
  timeZone: 'Europe/Paris',
} as const

const firstStudentId = 11
const firstGeneratedStudentId = 10_001
const units = [
  'Zero',
  'One',
  'Two',
  'Three',
  'Four',
  'Five',
  'Six',
  'Seven',
  'Eight',
  'Nine',
  'Ten',
  'Eleven',
  'Twelve',
  'Thirteen',
  'Fourteen',
  'Fifteen',
  'Sixteen',
  'Seventeen',
  'Eighteen',
  'Nineteen',
]
const tens = ['', '', 'Twenty', 'Thirty', 'Forty']

export const studentCount = 40

export const admin = person('2', 'admin', 'Site', 'Administrator', 'en', true)
export const teacher1 = person('3', 'teacher1', 'Teacher', 'One', 'en')
export const assistant1 = person('4', 'assistant1', 'Assistant', 'One', 'fr')
export const manager1 = person('5', 'manager1', 'Manager', 'One', 'fr')

/** student1 to student40; odd ones read English, even ones French. */
export const students: readonly Person[] = Array.from({ length: studentCount }, (_, index) => {
  const number = index + 1
  const language = number % 2 === 1 ? 'en' : 'fr'
  const id = String(firstStudentId + index)
  return person(id, `student${number}`, 'Student', numberName(number), language)
})

export const people: readonly Person[] = [admin, teacher1, assistant1, manager1, ...students]

/** `count` more students for load tests: student0001, student0002, … in English. */
export function generateStudents(count: number): Person[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(4, '0')
    return person(String(firstGeneratedStudentId + index), `student${number}`, 'Student', number)
  })
}

function person(
  id: string,
  username: string,
  givenName: string,
  familyName: string,
  language: Language = 'en',
  siteAdmin = false,
): Person {
  const email = `${username}@${institution.domain}`
  // Test files share this module: who changes somebody here would change them for all others.
  return Object.freeze({ id, username, givenName, familyName, email, language, siteAdmin })
}

function numberName(number: number): string {
  if (number < 20) return units[number] ?? String(number)
  const unit = number % 10
  const ten = tens[Math.floor(number / 10)] ?? String(number)
  return unit === 0 ? ten : `${ten}-${units[unit]?.toLowerCase()}`
}
