// Who is in a course, and their grades.
import { html } from 'hono/html'
import { courseTrail, layout } from './layout.ts'
import { scaledScore } from '../grades.ts'
import { wordsIn } from './words.ts'
import type { Course, LineItem } from '../state.ts'
import type { Html } from './layout.ts'
import type { Person } from '../../cast/people.ts'
import type { Platform } from '../platform.ts'
import type { Reader } from '../session.ts'

export function membersPage(reader: Reader, course: Course): Html {
  const words = wordsIn(reader.language)
  const groupNames = new Map(course.groups.map(({ id, name }) => [id, name]))
  const rows = course.members.map(({ username, role, groupIds }) => [
    username,
    words.role[role],
    groupIds.map((id) => groupNames.get(id) ?? id).join(', '),
  ])
  const content = table([words.person, words.roleTitle, words.group], rows)
  return layout(reader, { title: words.members, trail: courseTrail(course), content })
}

export function gradesPage(platform: Platform, reader: Reader, course: Course): Html {
  const words = wordsIn(reader.language)
  const items = platform.state.lineItems.filter(({ courseId }) => courseId === course.id)
  const students = course.members
    .filter(({ role }) => role === 'student')
    .flatMap(({ username }) => platform.people.get(username) ?? [])
  const headings = items.map(({ label, scoreMaximum }) => `${label} / ${scoreMaximum}`)
  const rows = students.map((student) => [
    student.username,
    ...items.map((item) => gradeText(platform, item, student)),
  ])
  const content =
    items.length === 0 ? html`<p>${words.noGrades}</p>` : table([words.person, ...headings], rows)
  return layout(reader, { title: words.grades, trail: courseTrail(course), content })
}

function table(headings: string[], rows: string[][]): Html {
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          ${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

/** `14.6 / 20`; while grading is not over, how far the work is; empty when there is nothing. */
export function gradeText(platform: Platform, item: LineItem, person: Person): string {
  const score = platform.state.scores.find(
    (one) => one.lineItemId === item.id && one.userId === person.id,
  )
  if (!score) return ''
  if (score.scoreGiven === undefined) return score.activityProgress
  return `${Math.round(scaledScore(item, score) * 100) / 100} / ${item.scoreMaximum}`
}
