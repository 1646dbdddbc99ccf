/** What stands around each page of a course: its title, and the way to the others. */
import type { SeenCourse } from '../access.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { type Page, frame } from './frame.ts'
import { type Html, html } from './html.ts'

export type CoursePart = 'class' | 'plan' | 'settings' | 'data' | 'window' | 'timetable' | 'sharing'

type CoursePage = Omit<Page, 'title' | 'tabs'> & {
  course: SeenCourse
  part: CoursePart
  /** Whether its reader may look at the plan, and change it. */
  seesPlan: boolean
  mayChange: boolean
  /** Beside the title. */
  aside?: Html | undefined
}

export function courseFrame(visit: Visit, page: CoursePage): Html {
  const { course, part, aside } = page
  const title = course.title[visit.locale]
  return frame(visit, {
    ...page,
    title: part === 'class' ? title : `${say(visit.locale, `course-part.${part}`)} · ${title}`,
    isWide: true,
    tabs: tabs(visit, page),
    main: html`<div class="page-head">
        <h1>${title}</h1>
        ${aside}
      </div>
      ${page.main}`,
  })
}

/** Who may only look at the class has nowhere else to go. */
function tabs(visit: Visit, page: CoursePage): Html | undefined {
  const { part } = page
  const parts = partsFor(visit, page)
  if (parts.length < 2) return undefined
  return html`<nav class="tabs" aria-label="${say(visit.locale, 'course-part.nav')}">
    <ul>
      ${parts.map(
        ([name, path]) =>
          html`<li>
            <a href="${path}" ${name === part ? html`aria-current="page"` : ''}
              >${say(visit.locale, `course-part.${name}`)}</a
            >
          </li>`,
      )}
    </ul>
  </nav>`
}

function partsFor(visit: Visit, page: CoursePage): [CoursePart, string][] {
  const { key, role } = page.course
  const seesClass = role === 'teacher' || visit.visitor?.administrator === true
  const all: [CoursePart, string, boolean][] = [
    ['class', paths.course(key), seesClass],
    ['plan', paths.coursePlan(key), page.seesPlan],
    ['settings', paths.courseSettings(key), page.seesPlan],
    ['data', paths.courseData(key), page.seesPlan],
    ['window', paths.courseWindow(key), page.seesPlan],
    ['timetable', paths.courseTimetable(key), page.mayChange],
    ['sharing', paths.courseSharing(key), page.mayChange],
  ]
  return all.filter(([, , isOpen]) => isOpen).map(([name, path]) => [name, path])
}
