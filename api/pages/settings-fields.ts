/** Fields of a course's settings, by their names: a label, what goes without saying, and what is wrong. */
import type { NumberRule, Settings } from '../teaching/course-settings.ts'
import { hasMessage, say } from '../locale.ts'
import type { FormError } from '../teaching/plan-form.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'
import { invalid } from './plan-fields.ts'

export type SettingsForm = { settings: Settings; errors: FormError[] }

const labelOf = ({ locale }: Visit, name: string): string => say(locale, `settings.${name}`)

/** What it does, in a line below the field, where there is more to say than its label does. */
function hintOf({ locale }: Visit, name: string): { hint: Html | ''; described: Html | '' } {
  const code = `settings.${name}.hint`
  if (!hasMessage(code)) return { hint: '', described: '' }
  return {
    hint: html`<span class="hint" id="${name}-hint">${say(locale, code)}</span>`,
    described: html`aria-describedby="${name}-hint"`,
  }
}

type InputField = {
  name: string
  type?: 'text' | 'date' | 'datetime-local'
  placeholder?: string | undefined
  isLong?: boolean
  most?: number
}

export function inputField(visit: Visit, form: SettingsForm, field: InputField): Html {
  const { name, type = 'text', placeholder, isLong, most = 200 } = field
  const { hint, described } = hintOf(visit, name)
  return html`<div class="field ${isLong && 'is-long'}">
    <label for="${name}">${labelOf(visit, name)}</label>
    <input
      type="${type}"
      id="${name}"
      name="${name}"
      value="${form.settings[name] ?? ''}"
      ${type === 'text' ? html`maxlength="${most}"` : ''}
      ${placeholder === undefined ? '' : html`placeholder="${placeholder}"`}
      ${described}
      ${invalid(form.errors, name)}
    />
    ${hint}
  </div>`
}

export function numberInput(
  visit: Visit,
  form: SettingsForm,
  { name, least, most, isBroken }: NumberRule,
  usual?: number | undefined,
): Html {
  const { hint, described } = hintOf(visit, name)
  return html`<div class="field">
    <label for="${name}">${labelOf(visit, name)}</label>
    <input
      type="number"
      inputmode="${isBroken ? 'decimal' : 'numeric'}"
      id="${name}"
      name="${name}"
      value="${form.settings[name] ?? ''}"
      min="${least}"
      max="${most}"
      step="any"
      ${usual === undefined ? '' : html`placeholder="${usual}"`}
      ${described}
      ${invalid(form.errors, name)}
    />
    ${hint}
  </div>`
}

export function proseField(visit: Visit, form: SettingsForm, name: string): Html {
  const { hint, described } = hintOf(visit, name)
  return html`<div class="field is-long">
    <label for="${name}">${labelOf(visit, name)}</label>
    <textarea
      id="${name}"
      name="${name}"
      rows="3"
      maxlength="4000"
      ${described}
      ${invalid(form.errors, name)}
    >
${form.settings[name] ?? ''}</textarea>
    ${hint}
  </div>`
}

export function choiceField(
  visit: Visit,
  form: SettingsForm,
  name: string,
  options: { value: string; label: string }[],
): Html {
  const chosen = form.settings[name] ?? ''
  // What it is now is never lost, known or not.
  const all = options.some((one) => one.value === chosen)
    ? options
    : [...options, { value: chosen, label: chosen }]
  const { hint, described } = hintOf(visit, name)
  return html`<div class="field is-long">
    <label for="${name}">${labelOf(visit, name)}</label>
    <select id="${name}" name="${name}" ${described} ${invalid(form.errors, name)}>
      ${all.map(
        ({ value, label }) =>
          html`<option value="${value}" ${value === chosen ? html`selected` : ''}>
            ${label}
          </option>`,
      )}
    </select>
    ${hint}
  </div>`
}

export const tickField = (name: string, label: string, isTicked: boolean): Html =>
  html`<label class="tick"
    ><input
      type="checkbox"
      id="${name}"
      name="${name}"
      value="yes"
      ${isTicked ? html`checked` : ''}
    />${label}</label
  >`
