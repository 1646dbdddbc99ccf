// The list of courses, one course, its members and grades.
import { html } from 'hono/html'
import { activitiesOf, findMember, findToolOf, lineItemsOf, maySeeActivity } from '../platform.ts'
import { gradeText } from './people.ts'
import { layout } from './layout.ts'
import { mayEditCourse } from '../roles.ts'
import { wordsIn } from './words.ts'
import type { Activity, Course, Tool } from '../state.ts'
import type { Html } from './layout.ts'
import type { Platform } from '../platform.ts'
import type { Reader } from '../session.ts'

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
      ? html`<a class="away" href="/launch/${id}" target="_blank" rel="opener">${title}</a>`
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
      ${edits ? editForm(platform, reader, activity) : ''}
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

function editForm(platform: Platform, reader: Reader, activity: Activity): Html {
  const { id, opensIn, courseId } = activity
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
    ${choosingTools(platform).map(
      (tool) =>
        html`<p>
          <a href="/courses/${courseId}/choose/${tool.id}?into=${id}"
            >${words.chooseAgain} ${tool.name}</a
          >
        </p>`,
    )}
    <form method="post" action="/activities/${id}/remove">
      <button class="link danger">${words.remove}</button>
    </form>
  </details>`
}

function addFromTools(platform: Platform, reader: Reader, course: Course): Html {
  const words = wordsIn(reader.language)
  return html`<p class="row">
    ${choosingTools(platform).map(
      (tool) =>
        html`<a class="button" href="/courses/${course.id}/choose/${tool.id}"
          >${words.addActivity} ${tool.name}</a
        >`,
    )}
  </p>`
}

function choosingTools({ state }: Platform): Tool[] {
  return state.tools.filter((tool) => tool.state === 'active' && tool.deepLinking)
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
