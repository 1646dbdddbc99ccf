/** An activity that was copied with its LMS course: its teacher is asked what it opens. */
import type { CopiedActivity } from '../data/lms/lms-activity.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField, frame } from './frame.ts'
import { type Html, html } from './html.ts'

export type CopiedActivityView = {
  activity: CopiedActivity
  mayDecide: boolean
  /** Where a new edition might begin; undefined for a course without classes. */
  from: string | undefined
}

export function copiedActivityPage(visit: Visit, view: CopiedActivityView): Html {
  const { activity, mayDecide } = view
  const t = (code: string) => say(visit.locale, code)
  const what = say(visit.locale, 'lti.copied.what', {
    course: activity.course_title[visit.locale] || activity.course_key,
    origin: activity.origin ?? t('lti.copied.elsewhere'),
    here: activity.here ?? t('lti.copied.this-course'),
  })
  const main = html`<article class="sheet">
    <h1>${t('lti.copied.title')}</h1>
    ${mayDecide && activity.asked && askedNote(visit, activity.asked)}
    <p class="lead">${what}</p>
    ${mayDecide ? choices(visit, view) : html`<p>${t('lti.copied.may-not')}</p>`}
  </article>`
  return frame(visit, { title: t('lti.copied.title'), main })
}

function askedNote(visit: Visit, asked: NonNullable<CopiedActivity['asked']>): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  if (asked.state === 'proposed')
    return html`<p class="note is-info" role="status">${t('sharing.copy-waits')}</p>`
  const { reason } = asked
  return html`<p class="note is-warning" role="status">
    ${t('lti.copied.not-agreed')} ${reason && t('home.asked.reason', { reason })}
  </p>`
}

/** A new edition is asked for once: it was, where it waits. */
function choices(visit: Visit, view: CopiedActivityView): Html {
  const t = (code: string) => say(visit.locale, code)
  const { activity } = view
  return html`${activity.asked?.state !== 'proposed' && editionForm(visit, view)}
    <form class="ask" method="post" action="${paths.copiedActivity(activity.id)}">
      ${csrfField(visit)}
      <p>${t('lti.copied.same-why')}</p>
      <div class="buttons">
        <button class="button plain" name="decision" value="same">${t('lti.copied.same')}</button>
      </div>
    </form>
    <p>${t('lti.copied.other')}</p>`
}

function editionForm(visit: Visit, { activity, from }: CopiedActivityView): Html {
  const t = (code: string) => say(visit.locale, code)
  const title = activity.course_title[visit.locale] || activity.course_key
  return html`<form class="ask" method="post" action="${paths.copiedActivity(activity.id)}">
    ${csrfField(visit)}
    <p>${t('lti.copied.edition-why')}</p>
    <div class="buttons">
      <label class="field"
        >${t('course-new.name')} <input name="title" value="${title}" maxlength="200" required />
      </label>
      ${
        from &&
        html`<label class="field"
          >${t('sharing.from')} <input type="date" name="from" value="${from}" />
        </label>`
      }
      <button class="button primary" name="decision" value="edition">
        ${t('lti.copied.edition')}
      </button>
    </div>
  </form>`
}
