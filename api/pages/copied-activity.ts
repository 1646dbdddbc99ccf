/** An activity that was copied with its LMS course: its teacher is asked what it opens. */
import type { CopiedActivity } from '../data/lms-activity.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'

export function copiedActivityPage(
  visit: Visit,
  activity: CopiedActivity,
  mayDecide: boolean,
): Html {
  const t = (code: string) => say(visit.locale, code)
  const what = say(visit.locale, 'lti.copied.what', {
    course: activity.course_title[visit.locale] || activity.course_key,
    origin: activity.origin ?? t('lti.copied.elsewhere'),
    here: activity.here ?? t('lti.copied.this-course'),
  })
  const main = html`<article class="sheet">
    <h1>${t('lti.copied.title')}</h1>
    <p class="lead">${what}</p>
    ${
      mayDecide
        ? html`<form class="ask" method="post" action="${paths.copiedActivity(activity.id)}">
              ${csrfField(visit)}
              <input type="hidden" name="decision" value="same" />
              <p>${t('lti.copied.same-why')}</p>
              <div class="buttons">
                <button class="button primary">${t('lti.copied.same')}</button>
              </div>
            </form>
            <p>${t('lti.copied.other')}</p>`
        : html`<p>${t('lti.copied.may-not')}</p>`
    }
  </article>`
  return frame(visit, { title: t('lti.copied.title'), main })
}
