/** What became of a push, as the note on its commit: `git notes --ref=labplan show`. */
import type { Outcome } from '../../api/data/change.ts'
import { sentence } from '../../stacks/rules/explain.ts'

export function outcomeText(outcome: Outcome): string {
  if (outcome.outcome === 'wrong')
    return said(
      'Not taken: nothing of it is in force.',
      outcome.errors.map(
        ({ file, line, column, message, allowed }) =>
          `${file}:${line}:${column}: ${message}; allowed: ${allowed}`,
      ),
    )
  if (outcome.outcome === 'unchanged') return said('It changes nothing.', [])
  const { change } = outcome
  const notes = change.notes
    .filter((note) => note.severity !== 'info')
    .map((note) => `${note.severity}: ${sentence(note, 'en', { timeZone: 'UTC' })}`)
  return change.state === 'approved'
    ? said('Approved: it is inside the allowance.', notes)
    : said(`Waits for review: merge change/${change.id} into main, or approve it there.`, notes)
}

const said = (headline: string, lines: string[]): string => `${[headline, ...lines].join('\n')}\n`

const merges = {
  approved: 'approved.',
  changed:
    'not approved: it compiles to something else by now. Its branch was made anew: read it again, and merge that.',
  'not-proposed': 'it waits for nobody any more; nothing was changed.',
}

export const mergeText = (changeId: string, outcome: keyof typeof merges): string =>
  `Change ${changeId}: ${merges[outcome]}`

export const conflictText = (paths: string[]): string =>
  said('Not taken: changed in main meanwhile. Merge main into your branch, and push again.', paths)
