/** The start page: one's own activities, or, for nobody in particular, where to come in. */
import type { OwnCourse } from '../data/courses/course.ts'
import type { AskedCourse } from '../data/courses/new-course.ts'
import type { SharedCourse } from '../data/courses/course-share.ts'
import type { Session } from '../data/sessions/session.ts'
import { clock, day, moment, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { tag } from './table.ts'

export function frontPage(visit: Visit): Html {
  const { locale } = visit
  const [before = '', after = ''] = say(locale, 'front.infra', { command: '%' }).split('%')
  return frame(visit, {
    title: say(locale, 'front.title'),
    main: html`<article class="sheet quiet-page">
      <h1>${say(locale, 'front.title')}</h1>
      <p class="lead">${say(locale, 'front.come')}</p>
      <p class="hint">${before}<code>labplan admin invite</code>${after}</p>
    </article>`,
  })
}

type Home = {
  /** Whether they may make one. */
  makesCourses: boolean
  courses: OwnCourse[]
  sessions: Session[]
  shared: SharedCourse[]
  /** That they asked for, and that are not there. */
  asked: AskedCourse[]
}

export function homePage(visit: Visit, own: Home): Html {
  const t = (code: string) => say(visit.locale, code)
  return frame(visit, {
    title: t('home.title'),
    main: html`<article class="sheet">
        <h1>${t('home.title')}</h1>
        <section aria-labelledby="courses-title">
          <h2 id="courses-title">${t('home.courses')}</h2>
          ${
            own.courses.length === 0
              ? html`<p class="empty">${t('home.no-courses')}</p>`
              : html`<ul class="course-list">
                  ${own.courses.map((course) => courseLine(visit, course))}
                </ul>`
          }
        </section>
        ${own.makesCourses && html`<p><a class="button plain" href="${paths.courseImport()}">${t('import.open')}</a></p>`}
        ${own.asked.length > 0 && askedSection(visit, own.asked)}
        ${own.shared.length > 0 && sharedSection(visit, own.shared)}
        <section aria-labelledby="next-title">
          <h2 id="next-title">${t('home.next')}</h2>
          ${own.sessions.length === 0 ? html`<p class="empty">${t('home.none')}</p>` : agenda(visit, own)}
        </section>
      </article>
      <div class="page-foot">
        <a href="${paths.myData()}">${t('erasure.mine')}</a>
        <form method="post" action="${paths.leave()}">
          ${csrfField(visit)}<button class="button quiet">${t('frame.leave')}</button>
        </form>
      </div>`,
  })
}

/** What became of courses that others have to agree to. */
function askedSection(visit: Visit, asked: AskedCourse[]): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  return html`<section aria-labelledby="asked-title">
    <h2 id="asked-title">${t('home.asked')}</h2>
    <ul class="course-list">
      ${asked.map(({ title, state, at, reason, time_zone: timeZone }) => {
        const when = moment(visit.locale, timeZone, at, visit.at)
        return html`<li>
          <div>
            <strong>${title[visit.locale]}</strong>
            ${tag(state === 'proposed' ? 'busy' : 'bad', t(`home.asked.${state}.tag`))}
            <span class="hint">${t(`home.asked.${state}`, { when })}</span>
            ${reason && html`<span class="hint">${t('home.asked.reason', { reason })}</span>`}
          </div>
        </li>`
      })}
    </ul>
  </section>`
}

/** What a teacher made, or colleagues share with them. */
function sharedSection(visit: Visit, shared: SharedCourse[]): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<section aria-labelledby="shared-title">
    <h2 id="shared-title">${t('home.shared')}</h2>
    <ul class="course-list">
      ${shared.map(
        ({ key, title, capability }) =>
          html`<li>
            <div>
              <strong>${title[visit.locale]}</strong>
              <span class="hint">${t(`sharing.${capability}`)}</span>
            </div>
            ${capability !== 'use' && html`<a class="button plain" href="${paths.coursePlan(key)}">${t('home.plan')}</a>`}
          </li>`,
      )}
    </ul>
  </section>`
}

function agenda(visit: Visit, own: Home): Html {
  return html`<ol class="agenda">
    ${own.sessions.map((session) => {
      const zone = own.courses.find((course) => course.id === session.course_id)?.time_zone ?? 'UTC'
      const isOpen = session.opens_at <= visit.at && session.ends_at > visit.at
      return html`<li class="${isOpen && 'is-open'}">
        <span class="agenda-when"
          >${day(visit.locale, zone, session.starts_at)}<br />
          <span class="hours"
            >${clock(visit.locale, zone, session.starts_at)}–${clock(visit.locale, zone, session.ends_at)}</span
          ></span
        >
        <span class="agenda-what"
          >${session.course_title[visit.locale]}
          ${isOpen && html`<span class="tag good">${say(visit.locale, 'home.now')}</span>`}
          ${session.state === 'cancelled' && html`<span class="agenda-not">${say(visit.locale, 'home.cancelled')}</span>`}</span
        >
      </li>`
    })}
  </ol>`
}

function courseLine(visit: Visit, course: OwnCourse): Html {
  return html`<li>
    <div>
      <strong>${course.title[visit.locale]}</strong>
      <span class="hint">${say(visit.locale, `home.role.${course.role}`)}</span>
    </div>
    <div class="buttons">
      ${course.role === 'teacher' && html`<a class="button plain" href="${paths.course(course.key)}">${say(visit.locale, 'home.class')}</a>`}
      <form method="post" action="${paths.courseWorkspace(course.key)}">
        ${csrfField(visit)}
        <button
          class="button plain"
          aria-label="${say(visit.locale, 'home.open')} (${course.title[visit.locale]})"
        >
          ${say(visit.locale, 'home.open')}
        </button>
      </form>
    </div>
  </li>`
}
