/** Fields of a plan's form, with what is wrong about them. */
import type { FormError } from '../plan-form.ts'
import { type Html, html } from './html.ts'

type NumberField = {
  name: string
  label: string
  value: string
  errors: FormError[]
  least?: number
  isRequired?: boolean
}

export function numberField({
  name,
  label,
  value,
  errors,
  least = 1,
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
      ${isRequired ? html`required` : ''}
      ${invalid(errors, name)}
    />
  </label>`
}

export const invalid = (errors: FormError[], field: string): Html | string =>
  errors.some((error) => error.field === field) ? html`aria-invalid="true"` : ''
