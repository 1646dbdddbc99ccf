/** The class that is chosen in the calendar: its time as fields, for whom a change of it holds, removing it. */
import { scopes } from '../../stacks/rules/series-edit.ts'
import { type Locale, say } from '../locale.ts'
import { type PlanClass, findClass, writeId } from '../teaching/plan-edits.ts'
import type { Chosen } from '../teaching/plan-form.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import type { PlanView } from './plan.ts'
import { invalid, numberField } from './plan-fields.ts'
import { wallDay } from './wall-day.ts'

export function classPanel(visit: Visit, view: PlanView): Html {
  const { chosen, edits } = view.form
  const t = (code: string) => say(visit.locale, code)
  const hasUndo = edits.length > 0 || view.edited.open !== undefined
  return html`<div class="plan-tools">
      <button class="button plain" name="choose" value="new">${t('plan.add')}</button>
      ${hasUndo && html`<button class="button plain" name="act" value="undo">${t('plan.undo-edit')}</button>`}
    </div>
    ${chosen ? panel(visit, view, chosen) : html`<p class="hint plan-hint">${t('plan.choose')}</p>`}`
}

function panel(visit: Visit, view: PlanView, chosen: Chosen): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const isNew = chosen.at === 'new'
  const id = chosen.at === 'new' ? 'new' : writeId(chosen.at)
  const found = view.edited.at && findClass(view.classes, view.edited.at)
  const legend = isNew || !found ? t('plan.new') : wallDay(visit.locale, found.wall)
  return html`<fieldset class="panel-${id.replaceAll(/\W/g, '-')} sheet plan-class">
    <legend>${legend}</legend>
    <input type="hidden" name="class" value="${id}" />
    <label class="field"
      >${t('plan.start', { zone: view.timeZone })}
      <input
        type="datetime-local"
        id="start"
        name="start"
        value="${chosen.start}"
        ${invalid(view.errors, 'start')}
      />
    </label>
    ${numberField({ name: 'minutes', label: t('plan.minutes'), value: chosen.minutes, errors: view.errors, least: 5 })}
    ${isNew && numberField({ name: 'weeks', label: t('plan.weeks'), value: chosen.weeks, errors: view.errors })}
    ${forWhom(visit, view, chosen)}
    ${!isNew && view.edited.isSeries && scopeField(visit, chosen, found)}
    <div class="plan-tools">
      ${!isNew && html`<button class="button plain" name="act" value="remove">${t('plan.remove')}</button>`}
      <button class="button plain" name="act" value="close">${t('plan.close')}</button>
    </div>
  </fieldset>`
}

/** Its own number of students, and its group where the course has some. */
function forWhom(visit: Visit, { groups, form, errors }: PlanView, chosen: Chosen): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const group = groups.find((one) => one.key === chosen.group)
  const usual = Number(group?.students ?? form.students)
  const label = t('plan.class-students')
  return html`${numberField({ name: 'classStudents', label, value: chosen.students, errors, placeholder: usual })}
  ${
    groups.length > 0 &&
    html`<label class="field"
      >${t('plan.group')}
      <select name="classGroup">
        <option value="" ${chosen.group === '' ? html`selected` : ''}>
          ${t('plan.everybody')}
        </option>
        ${groups.map(
          ({ key, students }) =>
            html`<option value="${key}" ${key === chosen.group ? html`selected` : ''}>
              ${key} (${students})
            </option>`,
        )}
      </select>
    </label>`
  }`
}

function scopeField(visit: Visit, { scope }: Chosen, found: PlanClass | undefined): Html {
  return html`<fieldset class="plan-scope">
    <legend>${say(visit.locale, 'plan.scope')}</legend>
    ${found?.rule && html`<p class="hint">${ruleWords(visit.locale, found.rule)}</p>`}
    ${scopes.map(
      (one) =>
        html`<label class="tick"
          ><input
            type="radio"
            name="scope"
            value="${one}"
            ${one === scope ? html`checked` : ''}
          />${say(visit.locale, `plan.scope.${one}`)}</label
        >`,
    )}
  </fieldset>`
}

/** The usual rules in words, others as they are written (RFC 5545). */
function ruleWords(locale: Locale, rule: string): string {
  const [, count] = /^FREQ=WEEKLY;COUNT=(\d+)$/.exec(rule) ?? []
  return count
    ? say(locale, 'plan.weekly', { count: Number(count) })
    : say(locale, 'plan.rule', { rule })
}
