import { compile } from '../../stacks/compile.ts'
import { diffText } from '../../stacks/rules/diff-text.ts'
import { diff } from '../../stacks/rules/diff.ts'
import { sentence } from '../../stacks/rules/explain.ts'
import type { ParsedDocument } from '../../stacks/schema-parse.ts'
import type { Note } from '../../stacks/terms.ts'
import type { Call, Command } from '../command.ts'
import { usedWrongly } from '../command.ts'
import {
  compileInput,
  languageOf,
  namingOf,
  planHelp,
  planOptions,
  readPlanFiles,
} from '../plan-files.ts'

export const command: Command = {
  summary:
    'What would change if these files replaced those: seats, nodes, cost, and whether it fits',
  usage: 'FILE... --against FILE [--against FILE]...',
  help: `
Documents are matched by kind and key: what FILE describes replaces it, the rest
stays. Answers 1 when something that fitted would not fit any more.

--against FILE     what there is now; repeat it for several files${planHelp}`,
  options: { against: { type: 'string', multiple: true }, ...planOptions },
  run,
}

async function run(call: Call): Promise<number> {
  const against = call.options['against']
  if (!Array.isArray(against)) throw usedWrongly('Say what there is now: --against FILE.')
  const now = readPlanFiles(against.map(String))
  const replaced = replace(now, readPlanFiles(call.args))
  const before = compile(compileInput(now, call))
  const input = compileInput(replaced, call)
  const after = compile(input)
  const language = languageOf(call)
  const naming = namingOf(input)
  const difference = diff(before.blueprint, after.blueprint, input.pools)
  const fresh = newNotes(before.notes, after.notes)
  if (call.json) {
    const notes = fresh.map((note) => ({ ...note, text: sentence(note, language, naming) }))
    call.print(JSON.stringify({ difference, notes }))
  } else {
    for (const line of diffText(difference, language, naming)) call.print(line)
    for (const note of fresh) call.print(`${note.severity}: ${sentence(note, language, naming)}`)
  }
  return fresh.some((note) => note.severity === 'error') ? 1 : 0
}

function replace(now: ParsedDocument[], then: ParsedDocument[]): ParsedDocument[] {
  const name = (one: ParsedDocument) =>
    one.kind === 'Policy' ? 'Policy' : `${one.kind} ${one.value.key}`
  const names = new Set(then.map(name))
  return [...now.filter((one) => !names.has(name(one))), ...then]
}

/** What was not said before; the slots proposed may differ without it being news. */
function newNotes(before: Note[], after: Note[]): Note[] {
  const name = ({ code, where, params: { slots: _slots, ...params } }: Note) =>
    JSON.stringify([code, where, params])
  const known = new Set(before.map(name))
  return after.filter((note) => !known.has(name(note)))
}
