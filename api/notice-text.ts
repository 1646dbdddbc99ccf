/** A notice in words: subject and paragraphs in a language, and the mail made of them. Pure. */
import type { Notice, NoticeParams, Reader } from './data/notice.ts'
import { type Locale, moment, say } from './locale.ts'
import { html } from './pages/html.ts'
import { paths } from './paths.ts'

export type NoticeText = { subject: string; paragraphs: string[] }

export function noticeText(notice: Notice, locale: Locale): NoticeText {
  const sentence = (code: string, params: NoticeParams = {}) =>
    say(locale, code, inWords(notice, locale, params))
  return {
    subject: sentence(notice.code, notice.params),
    paragraphs: [
      sentence(`${notice.code}.text`, notice.params),
      ...notice.lines.map((line) => sentence(line.code, line.params)),
    ],
  }
}

/** The course by its title, also where a change is named; instants in its time zone, as seen on the day the notice was sent; codes as words. */
function inWords(notice: Notice, locale: Locale, params: NoticeParams): NoticeParams {
  const inWord = (name: string, value: string | number) =>
    name.endsWith('At')
      ? moment(locale, notice.time_zone, new Date(value), notice.created_at)
      : name === 'what'
        ? say(locale, String(value))
        : // A text that people wrote in both languages.
          (locale === 'fr' && params[`${name}Fr`]) || value
  const said = Object.entries(params).map(([name, value]) => [name, inWord(name, value)])
  const course = notice.course_title?.[locale] || notice.course_key
  return {
    ...(course && { course }),
    ...Object.fromEntries(said),
    // Who teaches it knows it by its title, not by the document that is changed.
    ...(course && 'title' in params && { title: course }),
  }
}

/** The page where there is something to do about it. */
function pathOf({ course_key: course, params }: Notice, reader: Reader): string | null {
  if (reader === 'waiting') return paths.workspace(String(params['workspace']))
  return course && paths.course(course)
}

export type MailText = { subject: string; text: string; html: string }

/** The same words twice: as plain text, and as HTML without pictures, styles or anything to load. */
export function mailText(
  notice: Notice,
  to: { locale: Locale; reader: Reader; publicUrl: string },
): MailText {
  const { subject, paragraphs } = noticeText(notice, to.locale)
  const why = say(to.locale, `notice.why.${to.reader}`)
  const path = pathOf(notice, to.reader)
  const url = path && to.publicUrl + path
  const opens = to.reader === 'waiting' ? 'notice.open.workspace' : 'notice.open'
  return {
    subject,
    text: `${[...paragraphs, url && say(to.locale, `${opens}-at`, { url }), `-- \n${why}`].filter(Boolean).join('\n\n')}\n`,
    html: html`<!doctype html>
      <html lang="${to.locale}">
        <head>
          <meta charset="utf-8" />
          <title>${subject}</title>
        </head>
        <body>
          ${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
          ${url && html`<p><a href="${url}">${say(to.locale, opens)}</a></p>`}
          <p><small>${why}</small></p>
        </body>
      </html>`.toString(),
  }
}
