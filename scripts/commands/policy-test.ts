import type { Trial } from '../../stacks/rules/policy-trial.ts'
import { ApiRefusal } from '../api-client.ts'
import { type Call, type Command, CommandFailure, usedWrongly } from '../command.ts'
import { readText } from '../plan-files.ts'
import { table } from '../table.ts'

export const command: Command = {
  summary: 'Try a policy on the latest changes: which lane would each have taken?',
  usage: 'FILE [--limit N] [--all]',
  help: `
Nothing is changed. Prints the changes that would have taken another lane than
they did, and how many take each. See docs/policy.md.

--limit N   the latest so many changes (1000)
--all       every change, not only those that differ`,
  options: { limit: { type: 'string' }, all: { type: 'boolean' } },
  run,
}

async function run(call: Call): Promise<number> {
  const [file] = call.args
  if (!file) throw usedWrongly('Which policy? labplan policy test policy.yaml')
  const limit = Number(call.options['limit'] ?? 1000)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw usedWrongly('--limit is a number from 1 to 1000.')
  const trial = await tried(call, { name: file, text: readText(file), limit })
  if (call.json) {
    call.print(JSON.stringify(trial))
    return 0
  }
  const shown = trial.changes.filter((one) => call.options['all'] || one.lane !== one.before)
  const rows = shown.map((one) => [one.id, one.before, one.lane, one.rules.join(', '), one.title])
  if (rows.length > 0) call.print(table(['CHANGE', 'TOOK', 'WOULD TAKE', 'RULES', 'WHAT'], rows))
  const { automatic, review, deny } = trial.counts
  call.print(
    `${trial.changes.length} changes: ${automatic} automatic, ${review} review, ${deny} deny`,
  )
  return 0
}

type Wrong = { file: string; line: number; column: number; message: string; allowed: string }

async function tried({ api }: Call, body: object): Promise<Trial> {
  try {
    return await api.post<Trial>('/api/policy-trials', body)
  } catch (error) {
    const errors = error instanceof ApiRefusal ? (error.body['errors'] as Wrong[]) : undefined
    if (!errors) throw error
    const said = errors.map(
      ({ file, line, column, message, allowed }) =>
        `${file}:${line}:${column}: ${message}. Allowed: ${allowed}.`,
    )
    throw new CommandFailure(said.join('\n'))
  }
}
