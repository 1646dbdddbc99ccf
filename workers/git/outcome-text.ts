/** What became of a push, as the note on its commit: `git notes --ref=labplan show`. */
import type { Approved } from '../../api/data/changes/approval.ts'
import type { Outcome } from '../../api/data/changes/change.ts'
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
  if (change.state === 'approved') return said('Approved: the policy asks nobody.', notes)
  const why = change.rules.map((rule) => rule.title.en)
  if (change.lane === 'deny') return said('Denied by the policy.', [...why, ...notes])
  const waits = `Waits for review: merge change/${change.id} into main, or approve it there.`
  return said(waits, [...why, ...notes])
}

const said = (headline: string, lines: string[]): string => `${[headline, ...lines].join('\n')}\n`

/** What a merge of a change's branch did, in a sentence. */
export function mergeText(changeId: string, done: Approved): string {
  return `Change ${changeId}: ${mergeWords(done)}`
}

function mergeWords(done: Approved): string {
  switch (done.outcome) {
    case 'approved':
      return `approved${done.isSolo ? ', by who proposed it' : ''}.`
    case 'counted':
      return `your approval counts; it takes ${done.missing.map(({ count, by }) => `${count} more of ${by.join(', ')}`).join(' and ')}. Main stands for what is approved until then.`
    case 'changed':
      return 'not approved: it compiles to something else by now. Its branch was made anew: read it again, and merge that.'
    case 'not-proposed':
      return 'it waits for nobody any more; nothing was changed.'
    case 'own':
      return 'not approved: whoever merged it has proposed it, and the policy asks for somebody else.'
    case 'not-asked':
      return `not approved: the policy asks ${done.by.join(', ')}, and not by a merge.`
    case 'denied':
      return `not approved: the policy denies it by now: ${done.rules.map((rule) => rule.title.en).join(' ')}`
  }
}

export const conflictText = (paths: string[]): string =>
  said('Not taken: changed in main meanwhile. Merge main into your branch, and push again.', paths)

/** The words of our commit on a tree that is not ours: whoever merged it has read something else than we wrote. */
export const strangeText = (changeId: string): string =>
  `Change ${changeId}: not approved: what was merged is not the branch that Labplan wrote. Fetch it again, read it, and merge that.`

export const putBackText = (paths: string[]): string =>
  said('Not taken: these follow from the documents, and are written by Labplan alone.', paths)
