/** A class whose storage is away: what its teacher may choose, what was chosen, and what is still to be brought home. */
import type { SeenCourse } from '../access.ts'
import type { ClassScratch } from '../data/seats/scratch.ts'
import type { SeatScratch, ScratchLeft } from '../data/seats/scratch-home.ts'
import { moment, say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { courseFrame } from './course-frame.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'

export type ScratchView = {
  /** Undefined while its storage answers, or no class is under way. */
  now: ClassScratch | undefined
  left: ScratchLeft[]
}

export function scratchSection(
  visit: Visit,
  { now, left }: ScratchView,
  course: SeenCourse,
): Html | undefined {
  if (!now && left.length === 0) return undefined
  return html`<section class="sheet" aria-labelledby="scratch-title">
    <h2 id="scratch-title">${say(visit.locale, now ? 'scratch.title' : 'scratch.title.left')}</h2>
    ${now && (now.isChosen ? chosen(visit, now, course) : offer(visit, now, course))}
    ${left.length > 0 && leftOf(visit, left)}
  </section>`
}

function offer(visit: Visit, { sinceAt }: ClassScratch, course: SeenCourse): Html {
  const since = moment(visit.locale, course.time_zone, sinceAt, visit.at)
  return html`<p>${say(visit.locale, 'scratch.offer', { since })}</p>
    <p>
      <a class="button plain" href="${paths.courseScratch(course.key)}"
        >${say(visit.locale, 'scratch.offer.go')}</a
      >
    </p>`
}

function chosen(visit: Visit, { begun }: ClassScratch, course: SeenCourse): Html {
  const { locale } = visit
  return html`<p>
      ${say(locale, 'scratch.chosen')}
      ${begun > 0 && say(locale, 'scratch.chosen.begun', { count: begun })}
    </p>
    ${
      begun === 0 &&
      html`<form method="post" action="${paths.courseScratchUndo(course.key)}">
        ${csrfField(visit)}
        <button class="button plain">${say(locale, 'scratch.undo')}</button>
      </form>`
    }`
}

function leftOf({ locale }: Visit, left: ScratchLeft[]): Html {
  const troubled = left.filter(({ trouble }) => trouble !== null)
  return html`<p>${say(locale, 'scratch.left', { count: left.length })}</p>
    ${
      troubled.length > 0 &&
      html`<ul>
        ${troubled.map(({ number, trouble }) => html`<li>${say(locale, `scratch.left.${trouble}`, { seat: number })}</li>`)}
      </ul>`
    }`
}

/** The question, with what it means for everybody. */
export function askScratchPage(
  visit: Visit,
  course: SeenCourse,
  may: { seesPlan: boolean; mayChange: boolean },
): Html {
  const t = (code: string) => say(visit.locale, code)
  return courseFrame(visit, {
    ...{ course, part: 'class', ...may },
    main: html`<form
      class="sheet"
      method="post"
      action="${paths.courseScratch(course.key)}"
      aria-labelledby="scratch-ask"
    >
      ${csrfField(visit)}
      <h2 id="scratch-ask">${t('scratch.ask.title')}</h2>
      <p>${t('scratch.ask.who')}</p>
      <p>${t('scratch.ask.what')}</p>
      <p>${t('scratch.ask.after')}</p>
      <p>${t('scratch.ask.limit')}</p>
      <div class="buttons">
        <button class="button primary">${t('scratch.ask.go')}</button>
        <a class="button plain" href="${paths.course(course.key)}">${t('frame.cancel')}</a>
      </div>
    </form>`,
  })
}

/** What a student is told, beside the state of their workspace. `isAway`: their volume cannot be reached. */
export function scratchNote(
  { locale }: Pick<Visit, 'locale'>,
  scratch: SeatScratch,
  isAway: boolean,
): Html {
  const codes = codesOf(scratch, isAway)
  const folder = scratch.folder ?? ''
  const isDone = scratch.result !== null && !scratch.isOn
  return html`<div class="${isDone ? 'note' : 'warning'}" role="status">
    ${codes.map((code) => html`<p>${say(locale, code, { folder })}</p>`)}
  </div>`
}

function codesOf({ isOn, folder, result, state, trouble }: SeatScratch, isAway: boolean): string[] {
  if (isOn)
    return [
      'scratch.on',
      ...(folder !== null && result === null ? ['scratch.on.folder'] : []),
      ...(isAway ? [] : ['scratch.on.back']),
    ]
  if (result === 'folder' || result === 'home') return [`scratch.done.${result}`]
  if (trouble !== null) return [`scratch.trouble.${trouble}`]
  return [isAway && state === 'open' ? 'scratch.waits' : 'scratch.bringing']
}
