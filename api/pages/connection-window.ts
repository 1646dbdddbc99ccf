/** The student's connection window: its settings, and beside them the window as a student sees it, with a sample. */
import type { Display, Port } from '../../stacks/terms.ts'
import type { PlannedCourse } from '../access.ts'
import type { WindowForm } from '../teaching/connection-window.ts'
import type { Change } from '../data/changes/change.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { FormError } from '../teaching/plan-form.ts'
import type { Visit } from '../visit.ts'
import { type ConnectionPort, connection } from './connection.ts'
import { courseFrame } from './course-frame.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { planFrame } from './plan-frame.ts'
import { errorsOf, saveActs } from './plan-fields.ts'
import { type Refused, refusedNote, savedNote } from './saved-note.ts'
import { buttonFields, portFields, secretFields, textFields } from './window-fields.ts'

export type WindowView = {
  course: PlannedCourse
  form: WindowForm
  /** Of the environment, in its order. */
  ports: Port[]
  errors: FormError[]
  read: string
  /** What the form held when it was made, part by part. */
  base: Record<string, string>
  /** What the sample shows; absent while something is wrong. */
  display?: Display
  isSame?: boolean
  lane?: string
  isStale?: boolean
  refused?: Refused
  saved?: Change | undefined
  /** What was just done, so that the focus follows it. */
  act?: string
  mayChange: boolean
}

export function windowPage(visit: Visit, view: WindowView): Html {
  const { course, mayChange } = view
  const t = (code: string) => say(visit.locale, code)
  return courseFrame(visit, {
    ...{ course, mayChange, part: 'window', seesPlan: true },
    main: html`${savedNote(visit, course, { saved: view.saved, part: 'window' })}
    ${view.isStale && html`<p class="note is-warning" role="alert">${t('plan.stale')}</p>`}
    ${planFrame(visit, { src: paths.courseWindowPreview(course.key), saved: view.saved !== undefined }, form(visit, view))}`,
  })
}

function form(visit: Visit, view: WindowView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<form
    class="plan is-plain"
    id="plan-fields"
    method="post"
    action="${paths.courseWindow(view.course.key)}"
  >
    ${csrfField(visit)}<input type="hidden" name="read" value="${view.read}" />
    <input type="hidden" name="base" value="${JSON.stringify(view.base)}" />
    <button class="unseen" name="check" value="1" tabindex="-1">${t('plan.check')}</button>
    <div class="plan-board">${windowFragment(visit, view)}</div>
    ${saveActs(visit, view, 'window.look')}
  </form>`
}

/** All of the page that an edit may change. */
export function windowFragment(visit: Visit, view: WindowView): Html {
  return html`<div class="plan-calendar plan-new plan-long">
      ${portFields(visit, view)} ${secretFields(visit, view)} ${textFields(visit, view)}
      ${buttonFields(visit, view)}
    </div>
    <div class="plan-side">
      ${refusedNote(visit, view.refused)} ${errorsOf(visit, view.errors, namesOf(visit, view))}
      ${sample(visit, view)}
    </div>`
}

/** Each called as its label is, after what it is of: `button-where-0`, `title-en-ssh`, `textEn`. */
function namesOf({ locale }: Visit, { errors }: WindowView): Record<string, string> {
  const name = (field: string) => {
    const [, part = field, of] = /^(button-[a-z]+|title-(?:en|fr))-(.+)$/.exec(field) ?? []
    const label = say(locale, `window.${part}`)
    if (of === undefined) return label
    const whose = field.startsWith('button')
      ? say(locale, 'window.button', { number: Number(of) + 1 })
      : of
    return `${whose}, ${label}`
  }
  return Object.fromEntries(errors.map(({ field }) => [field, name(field)]))
}

/** Addresses of documentation (RFC 5737) and a password that opens nothing. */
const SAMPLE = {
  seatNumber: 7,
  nodeAddress: '192.0.2.10',
  credential: { login: 'lab7k2m', password: 'sample-7k2m' },
}

function sample(visit: Visit, view: WindowView): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const { display, ports, isSame, lane } = view
  return html`<section class="sheet window-sample" aria-labelledby="sample-title">
    <h2 id="sample-title">${t('window.sample')}</h2>
    ${
      display
        ? html`<div class="sample">
            ${connection(
              visit,
              {
                ...{ display, ...SAMPLE, ports: ports.map(samplePort) },
                enter: (_port, { label, look }) =>
                  html`<div class="door"><span class="button ${look}">${label}</span></div>`,
                copy: () => undefined,
              },
              t,
            )}
          </div>`
        : html`<p class="hint">${t('window.wrong')}</p>`
    }
    <p class="hint" role="status">
      ${isSame ? t('plan.same') : lane ? t(`plan.lane.${lane}`) : ''}
    </p>
  </section>`
}

const samplePort = (port: Port, i: number): ConnectionPort => ({
  ...{ containerPort: port.number, name: port.name, kind: port.kind, title: port.title },
  publishedPort: port.kind === 'web' ? null : 42_022 + i,
})
