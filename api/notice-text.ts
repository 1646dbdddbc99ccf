/** A notice in words: subject and paragraphs in a language, and the mail made of them. Pure. */
import type { Notice, NoticeParams, Reader } from './data/notice.ts'
import { type Locale, hasMessage, moment, say } from './locale.ts'
import { html } from './pages/html.ts'
import { paths } from './paths.ts'

export type NoticeText = { subject: string; paragraphs: string[] }

/** @param reader who teaches reads nothing of commands that others run; without one it is said for all */
export function noticeText(notice: Notice, locale: Locale, reader: Reader = 'infra'): NoticeText {
  const sentence = (code: string, params: NoticeParams = {}) =>
    say(locale, codeFor(code, params, reader), inWords(notice, locale, params))
      // What people and machines say may end in a full stop of its own.
      .replaceAll('.).', ').')
  return {
    subject: sentence(notice.code, notice.params),
    paragraphs: [
      sentence(`${notice.code}.text`, notice.params),
      ...notice.lines.map((line) => sentence(line.code, line.params)),
    ],
  }
}

/** The same said otherwise: where nobody gave a reason, and to who teaches. */
function codeFor(code: string, { reason }: NoticeParams, reader: Reader): string {
  const isUnsaid = reason === '' || reason === '–'
  const others = [isUnsaid && `${code}.unsaid`, reader === 'teacher' && `${code}.teacher`]
  return others.find((one) => one !== false && hasMessage(one)) || code
}

/** The course by its title, also where a change is named; instants in its time zone, as seen on the day the notice was sent; codes as words. */
function inWords(notice: Notice, locale: Locale, params: NoticeParams): NoticeParams {
  const inWord = (name: string, value: string | number) =>
    name.endsWith('At')
      ? momentOrWord(notice, locale, value)
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

/** What is no instant is shown as it is: better than no notice, and no page that it stands on. */
function momentOrWord(notice: Notice, locale: Locale, value: string | number): string | number {
  const at = new Date(value)
  if (Number.isNaN(at.getTime())) return value
  return moment(locale, notice.time_zone, at, notice.created_at)
}

type Way = { path: string; says: string }

/** The page where there is something to do about it, and what its link says. */
function wayFor(notice: Notice, reader: Reader): Way | undefined {
  const { course_key: course, params } = notice
  if (reader === 'waiting')
    return { path: paths.workspace(String(params['workspace'])), says: 'notice.open.workspace' }
  if (course) return { path: paths.course(course), says: 'notice.open' }
  if (reader === 'teacher') return { path: paths.home(), says: 'notice.open.home' }
  const path = adminPath(notice)
  return path === undefined ? undefined : { path, says: 'notice.open.page' }
}

function adminPath({ code, params, thread }: Notice): string | undefined {
  const change = /^change\/([0-9a-f-]{36})$/.exec(thread)?.[1]
  if (change) return paths.adminChange(change)
  if (code === 'notice.run-held') return paths.adminRun(String(params['stack']))
  return code === 'notice.finding' ? paths.adminInventory() : undefined
}

export type MailText = { subject: string; text: string; html: string }

/** The same words twice: as plain text, and as HTML without pictures, styles or anything to load. */
export function mailText(
  notice: Notice,
  to: { locale: Locale; reader: Reader; publicUrl: string },
): MailText {
  const { subject, paragraphs } = noticeText(notice, to.locale, to.reader)
  // Of a course that is not there nobody is told but who asked for it.
  const isAuthor = to.reader === 'teacher' && notice.course_key === null
  const why = say(to.locale, `notice.why.${isAuthor ? 'author' : to.reader}`)
  const way = wayFor(notice, to.reader)
  const url = way && to.publicUrl + way.path
  return {
    subject,
    text: `${[...paragraphs, url && say(to.locale, `${way.says}-at`, { url }), `-- \n${why}`].filter(Boolean).join('\n\n')}\n`,
    html: html`<!doctype html>
      <html lang="${to.locale}">
        <head>
          <meta charset="utf-8" />
          <title>${subject}</title>
        </head>
        <body>
          ${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
          ${url && html`<p><a href="${url}">${say(to.locale, way.says)}</a></p>`}
          <p><small>${why}</small></p>
        </body>
      </html>`.toString(),
  }
}
