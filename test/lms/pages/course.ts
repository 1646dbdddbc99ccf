// The list of courses, one course, its members and grades.
import { html } from 'hono/html'
import { activitiesOf, findMember, findToolOf, lineItemsOf, maySeeActivity } from '../platform.ts'
import { layout } from './layout.ts'
import { mayEditCourse } from '../roles.ts'
import { scaledScore } from '../grades.ts'
import { wordsIn } from './words.ts'
import type { Activity, Course, LineItem, Tool } from '../state.ts'
import type { Html } from './layout.ts'
import type { Person } from '../../cast/people.ts'
import type { Platform } from '../platform.ts'
import type { Viewer } from '../session.ts'

/** Who reads the page: here always somebody. */
export type Reader = Viewer & { person: Person }

export function coursesPage(platform: Platform, reader: Reader): Html {
  const words = wordsIn(reader.language)
  const courses = platform.state.courses.filter(
    (course) => reader.person.siteAdmin || findMember(course, reader.person),
  )
  const content = html`${courses.length === 0 ? html`<p>${words.noCourses}</p>` : ''}
    <ul class="courses">
      ${courses.map(
        (course) =>
          html`<li>
            <a class="card course" href="/courses/${course.id}">
              <span class="short">${course.shortName}</span>
              <strong>${course.fullName}</strong>
              <span class="text">${course.summary[reader.language]}</span>
            </a>
          </li>`,
      )}
    </ul>`
  return layout(reader, {
    title: reader.person.siteAdmin ? words.allCourses : words.myCourses,
    content,
  })
}

export function coursePage(platform: Platform, reader: Reader, course: Course): Html {
  const words = wordsIn(reader.language)
  const { person, language } = reader
  const member = findMember(course, person)
  const edits = mayEditCourse(person, member?.role)
  const activities = activitiesOf(platform, course).filter(
    (activity) => person.siteAdmin || (member && maySeeActivity(activity, member)),
  )
  const connected = platform.state.tools.some(({ state }) => state === 'active')
  const teaches = edits || member?.role === 'assistant'
  const content = html`<p class="lead">${course.summary[language]}</p>
    ${
      course.copiedFrom[0] === undefined
        ? ''
        : html`<p class="hint">${words.copiedFrom} ${course.copiedFrom.join(', ')}</p>`
    }
    ${connected ? '' : html`<p class="card problem">${words.noTool}${toolsLink(reader)}</p>`}
    <h2>${words.activities}</h2>
    ${activities.length === 0 ? html`<p>${words.noActivities}</p>` : ''}
    <ul class="activities">
      ${activities.map((activity) => activityRow(platform, reader, course, activity, edits))}
    </ul>
    ${edits ? addFromTools(platform, reader, course) : ''}
    ${teaches ? staffLinks(reader, course) : ''} ${edits ? copyForm(reader, course) : ''}`
  return layout(reader, { title: course.fullName, trail: home(reader), content })
}

function home(reader: Reader): Html {
  const words = wordsIn(reader.language)
  return html`<a href="/">${reader.person.siteAdmin ? words.allCourses : words.myCourses}</a>`
}

function toolsLink(reader: Reader): Html {
  if (!reader.person.siteAdmin) return html``
  return html` <a href="/admin/tools">${wordsIn(reader.language).goToTools}</a>`
}

function activityRow(
  platform: Platform,
  reader: Reader,
  course: Course,
  activity: Activity,
  edits: boolean,
): Html {
  const words = wordsIn(reader.language)
  const { id, opensIn } = activity
  const title = activity.title[reader.language]
  const group = course.groups.find((one) => one.id === activity.groupId)
  const usable = findToolOf(platform, activity)?.state === 'active'
  const link =
    opensIn === 'window'
      ? html`<a href="/launch/${id}" target="_blank" rel="opener">${title}</a>`
      : html`<a href="/activities/${id}">${title}</a>`
  return html`<li class="card activity">
    <span class="picture" aria-hidden="true"></span>
    <div>
      <h3>${usable ? link : title}</h3>
      <p class="text">${activity.description[reader.language]}</p>
      <p class="hint">
        ${opensIn === 'window' ? words.opensWindow : words.opensFrame}${
          group ? html` · ${words.onlyGroup} ${group.name}` : ''
        }${ownGrades(platform, reader, activity)}
      </p>
      ${edits ? editForm(reader, activity) : ''}
    </div>
  </li>`
}

function ownGrades(platform: Platform, reader: Reader, activity: Activity): Html {
  const words = wordsIn(reader.language)
  const grades = lineItemsOf(platform, activity).flatMap((item) => {
    const grade = gradeText(platform, item, reader.person)
    return grade ? [grade] : []
  })
  return grades.length === 0
    ? html``
    : html` · ${words.yours} <strong>${grades.join(', ')}</strong>`
}

function gradeText(platform: Platform, item: LineItem, person: Person): string {
  const score = platform.state.scores.find(
    (one) => one.lineItemId === item.id && one.userId === person.id,
  )
  if (!score) return ''
  if (score.scoreGiven === undefined) return score.activityProgress
  return `${Math.round(scaledScore(item, score) * 100) / 100} / ${item.scoreMaximum}`
}

function editForm(reader: Reader, { id, opensIn }: Activity): Html {
  const words = wordsIn(reader.language)
  const option = (value: 'frame' | 'window') =>
    html`<option value="${value}" ${opensIn === value ? 'selected' : ''}>${words[value]}</option>`
  return html`<details class="edit">
    <summary>${words.editing}</summary>
    <form method="post" action="/activities/${id}/opens-in" class="row">
      <label
        >${words.openIn}
        <select name="opensIn">
          ${option('window')}${option('frame')}
        </select></label
      >
      <button>${words.save}</button>
    </form>
    <form method="post" action="/activities/${id}/remove">
      <button class="link danger">${words.remove}</button>
    </form>
  </details>`
}

function addFromTools(platform: Platform, reader: Reader, course: Course): Html {
  const words = wordsIn(reader.language)
  const offers = (tool: Tool) => tool.state === 'active' && tool.deepLinking
  return html`<p class="row">
    ${platform.state.tools
      .filter(offers)
      .map(
        (tool) =>
          html`<a class="button" href="/courses/${course.id}/choose/${tool.id}"
            >${words.addActivity} ${tool.name}</a
          >`,
      )}
  </p>`
}

function staffLinks(reader: Reader, course: Course): Html {
  const words = wordsIn(reader.language)
  return html`<p class="row">
    <a href="/courses/${course.id}/members">${words.members} (${course.members.length})</a>
    <a href="/courses/${course.id}/grades">${words.grades}</a>
  </p>`
}

function copyForm(reader: Reader, course: Course): Html {
  const words = wordsIn(reader.language)
  return html`<form method="post" action="/courses/${course.id}/copy" class="card row">
    <button>${words.copy}</button>
    <label><input type="checkbox" name="withStudents" value="yes" /> ${words.copyStudents}</label>
    <span class="hint">${words.copyText}</span>
  </form>`
}

export function membersPage(_: Platform, reader: Reader, course: Course): Html {
  const words = wordsIn(reader.language)
  const groupNames = new Map(course.groups.map(({ id, name }) => [id, name]))
  const content = html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>${words.person}</th>
          <th></th>
          <th>${words.group}</th>
        </tr>
      </thead>
      <tbody>
        ${course.members.map(
          ({ username, role, groupIds }) =>
            html`<tr>
              <td>${username}</td>
              <td>${words.role[role]}</td>
              <td>${groupIds.map((id) => groupNames.get(id) ?? id).join(', ')}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
  return layout(reader, { title: words.members, trail: courseTrail(course), content })
}

export function gradesPage(platform: Platform, reader: Reader, course: Course): Html {
  const words = wordsIn(reader.language)
  const items = platform.state.lineItems.filter(({ courseId }) => courseId === course.id)
  const students = course.members
    .filter(({ role }) => role === 'student')
    .flatMap(({ username }) => platform.people.get(username) ?? [])
  const table = html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>${words.person}</th>
          ${items.map(({ label, scoreMaximum }) => html`<th>${label} / ${scoreMaximum}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${students.map(
          (student) =>
            html`<tr>
              <td>${student.username}</td>
              ${items.map((item) => html`<td>${gradeText(platform, item, student)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
  const content = items.length === 0 ? html`<p>${words.noGrades}</p>` : table
  return layout(reader, { title: words.grades, trail: courseTrail(course), content })
}

export function courseTrail(course: Course): Html {
  return html`<a href="/courses/${course.id}">${course.fullName}</a>`
}
