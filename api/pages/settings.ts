/** What a course is besides its classes: texts, resources, storage, when its workspaces stop; and what an edit means. */
import type { PlannedCourse } from '../access.ts'
import {
  type Settings,
  gpuLifecycleRules,
  gpuRule,
  headroomRules,
  lifecycleRules,
  resourceRules,
  storageRules,
  submissionRules,
  weekdays,
} from '../teaching/course-settings.ts'
import type { CourseChoices } from '../data/courses/course-choices.ts'
import type { Change } from '../data/changes/change.ts'
import { formatWall, wallOf } from '../../stacks/rules/clock.ts'
import { submissionLimits } from '../../stacks/rules/submissions.ts'
import { hasMessage, say } from '../locale.ts'
import { paths } from '../paths.ts'
import { type PlanEdit, writeEdits } from '../teaching/plan-edits.ts'
import { type FormError, planStates } from '../teaching/plan-form.ts'
import type { Visit } from '../visit.ts'
import { courseFrame } from './course-frame.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { type AnswerView, answerSection, lostNote } from './plan-answer.ts'
import { planFrame } from './plan-frame.ts'
import { errorsOf, saveActs } from './plan-fields.ts'
import { type Refused, refusedNote, savedNote } from './saved-note.ts'
import { choiceField, inputField, numberInput, proseField, tickField } from './settings-fields.ts'
import { dayWords } from './wall-day.ts'

export type SettingsView = AnswerView & {
  course: PlannedCourse
  choices: CourseChoices
  settings: Settings
  /** As they were when the form was made. */
  base: Settings
  /** Digest of the document that the form was made of. */
  read: string
  edits: PlanEdit[]
  /** Steps that change nothing, since their classes are gone. */
  lost: number
  errors: FormError[]
  isStale?: boolean | undefined
  refused?: Refused | undefined
  saved?: Change | undefined
  /** Only looked at: it is shared to be seen. */
  mayChange: boolean
}

export function settingsPage(visit: Visit, view: SettingsView): Html {
  const { course, mayChange } = view
  return courseFrame(visit, {
    ...{ course, mayChange, part: 'settings', seesPlan: true },
    main: html`${savedNote(visit, course, { saved: view.saved, part: 'settings' })}
    ${view.isStale && html`<p class="note is-warning" role="alert">${say(visit.locale, 'plan.stale')}</p>`}
    ${planFrame(visit, { src: paths.courseSettingsPreview(course.key), saved: view.saved !== undefined }, form(visit, view))}`,
  })
}

function form(visit: Visit, view: SettingsView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<form
    class="plan is-plain"
    id="plan-fields"
    method="post"
    action="${paths.courseSettings(view.course.key)}"
  >
    ${csrfField(visit)}<input type="hidden" name="read" value="${view.read}" />
    <input type="hidden" name="base" value="${JSON.stringify(view.base)}" />
    <input type="hidden" name="shown" value="all" />
    <button class="unseen" name="check" value="1" tabindex="-1">${t('plan.check')}</button>
    <div class="plan-calendar plan-new plan-long">
      ${general(visit, view)} ${resources(visit, view)} ${storage(visit, view)}
      ${lifecycle(visit, view)} ${outside(visit, view)}
    </div>
    <div class="plan-board">${settingsFragment(visit, view)}</div>
    ${saveActs(visit, view, 'plan.check')}
  </form>`
}

/** All of the page that an edit may change. */
export function settingsFragment(visit: Visit, view: SettingsView): Html {
  return html`<input type="hidden" name="edits" value="${writeEdits(view.edits)}" />
    <div class="plan-side">
      ${lostNote(visit, view)} ${refusedNote(visit, view.refused)}
      ${errorsOf(visit, view.errors, namesOf(view.errors))} ${answerSection(visit, view)}
    </div>`
}

const namesOf = (errors: FormError[]): Record<string, string> =>
  Object.fromEntries(errors.map(({ field }) => [field, `settings.${field}`]))

function general(visit: Visit, view: SettingsView): Html {
  const t = (code: string) => say(visit.locale, code)
  const { environments, pools } = view.choices
  const named = (of: { key: string; title: { en: string; fr: string } }[]) =>
    of.map(({ key, title }) => ({ value: key, label: title[visit.locale] }))
  return html`<fieldset class="sheet" id="general">
    <legend>${t('settings.general')}</legend>
    ${inputField(visit, view, { name: 'titleEn', isLong: true })}
    ${inputField(visit, view, { name: 'titleFr', isLong: true })}
    ${proseField(visit, view, 'descriptionEn')} ${proseField(visit, view, 'descriptionFr')}
    ${choiceField(visit, view, 'environment', named(environments))}
    ${choiceField(visit, view, 'pool', named(pools))}
    ${choiceField(
      ...([visit, view, 'state'] as const),
      planStates.map((value) => ({ value, label: t(`plan.state.${value}`) })),
    )}
    ${proseField(visit, view, 'groups')}
  </fieldset>`
}

function resources(visit: Visit, view: SettingsView): Html {
  const t = (code: string) => say(visit.locale, code)
  const kinds = view.choices.gpuKinds.map((kind) => ({ value: kind, label: kind }))
  const hasGpu = kinds.length > 0 || view.base['gpuKind'] !== ''
  return html`<fieldset class="sheet" id="resources">
    <legend>${t('settings.resources')}</legend>
    <p class="hint">${t('settings.resources.hint')}</p>
    ${resourceRules.map((rule) => numberInput(visit, view, rule))}
    ${
      hasGpu &&
      html`${choiceField(visit, view, 'gpuKind', [
        { value: '', label: t('settings.no-gpu') },
        ...kinds,
      ])}
      ${numberInput(visit, view, gpuRule)}`
    }
  </fieldset>`
}

function storage(visit: Visit, view: SettingsView): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const { policy } = view.choices
  const { most, totalMb } = submissionLimits({}, policy)
  const usualLimits: Record<string, number> = { submissionsMost: most, submissionsMb: totalMb }
  return html`<fieldset class="sheet" id="storage">
    <legend>${t('settings.storage')}</legend>
    ${storageRules.map((rule) => {
      const usual = rule.name === 'keepDays' ? policy.keepDays : undefined
      return numberInput(visit, view, rule, usual)
    })}
    ${tickField('personalVolume', t('settings.personalVolume'), view.settings['personalVolume'] === 'yes')}
    <p class="hint">${t('settings.personalVolume.hint', { quotaMb: policy.personalQuotaMb })}</p>
    ${tickField('submissions', t('settings.submissions'), view.settings['submissions'] === 'yes')}
    ${inputField(visit, view, { name: 'submissionsDue', type: 'datetime-local', isLong: true })}
    ${submissionRules.map((rule) => numberInput(visit, view, rule, usualLimits[rule.name]))}
  </fieldset>`
}

/** What the course says nothing of is the policy's, and stands in the field. */
function lifecycle(visit: Visit, view: SettingsView): Html {
  const t = (code: string) => say(visit.locale, code)
  const usual = view.choices.policy.lifecycle as unknown as Record<string, number>
  const hasGpu = view.base['gpuKind'] !== '' || view.settings['gpuKind'] !== ''
  return html`<fieldset class="sheet" id="lifecycle">
    <legend>${t('settings.lifecycle')}</legend>
    <p class="hint">${t('settings.lifecycle.hint')}</p>
    ${lifecycleRules.map((rule) => numberInput(visit, view, rule, usual[rule.name]))}
    ${hasGpu && gpuLifecycleRules.map((rule) => numberInput(visit, view, rule, usual[rule.name]))}
  </fieldset>`
}

function outside(visit: Visit, view: SettingsView): Html {
  const t = (code: string) => say(visit.locale, code)
  const { headroom } = view.choices.policy
  const said = view.settings['headroomDays'] ?? ''
  const days: readonly string[] = said === '' ? headroom.days : said.split(',')
  return html`<fieldset class="sheet" id="outside">
    <legend>${t('settings.outside')}</legend>
    <p class="hint">${t('settings.outside.hint')}</p>
    ${inputField(visit, view, { name: 'openFrom', type: 'date' })}
    ${inputField(visit, view, { name: 'openTo', type: 'date' })}
    ${inputField(visit, view, { name: 'headroomHours', placeholder: headroom.hours, most: 11 })}
    ${headroomRules.map((rule) => {
      const usual = rule.name === 'headroomReserved' ? headroom.reserved : undefined
      return numberInput(visit, view, rule, usual)
    })}
    <fieldset class="plan-scope settings-days">
      <legend>${t('settings.days')}</legend>
      ${weekdays.map(
        (one) =>
          html`<label class="tick"
            ><input
              type="checkbox"
              name="day-${one}"
              value="yes"
              ${days.includes(one) ? html`checked` : ''}
            />${t(`settings.day.${one}`)}</label
          >`,
      )}
    </fieldset>
  </fieldset>`
}

/** What is another value than before, in words: `Title (English): Networks → Networks 102`. */
export function changedWords(
  { locale }: Visit,
  { settings, current }: { settings: Settings; current: Settings },
): string[] {
  const shown = (name: string, value: string) => {
    if (value === '') return say(locale, 'settings.unsaid')
    if (name === 'headroomDays')
      return value
        .split(',')
        .map((one) => say(locale, `settings.day.${one}`))
        .join(', ')
    const code = name === 'state' ? `plan.state.${value}` : `settings.value.${value}`
    const text = hasMessage(code) ? say(locale, code) : value
    return text.length > 60 ? `${text.slice(0, 59)}…` : text
  }
  return Object.keys(settings)
    .filter((name) => settings[name] !== current[name])
    .map((name) => {
      const [from, to] = [current[name] ?? '', settings[name] ?? '']
      return say(locale, 'settings.change', {
        ...{ what: say(locale, `settings.${name}`), from: shown(name, from), to: shown(name, to) },
      })
    })
}

/** Until when files are kept by what the form says. */
export function keptWords(
  { locale }: Visit,
  preview: AnswerView['preview'],
  timeZone: string,
): string | undefined {
  if (preview?.keptUntil === undefined) return undefined
  const wall = formatWall(wallOf(Date.parse(preview.keptUntil), timeZone))
  const day = dayWords(locale, wall, { day: 'numeric', month: 'long', year: 'numeric' })
  return say(locale, 'settings.kept-until', { day })
}
