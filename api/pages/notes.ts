/** What the planner says, in sentences: problems first, and what is of a day in the order of days. */
import { type Language, sentence, sentences } from '../../stacks/rules/explain.ts'
import type { Note } from '../../stacks/terms.ts'
import { say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

const ORDER = { error: 0, warning: 1, info: 2 }

/** `ofMany`: the notes are about several courses, so that each names its own. */
export function noteList(
  visit: Visit,
  notes: Note[],
  { timeZone, ofMany = false }: { timeZone: string; ofMany?: boolean },
): Html {
  const sorted = notes.toSorted(
    (a, b) => ORDER[a.severity] - ORDER[b.severity] || dayOf(a).localeCompare(dayOf(b)),
  )
  return html`<ul class="notes">
    ${sorted.map(
      (note) =>
        html`<li class="note is-${note.severity}">
          <strong>${say(visit.locale, `severity.${note.severity}`)}</strong>
          <span
            >${ofMany && note.where.course && html`<code>${note.where.course}</code> `}${noteText(note, visit.locale, timeZone)}</span
          >
        </li>`,
    )}
  </ul>`
}

const dayOf = ({ params }: Note): string => String(params['wall'] ?? '')

/** A stored note may be older than the sentences: its code is better than an error. */
export function noteText(note: Note, language: Language, timeZone: string): string {
  if (!Object.hasOwn(sentences, note.code)) return note.code
  return sentence(note, language, { timeZone })
}
