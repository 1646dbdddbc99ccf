/** What became of a change of a course: saved and to be undone, sent for review, or refused and why. */
import type { Change } from '../data/changes/change.ts'
import type { GateRule } from '../../stacks/terms-policy.ts'
import { say } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'

export const savedParts = ['plan', 'settings', 'window'] as const
export type SavedPart = (typeof savedParts)[number]

export function savedNote(
  visit: Visit,
  { key }: { key: string },
  { saved, part }: { saved: Change | undefined; part: SavedPart },
): Html | undefined {
  if (!saved) return undefined
  const t = (code: string) => say(visit.locale, code)
  if (saved.state !== 'approved') return notInForce(visit, saved)
  return html`<form class="note is-info" method="post" action="${paths.coursePlanUndo(key)}">
    ${csrfField(visit)}<input type="hidden" name="change" value="${saved.id}" />
    <input type="hidden" name="part" value="${part}" />
    <span role="status">${t('plan.saved')}</span>
    <button class="button plain">${t('plan.undo')}</button>
  </form>`
}

/** It waits for somebody, or was not agreed to by now. */
export function notInForce({ locale }: Visit, { state }: Pick<Change, 'state'>): Html {
  const isOver = state !== 'proposed'
  return html`<p class="note ${isOver ? 'is-warning' : 'is-info'}" role="status">
    ${say(locale, isOver ? 'plan.not-agreed' : 'plan.waits')}
  </p>`
}

/**
 * A document with somebody's name or a secret goes nowhere, nor does what the policy denies; anything else is a mistake of the
 * form's own checks.
 */
export type Refused = 'person' | 'secret' | 'plan' | { denied: GateRule[] }

export function refusedNote({ locale }: Visit, refused: Refused | undefined): Html | undefined {
  if (!refused) return undefined
  if (typeof refused === 'object')
    return html`<div class="errors note is-error" role="alert">
      <p>${say(locale, 'settings.refused.denied')}</p>
      <ul>
        ${refused.denied.map(({ title }) => html`<li>${title[locale]}</li>`)}
      </ul>
    </div>`
  const code = refused === 'plan' ? 'plan.refused' : `settings.refused.${refused}`
  return html`<div class="errors note is-error" role="alert"><p>${say(locale, code)}</p></div>`
}
