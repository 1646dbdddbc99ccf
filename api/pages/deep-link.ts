/** Inside the LMS's "Select content": which course the activity opens, and the form that says so to the LMS. */
import type { CourseChoice } from '../data/lms/deep-link.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'

export function chooseCoursePage(visit: Visit, linkId: string, courses: CourseChoice[]): Html {
  const t = (code: string) => say(visit.locale, code)
  const main = html`<article class="sheet">
    <h1>${t('lti.choose.title')}</h1>
    ${
      courses.length === 0
        ? html`<p class="lead">${t('lti.choose.none')}</p>`
        : html`<p class="lead">${t('lti.choose.why')}</p>
            <form class="ask" method="post" action="${paths.deepLink(linkId)}">
              ${csrfField(visit)}
              <fieldset>
                <legend class="unseen">${t('lti.choose.title')}</legend>
                ${courses.map((course, index) => choice(visit, course, index === 0))}
              </fieldset>
              <label class="field"
                >${t('lti.choose.path')}
                <input
                  name="path"
                  maxlength="500"
                  pattern="/([^/\\\\].*)?"
                  placeholder="/lab/tree/week3.ipynb"
                />
              </label>
              <div class="buttons">
                <button class="button primary">${t('lti.choose.go')}</button>
              </div>
            </form>`
    }
    <p><a class="button plain" href="${paths.newCourse(linkId)}">${t('course-new.open')}</a></p>
  </article>`
  return frame(visit, { title: t('lti.choose.title'), main })
}

function choice(visit: Visit, course: CourseChoice, isFirst: boolean): Html {
  return html`<label class="choice">
    <input
      type="radio"
      name="course"
      value="${course.key}"
      required
      ${isFirst ? html`checked` : ''}
    />
    <span
      ><strong>${course.title[visit.locale] || course.key}</strong>
      <small>${course.key}</small></span
    >
  </label>`
}

/** Deep Linking 2.0 §4.4: the browser carries the signed answer to the LMS, in the frame it came in. */
export function sendChoicePage(visit: Visit, answer: { returnUrl: string; jwt: string }): Html {
  const t = (code: string) => say(visit.locale, code)
  const main = html`<article class="sheet quiet-page">
    <h1>${t('lti.choose.sending')}</h1>
    <p class="lead">${t('lti.choose.sent')}</p>
    <form method="post" action="${answer.returnUrl}" data-submit>
      <input type="hidden" name="JWT" value="${answer.jwt}" />
      <button class="button primary">${t('lti.choose.sending')}</button>
    </form>
    <script type="module" src="${paths.asset('submit.js')}"></script>
  </article>`
  return frame(visit, { title: t('lti.choose.sending'), main })
}
