/** What a course's teachers were told, on top of its page: also for who has no address to write to. */
import type { Notice } from '../data/notice.ts'
import { say, stamp } from '../locale.ts'
import { noticeText } from '../notice-text.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

export function noticeBanner({ locale }: Visit, notices: Notice[]): Html {
  return html`<section class="notices" aria-labelledby="notices-title" role="status">
    <h2 id="notices-title" class="unseen">${say(locale, 'notice.title')}</h2>
    ${notices.map((notice) => {
      const { subject, paragraphs } = noticeText(notice, locale, 'teacher')
      return html`<div class="notice">
        <p>
          <strong>${subject}</strong>
          <span class="faint unbroken">${stamp(locale, notice.time_zone, notice.created_at)}</span>
        </p>
        ${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
      </div>`
    })}
  </section>`
}
