/** Fields of a plan's form, with what is wrong about them. */
import { colon, say } from '../locale.ts'
import type { FormError } from '../teaching/plan-form.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

type NumberField = {
  name: string
  label: string
  value: string
  errors: FormError[]
  least?: number
  /** What goes without saying. */
  placeholder?: number | undefined
  isRequired?: boolean
}

export function numberField({
  name,
  label,
  value,
  errors,
  least = 1,
  placeholder,
  isRequired,
}: NumberField): Html {
  return html`<label class="field"
    >${label}
    <input
      type="number"
      inputmode="numeric"
      id="${name}"
      name="${name}"
      value="${value}"
      min="${least}"
      step="any"
      ${placeholder === undefined ? '' : html`placeholder="${placeholder}"`}
      ${isRequired ? html`required` : ''}
      ${invalid(errors, name)}
    />
  </label>`
}

/** As many as typed, or as the LMS lists. */
export function followField({ locale }: Pick<Visit, 'locale'>, follow: string): Html {
  return html`<label class="field"
    >${say(locale, 'plan.follow')}
    <select name="follow" id="follow">
      ${['yes', 'no'].map(
        (value) =>
          html`<option value="${value}" ${value === follow ? html`selected` : ''}>
            ${say(locale, `plan.follow.${value}`)}
          </option>`,
      )}
    </select>
  </label>`
}

/** Everything that is wrong, each a link to its field. */
export function errorsOf(
  { locale }: Pick<Visit, 'locale'>,
  errors: FormError[],
  names: Record<string, string>,
): Html | undefined {
  if (errors.length === 0) return undefined
  return html`<div class="errors note is-error" role="alert">
    <p>${say(locale, 'plan.error')}</p>
    <ul>
      ${errors.map(
        ({ field, code, params }) =>
          html`<li>
            <a href="#${field}">${say(locale, names[field] ?? field)}</a>${colon(locale)}
            ${say(locale, code, params)}
          </li>`,
      )}
    </ul>
  </div>`
}

export const invalid = (errors: FormError[], field: string): Html | string =>
  errors.some((error) => error.field === field) ? html`aria-invalid="true"` : ''

/** Below a form that answers while one types: saving and stepping back, or that one may only look. */
export function saveActs(
  { locale }: Visit,
  { mayChange }: { mayChange: boolean },
  checkCode: string,
): Html {
  return html`<div class="plan-acts acts">
    ${
      mayChange
        ? html`<button class="button primary">${say(locale, 'plan.save')}</button>
            <button type="button" class="button plain" data-step-back hidden>
              ${say(locale, 'plan.undo-edit')}
            </button>`
        : html`<p class="hint">${say(locale, 'plan.look-only')}</p>`
    }
    <button class="button plain plan-check" name="check" value="1">
      ${say(locale, checkCode)}
    </button>
  </div>`
}
